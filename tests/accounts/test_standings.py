"""Asking the directory how people stand: at a sign-on, by the job, and what follows from what it says."""

import asyncio
from pathlib import Path

import pytest

from mft.accounts.setup_answers import SetUp
from mft.model.account import AccountState, Method, OrganizationKind
from mft.model.directory import SetupState
from mft.model.errors import Conflict, Unavailable
from mft.model.event import Action
from mft.policy.signon import Admit, Reason, Refuse
from mft.store import accounts
from tests.support.gate import ELSEWHERE, OLGA, SECRET, SOME_KEY, Gate
from tests.support.lobby import Browser
from tests.support.registry import CHANGED, NCID, SYNCED, Registry, build_registry

pytestmark = pytest.mark.fact("2.2")


async def set_up(registry: Registry, **changes) -> Browser:
    browser = await registry.signed_in(**changes)
    assert isinstance(await registry.perform(browser), SetUp)
    registry.directory.looked_at.clear()
    registry.directory.verified.clear()
    return browser


def reason(registry: Registry) -> str:
    return str(registry.gate.lines(Action.SIGNON_REFUSED)[-1].event.detail["reason"])


@pytest.mark.parametrize(("later", "asked"), [(-1, 0), (0, 1), (1, 1)])
async def test_a_sign_on_asks_once_the_last_answer_is_a_quarter_of_an_hour_old(registry: Registry, later, asked):
    await set_up(registry)
    registry.gate.clock.advance(minutes=15, seconds=later)
    assert isinstance((await registry.enter()).verdict, Admit)
    assert len(registry.directory.looked_at) == asked
    assert isinstance((await registry.enter()).verdict, Admit)
    assert len(registry.directory.looked_at) == asked
    assert registry.directory.verified == []


@pytest.mark.parametrize(("later", "admitted"), [(-1, True), (0, False), (1, False)])
async def test_a_password_that_was_changed_is_refused_within_the_configured_age(
    any_registry: Registry, later, admitted
):
    registry = any_registry
    await set_up(registry)
    registry.change()
    registry.gate.clock.advance(minutes=15, seconds=later)
    assert isinstance((await registry.enter()).verdict, Admit) == admitted
    if not admitted:
        assert reason(registry) == Reason.SETUP_STALE
        assert registry.setup().state is SetupState.STALE
        # Neither the old one nor the new one, until it is set up again.
        assert isinstance((await registry.enter(CHANGED)).verdict, Refuse)
        assert reason(registry) == Reason.SETUP_STALE


async def test_a_changed_password_is_told_once(registry: Registry):
    await set_up(registry)
    registry.change()
    for _ in range(3):
        registry.gate.clock.advance(minutes=15)
        await registry.setups.look_at_all()
    assert len(registry.gate.lines(Action.SETUP_LAPSED)) == 1
    (letter,) = registry.lobby.letters("setup-stale")
    assert letter.recipient == "alice@example.org"


@pytest.mark.parametrize("secret", ["wrong", SECRET, ""])
async def test_about_a_wrong_password_nobody_is_asked(registry: Registry, secret: str):
    await set_up(registry)
    registry.gate.clock.advance(hours=1)
    assert isinstance((await registry.enter(secret)).verdict, Refuse)
    assert registry.directory.looked_at == []


async def test_from_elsewhere_a_right_password_is_refused_without_asking(registry: Registry):
    await set_up(registry)
    registry.gate.clock.advance(hours=1)
    assert isinstance((await registry.enter(source=ELSEWHERE)).verdict, Refuse)
    assert registry.directory.looked_at == []


async def test_a_refused_caller_costs_the_same_whoever_lives_in_the_directory(registry: Registry):
    """One hash and one line each, and no question: neither time nor the directory tells who is there."""
    await set_up(registry)
    registry.partner("carl", "")
    registry.partner("dora", "dora-ncid")
    registry.gate.clock.advance(hours=1)
    gate = registry.gate
    for name in ("alice", "carl", "dora", "stranger"):
        hashes, lines = gate.passwords.compared, len(gate.lines())
        outcome = await gate.enter(name, "wrong")
        assert isinstance(outcome.verdict, Refuse)
        assert (gate.passwords.compared - hashes, len(gate.lines()) - lines) == (1, 1)
        assert outcome.reference is not None
        assert len(outcome.reference) == 9
    assert registry.directory.looked_at == []


@pytest.mark.parametrize(("later", "admitted"), [(-1, True), (0, False), (1, False)])
async def test_while_the_directory_is_down_a_known_password_works_for_a_day(any_registry: Registry, later, admitted):
    registry = any_registry
    await set_up(registry)
    registry.directory.down = True
    registry.gate.clock.advance(hours=24, seconds=later)
    assert isinstance((await registry.enter()).verdict, Admit) == admitted
    assert registry.setup().state is SetupState.ACTIVE
    if not admitted:
        assert reason(registry) == Reason.SETUP_UNKNOWN


