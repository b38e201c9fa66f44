"""A try at the setup: who may, what is asked of whom, what is kept, and that nothing is where it fails."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from mft.accounts.portal_answers import Over
from mft.accounts.setup_answers import (
    Closed,
    NoDirectory,
    NotAgreed,
    NotYou,
    SetUp,
    TooOften,
    TryLater,
    Unusable,
    WrongPassword,
)
from mft.model.account import AccountState, OrganizationKind
from mft.model.directory import SetupState
from mft.model.errors import Conflict
from mft.model.event import Action
from mft.policy.signon import Admit, Refuse
from tests.support.gate import ELSEWHERE, HOME, OLGA, SECRET, Gate
from tests.support.registry import CHANGED, NCID, SYNCED, TEXT, Registry, build_registry

WORDS = (
    "I agree that I am responsible for maintaining the security of the username and password "
    "and will not share it with anyone."
)


def nothing_changed(registry: Registry) -> bool:
    """Return whether neither a setup, nor a verifier, nor an attestation, nor a letter came of it."""
    kept = registry.setup(), registry.synced(), registry.setups.attestations(), registry.lobby.letters("setup-done")
    return not any(kept)


@pytest.mark.fact("2.3")
async def test_who_proves_it_and_agrees_signs_on_over_sftp_at_once(any_registry: Registry):
    registry = any_registry
    browser = await registry.signed_in()
    assert isinstance((await registry.enter()).verdict, Refuse)
    assert await registry.perform(browser) == SetUp(registry.gate.clock.now())
    assert isinstance((await registry.enter()).verdict, Admit)
    setup = registry.setup()
    assert setup is not None
    assert (setup.state, setup.checked_at, setup.text_version) == (
        SetupState.ACTIVE,
        registry.gate.clock.now(),
        TEXT,
    )
    assert setup.mark == (await registry.directory.real.standing(NCID)).mark


@pytest.mark.fact("2.9")
async def test_what_was_agreed_to_is_kept_with_who_when_where_and_how(any_registry: Registry):
    registry = any_registry
    browser = await registry.signed_in()
    await registry.perform(browser)
    (said,) = registry.setups.attestations("alice")
    digest = sha256((registry.texts / f"{TEXT}.txt").read_bytes()).digest()
    visit = await browser.here()
    assert (said.account, said.organization, said.directory_user) == ("alice", "partner", NCID)
    assert (said.text_version, said.text_sha256, said.at) == (TEXT, digest, registry.gate.clock.now())
    assert (said.source, said.session, said.factors) == (str(HOME), visit.session, ("password", "totp"))
    signed, done = registry.gate.lines(Action.ATTESTATION_SIGNED)[-1].event, registry.gate.lines(Action.SETUP_DONE)[-1]
    assert signed.detail["sha256"] == digest.hex()
    assert (signed.actor.session, signed.actor.source, done.event.subject) == (visit.session, HOME, "alice")
    assert [letter.recipient for letter in registry.lobby.letters("setup-done")] == ["alice@example.org"]


@pytest.mark.fact("2.9")
def test_the_text_that_comes_with_the_program_is_the_documents(registry: Registry):
    account = registry.partner()
    view = registry.setups.view(account.id)
    assert (view.text.version, view.text.words) == (TEXT, WORDS)


def bytes_of(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("mft.db*"))


async def test_the_password_is_in_no_file_and_no_row(registry: Registry, tmp_path: Path):
    browser = await registry.signed_in()
    await registry.perform(browser)
    await registry.perform(browser, password="wrong but mine")
    assert SYNCED.encode() not in bytes_of(tmp_path)
    assert b"wrong but mine" not in bytes_of(tmp_path)
    assert registry.synced()[0].startswith("$argon2id$")


async def test_the_directory_gets_what_was_typed_and_sftp_what_ssh_makes_of_it(registry: Registry):
    """A soft hyphen is part of the password there, and never arrives over SSH (RFC 4013)."""
    typed = "sommer\u00adregen ª 7"
    registry.add("soft", typed)
    browser = await registry.signed_in(external_id="soft")
    assert isinstance(await registry.perform(browser, "soft", "sommerregen a 7"), WrongPassword)
    assert isinstance(await registry.perform(browser, "soft", typed), SetUp)
    for arriving in ("sommerregen a 7", typed):
        assert isinstance((await registry.enter(arriving)).verdict, Admit)


async def test_a_password_that_no_ssh_client_can_send_changes_nothing(registry: Registry):
    typed = "bell \x07 rings"
    registry.add("bell", typed)
    browser = await registry.signed_in(external_id="bell")
    assert await registry.perform(browser, "bell", typed) == Unusable()
    assert nothing_changed(registry)


@pytest.mark.fact("2.9")
@pytest.mark.parametrize("changes", [{"agreed": False}, {"text_version": "sftp-setup-0"}, {"text_version": ""}])
async def test_without_the_agreement_to_the_current_text_nothing_is_asked(registry: Registry, changes: dict):
    browser = await registry.signed_in()
    for _ in range(10):  # Nor does it count as a try.
        assert await registry.perform(browser, **changes) == NotAgreed()
    assert (registry.directory.verified, registry.gate.lines(Action.SETUP_REFUSED)) == ([], [])
    assert nothing_changed(registry)
    assert isinstance(await registry.perform(browser), SetUp)


@pytest.mark.fact("2.3")
@pytest.mark.parametrize("user", ["bob-ncid", "nobody", "", "alice", "alice-ncid*", "*"])
async def test_another_user_id_is_never_asked_about_and_all_look_the_same(registry: Registry, user: str):
    browser = await registry.signed_in()
    assert await registry.perform(browser, user, "another of bob") == NotYou()
    assert registry.directory.verified == []
    assert nothing_changed(registry)
    (line,) = registry.gate.lines(Action.SETUP_REFUSED)
    assert line.event.detail["reason"] == "another user id"
    assert user in ("", "alice") or user not in str(line.event)


async def test_an_account_without_an_external_id_is_nobody_there(registry: Registry):
    browser = await registry.signed_in(external_id="")
    for user in ("", "alice", NCID):
        assert await registry.perform(browser, user) == NotYou()
    assert registry.directory.verified == []


@pytest.mark.fact("2.3")
@pytest.mark.parametrize(
    ("kind", "allowed"),
    [
        (OrganizationKind.PARTNER, True),
        (OrganizationKind.PROVIDER, True),
        (OrganizationKind.DELEGATE, False),
        (OrganizationKind.PAYER, False),
    ],
)
async def test_only_people_of_providers_and_trading_partners_set_up(registry: Registry, kind, allowed):
    browser = await registry.signed_in(kind=kind)
    answer = await registry.perform(browser)
    assert isinstance(answer, SetUp if allowed else NotYou)
    assert bool(registry.directory.verified) is allowed


async def test_the_user_id_may_be_typed_in_any_case_and_the_kept_one_is_asked_about(registry: Registry):
    browser = await registry.signed_in()
    assert isinstance(await registry.perform(browser, " ALICE-ncid "), SetUp)
    assert registry.directory.verified == [NCID]


@pytest.mark.fact("2.8")
@pytest.mark.parametrize("typed", [SYNCED.upper(), SECRET, "", "x" * 5000])
async def test_a_wrong_password_changes_nothing(registry: Registry, typed: str):
    browser = await registry.signed_in()
    assert await registry.perform(browser, password=typed) == WrongPassword()
    assert nothing_changed(registry)
    assert registry.gate.lines(Action.SETUP_REFUSED)[-1].event.detail["source"] == str(HOME)
    if len(typed) > 1024:
        assert registry.directory.verified == []


async def test_while_the_directory_is_down_nothing_changes_and_no_try_is_lost(registry: Registry):
    browser = await registry.signed_in()
    registry.directory.down = True
    for _ in range(10):
        assert await registry.perform(browser) == TryLater()
    assert nothing_changed(registry)
    registry.directory.down = False
    assert isinstance(await registry.perform(browser), SetUp)


@pytest.mark.fact("2.2")
async def test_after_a_reset_it_is_set_up_again_and_the_old_password_is_gone(any_registry: Registry):
    registry = any_registry
    browser = await registry.signed_in()
    await registry.perform(browser)
    opened = (await registry.enter()).session
    registry.change()
    registry.gate.clock.advance(minutes=15)
    assert isinstance((await registry.enter()).verdict, Refuse)
    assert registry.setup().state is SetupState.STALE
    assert isinstance(await registry.perform(browser, password=CHANGED), SetUp)
    assert isinstance((await registry.enter(CHANGED)).verdict, Admit)
    assert isinstance((await registry.enter(SYNCED)).verdict, Refuse)
    assert len(registry.synced()) == 1
    assert len(registry.setups.attestations("alice")) == 2
    assert isinstance(registry.gate.signon.recheck(opened), Refuse)


async def test_where_there_is_no_directory_there_is_nothing_to_set_up(gate: Gate, tmp_path: Path):
    registry = build_registry(gate, tmp_path, None)
    browser = await registry.signed_in()
    assert await registry.perform(browser) == NoDirectory()
    assert not registry.setups.view(gate.current().id).has_directory
    assert isinstance((await registry.enter(SECRET)).verdict, Admit)


async def test_what_an_operator_revoked_is_not_set_up_again_by_its_owner(registry: Registry):
    browser = await registry.signed_in()
    await registry.perform(browser)
    registry.setups.revoke(OLGA, "alice", "left the partner")
    asked = len(registry.directory.verified)
    assert await registry.perform(browser) == Closed()
    assert len(registry.directory.verified) == asked
    assert isinstance((await registry.enter()).verdict, Refuse)


MEANWHILE = {
    "signed out": lambda registry, browser: registry.lobby.visits.end(browser.cookie),
    "disabled": lambda registry, _: registry.gate.move("alice", AccountState.ACTIVE, AccountState.DISABLED),
    "another external id": lambda registry, _: registry.be("alice", "bob-ncid"),
    "address removed": lambda registry, _: registry.gate.allowlists.remove(
        OLGA, "alice", registry.gate.allowlists.listing("alice")[0].id
    ),
}


@pytest.mark.parametrize("what", MEANWHILE)
async def test_what_was_taken_while_the_directory_was_asked_stays_taken(registry: Registry, what: str):
    browser = await registry.signed_in()
    registry.directory.meanwhile = lambda: MEANWHILE[what](registry, browser)
    assert await registry.perform(browser) == Over()
    assert nothing_changed(registry)


async def test_a_revocation_while_the_directory_was_asked_wins(registry: Registry):
    browser = await registry.signed_in()
    registry.directory.meanwhile = lambda: registry.setups.revoke(OLGA, "alice", "stolen laptop")
    assert await registry.perform(browser) == Closed()
    assert registry.synced() == []


async def test_from_an_address_that_is_not_listed_nothing_is_asked(registry: Registry):
    browser = await registry.signed_in()
    assert await registry.perform(browser, source=ELSEWHERE) == Over()
    assert registry.directory.verified == []


@pytest.mark.fact("3.3")
async def test_a_visit_without_its_second_factor_sets_nothing_up(registry: Registry):
    await registry.signed_in()
    other = registry.lobby.browser()
    await other.password("alice")
    assert await registry.perform(other) == Over()
    assert registry.directory.verified == []


async def test_the_fifth_wrong_password_ends_the_visit(registry: Registry):
    browser = await registry.signed_in()
    answers = [await registry.perform(browser, password="wrong") for _ in range(4)]
    assert answers == [WrongPassword()] * 4
    assert await registry.perform(browser, password="wrong") == TooOften()
    assert await browser.visit() is None


@pytest.mark.parametrize(("later", "asked"), [(-1, False), (0, False), (1, True)])
async def test_after_five_tries_a_person_waits_a_quarter_of_an_hour_at_any_browser(registry: Registry, later, asked):
    browser = await registry.signed_in()
    for _ in range(5):
        await registry.perform(browser, password="wrong")
    registry.gate.clock.advance(minutes=1)
    other = browser.another()
    await other.sign_in("alice")
    assert await registry.perform(other) == TooOften()
    assert len(registry.directory.verified) == 5
    registry.gate.clock.advance(minutes=14, seconds=later)
    assert isinstance(await registry.perform(other), SetUp if asked else TooOften)


async def test_many_at_once_are_no_more_guesses_than_one_after_the_other(any_registry: Registry):
    registry = any_registry
    browser = await registry.signed_in()
    answers = await asyncio.gather(*(registry.perform(browser, password=f"guess {n}") for n in range(30)))
    assert len(registry.directory.verified) == 5
    assert all(isinstance(answer, WrongPassword | TooOften | Over) for answer in answers)
    assert nothing_changed(registry)


async def test_one_address_has_so_many_tries_whoever_sits_there(registry: Registry):
    people = [f"person{n}" for n in range(5)]
    browsers = [await registry.signed_in(name, f"{name}-ncid") for name in people]
    for browser, name in zip(browsers[:4], people, strict=False):
        for _ in range(5):
            await registry.perform(browser, f"{name}-ncid", "wrong")
    before = len(registry.directory.verified)
    assert before == 20
    assert await registry.perform(browsers[4], "person4-ncid", "wrong") == TooOften()
    assert len(registry.directory.verified) == before


async def test_a_setup_that_worked_forgets_the_tries_before(registry: Registry):
    browser = await registry.signed_in()
    for _ in range(2):
        for _ in range(2):
            assert await registry.perform(browser, password="wrong") == WrongPassword()
        assert isinstance(await registry.perform(browser), SetUp)


async def test_a_text_that_changed_under_its_name_is_not_agreed_to(gate: Gate, tmp_path: Path, registry: Registry):
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / f"{TEXT}.txt").write_text(f"{WORDS}\n")
    registry = build_registry(gate, tmp_path, registry.directory.real, texts=texts)
    browser = await registry.signed_in()
    await registry.perform(browser)
    (texts / f"{TEXT}.txt").write_text("I agree to anything.")
    with pytest.raises(Conflict, match="give the new text a new name"):
        await registry.perform(browser)
    assert len(registry.setups.attestations()) == 1


@pytest.mark.fact("2.9")
async def test_a_new_text_is_agreed_to_by_its_date_and_that_ends_the_asking(gate: Gate, tmp_path: Path, registry):
    browser = await registry.signed_in()
    await registry.perform(browser)
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "sftp-setup-2.txt").write_text("I agree to more.\n")
    due = gate.clock.now() + timedelta(minutes=10)
    terms = replace(gate.terms.setup, text="sftp-setup-2", renew_by=due)
    later = build_registry(gate, tmp_path, registry.directory.real, terms, texts)
    browser.lobby = later.lobby
    assert later.setups.view(gate.current().id).must_renew_by == due
    for _ in range(3):
        assert await later.setups.look_at_all() == 0
    (letter,) = later.lobby.letters("setup-renew")
    assert letter.fields["by"] == "2026-11-22 09:10 UTC"
    gate.clock.advance(minutes=10, seconds=-1)
    assert isinstance((await later.enter()).verdict, Admit)
    gate.clock.advance(seconds=1)
    assert isinstance((await later.enter()).verdict, Refuse)
    assert later.setups.view(gate.current().id).state is SetupState.UNATTESTED
    assert await later.perform(browser) == NotAgreed()
    assert isinstance(await later.perform(browser, text_version="sftp-setup-2"), SetUp)
    assert isinstance((await later.enter()).verdict, Admit)
    view = later.setups.view(gate.current().id)
    assert (view.state, view.must_renew_by, view.attested_at) == (SetupState.ACTIVE, None, gate.clock.now())