async def test_once_the_directory_answers_again_the_next_sign_on_is_in(registry: Registry):
    await set_up(registry)
    registry.directory.down = True
    registry.gate.clock.advance(hours=30)
    assert isinstance((await registry.enter()).verdict, Refuse)
    registry.directory.down = False
    registry.gate.clock.advance(seconds=30)
    assert isinstance((await registry.enter()).verdict, Admit)


async def test_one_sign_on_waits_for_a_silent_directory_and_the_next_do_not(registry: Registry):
    await set_up(registry)
    registry.directory.down = True
    registry.gate.clock.advance(hours=1)
    for _ in range(5):
        assert isinstance((await registry.enter()).verdict, Admit)
    assert len(registry.directory.looked_at) == 1
    registry.gate.clock.advance(seconds=30)
    await registry.enter()
    assert len(registry.directory.looked_at) == 2


async def test_whoever_was_disabled_is_refused_by_password_and_by_key(any_registry: Registry):
    registry = any_registry
    await set_up(registry)
    key = registry.gate.credentials.add_key(OLGA, "alice", SOME_KEY)
    opened = (await registry.gate.signon.by_key(registry.gate.knock(), key.fingerprint)).session
    registry.disable()
    registry.gate.clock.advance(minutes=15)
    outcome = await registry.gate.signon.by_key(registry.gate.knock(), key.fingerprint)
    assert outcome.verdict == Refuse(Reason.SETUP_REVOKED)
    assert isinstance((await registry.enter()).verdict, Refuse)
    assert registry.gate.signon.recheck(opened) == Refuse(Reason.SETUP_REVOKED)
    assert registry.synced() == []
    assert len(registry.gate.lines(Action.SETUP_REVOKED)) == 1
    assert len(registry.lobby.letters("setup-revoked")) == 1


async def test_a_key_works_while_the_password_is_stale_and_while_nobody_answers(registry: Registry):
    await set_up(registry)
    key = registry.gate.credentials.add_key(OLGA, "alice", SOME_KEY)
    registry.change()
    registry.gate.clock.advance(hours=1)
    assert isinstance((await registry.gate.signon.by_key(registry.gate.knock(), key.fingerprint)).verdict, Admit)
    assert registry.setup().state is SetupState.STALE
    registry.directory.down = True
    registry.gate.clock.advance(days=3)
    assert isinstance((await registry.gate.signon.by_key(registry.gate.knock(), key.fingerprint)).verdict, Admit)


async def test_a_session_by_the_changed_password_ends_and_one_by_key_stays(registry: Registry):
    await set_up(registry)
    key = registry.gate.credentials.add_key(OLGA, "alice", SOME_KEY)
    by_password = (await registry.enter()).session
    by_key = (await registry.gate.signon.by_key(registry.gate.knock(), key.fingerprint)).session
    assert isinstance(registry.gate.signon.recheck(by_password), Admit)
    registry.change()
    await registry.setups.look_at_all()
    assert registry.gate.signon.recheck(by_password) == Refuse(Reason.SETUP_STALE)
    assert isinstance(registry.gate.signon.recheck(by_key), Admit)


async def test_both_factors_are_asked_about_when_both_are_proven(registry: Registry):
    await set_up(registry)
    key = registry.gate.credentials.add_key(OLGA, "alice", SOME_KEY)
    with registry.gate.store.write() as connection:
        accounts.set_required(connection, registry.gate.current().id, frozenset({Method.PASSWORD, Method.PUBLIC_KEY}))
    registry.gate.clock.advance(hours=1)
    first = await registry.gate.signon.by_key(registry.gate.knock(), key.fingerprint)
    assert registry.directory.looked_at == []
    done = await registry.gate.signon.by_password(first.knock, SYNCED)
    assert isinstance(done.verdict, Admit)
    assert registry.directory.looked_at == [NCID]


async def test_an_own_password_never_opens_sftp_of_who_lives_there_nor_does_a_temporary_one(registry: Registry):
    registry.partner()
    assert isinstance((await registry.enter(SECRET)).verdict, Refuse)
    assert reason(registry) == Reason.SETUP_MISSING
    temporary = registry.gate.credentials.issue_temporary(OLGA, "alice")
    assert isinstance((await registry.enter(temporary.secret)).verdict, Refuse)
    outcome = await registry.gate.signon.replace_password(registry.gate.knock(), temporary.secret, "new words 41 here")
    assert isinstance(outcome.verdict, Refuse)


async def test_the_directorys_password_is_not_changed_over_ssh(registry: Registry):
    await set_up(registry)
    before = registry.synced()
    said = await registry.gate.signon.replace_password(registry.gate.knock(), SYNCED, "slow rivers carve 40 canyons")
    assert "changed where it is kept" in said.reason
    assert registry.synced() == before
    wrong = await registry.gate.signon.replace_password(registry.gate.knock(), "wrong", "slow rivers carve 40 canyons")
    assert isinstance(wrong.verdict, Refuse)


async def test_the_directorys_password_never_opens_the_portal(registry: Registry):
    await set_up(registry)
    other = registry.lobby.browser()
    assert type(await other.password("alice", SYNCED)).__name__ == "Refused"
    assert type(await other.password("alice", SECRET)).__name__ == "NeedsCode"


async def test_a_setup_done_while_the_directory_was_asked_knows_better(registry: Registry):
    """An answer of before the new password was set up does not make the new setup stale."""
    browser = await set_up(registry)
    old = registry.setup()
    registry.gate.clock.advance(minutes=15)

    def set_up_again() -> None:
        registry.change()
        registry.put(mark="later", checked_at=registry.gate.clock.now())

    registry.directory.meanwhile = set_up_again
    assert await registry.setups.look(registry.gate.current().id) is SetupState.ACTIVE
    assert registry.setup().mark == "later" != old.mark
    assert browser.cookie


async def test_an_answer_about_another_external_id_is_worth_nothing(registry: Registry):
    await set_up(registry)
    registry.directory.meanwhile = lambda: registry.be("alice", "bob-ncid")
    assert await registry.setups.look(registry.gate.current().id) is None
    assert registry.setup() is None


async def test_whom_the_directory_knows_waits_to_set_up_and_whom_it_never_knew_is_left_alone(registry: Registry):
    registry.partner()
    registry.partner("carl", "carl-ncid")
    registry.partner("bert", "bob-ncid")
    registry.disable("bob-ncid")
    assert await registry.setups.look_at_all() == 2
    assert registry.setup().state is SetupState.UNATTESTED
    assert registry.setup("carl") is None
    assert registry.setup("bert").state is SetupState.REVOKED
    assert [line.event.subject for line in registry.gate.lines(Action.SETUP_AWAITED)] == ["alice"]


async def test_the_job_asks_about_everybody_in_use_and_nobody_else(registry: Registry):
    await set_up(registry)
    registry.partner("carl", "")
    registry.partner("dora", "dora-ncid")
    registry.partner("emil", "emil-ncid")
    registry.gate.move("emil", AccountState.ACTIVE, AccountState.DISABLED)
    assert await registry.setups.look_at_all() == 0
    assert sorted(registry.directory.looked_at) == [NCID, "dora-ncid"]
    assert registry.setup().checked_at == registry.gate.clock.now()


async def test_a_delegates_external_id_is_for_the_provider_and_its_own_password_opens_sftp(registry: Registry):
    """Who does not see the page could never set up."""
    registry.partner(kind=OrganizationKind.DELEGATE)
    assert isinstance((await registry.enter(SECRET)).verdict, Admit)
    assert await registry.setups.look_at_all() == 0
    assert await registry.setups.look(registry.gate.current().id) is None
    assert registry.directory.looked_at == []
    assert registry.setups.listing() == []
    with pytest.raises(Conflict, match="not of a provider or trading partner"):
        registry.setups.revoke(OLGA, "alice", "why")


async def test_the_job_gives_up_on_a_directory_that_is_down_and_says_so(registry: Registry):
    for n in range(40):
        registry.partner(f"person{n}", f"person{n}-ncid", password=None, allow=None)
    registry.directory.down = True
    with pytest.raises(Unavailable, match="had no answer"):
        await registry.setups.look_at_all()
    assert 8 <= len(registry.directory.looked_at) <= 12


async def test_people_about_whom_there_is_never_an_answer_do_not_hide_the_others(registry: Registry):
    people = [registry.partner(f"person{n}", f"person{n}-ncid", password=None, allow=None) for n in range(40)]
    in_order = sorted(people, key=lambda account: account.id)
    registry.directory.mute = {f"{account.name}-ncid" for account in in_order[-9:]}
    with pytest.raises(Unavailable, match="9 of 40 people had no answer"):
        await registry.setups.look_at_all()


async def test_the_job_in_a_loop_of_its_own_writes_what_it_hears(registry: Registry):
    """As it is run: in a thread, beside the server's loop."""
    await set_up(registry)
    registry.change()
    assert await asyncio.to_thread(lambda: asyncio.run(registry.setups.look_at_all())) == 1
    assert registry.setup().state is SetupState.STALE


async def test_a_round_that_is_asked_to_stop_asks_no_more(registry: Registry):
    registry.partner()
    registry.setups.stop()
    assert await registry.setups.look_at_all() == 0
    assert registry.directory.looked_at == []


async def test_many_sign_ons_at_once_end_alike(any_registry: Registry):
    registry = any_registry
    await set_up(registry)
    registry.change()
    registry.gate.clock.advance(minutes=15)
    outcomes = await asyncio.gather(*(registry.enter() for _ in range(8)))
    assert all(outcome.verdict == Refuse(Reason.SETUP_STALE) for outcome in outcomes)
    assert len(registry.gate.lines(Action.SETUP_LAPSED)) == 1


async def test_without_the_directory_in_the_settings_it_ends_after_a_day_and_nothing_else_opens(
    gate: Gate, tmp_path: Path, registry: Registry
):
    await set_up(registry)
    bare = build_registry(gate, tmp_path, None)
    assert isinstance((await bare.enter()).verdict, Admit)
    gate.clock.advance(hours=24)
    assert isinstance((await bare.enter()).verdict, Refuse)
    assert isinstance((await bare.enter(SECRET)).verdict, Refuse)
