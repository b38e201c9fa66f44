"""Signing in to the portal: two factors, the same steps and words for everybody, and no session before both."""

from datetime import timedelta
from ipaddress import IPv4Address

import pytest

from mft.accounts.explain import explain
from mft.accounts.knock import Unfit
from mft.accounts.portal_answers import (
    MustReplace,
    NeedsCode,
    NeedsEnrolment,
    Over,
    Refused,
    SignedIn,
    TooMany,
    WrongCode,
)
from mft.accounts.purging import Purging
from mft.model.account import SSH_METHODS, AccountState, CredentialKind
from mft.model.event import Action
from mft.model.portal import Stage
from mft.model.session import Door
from mft.policy.signon import Admit, Refuse
from mft.store import accounts, credentials
from tests.support.gate import BETTER, ELSEWHERE, HOME, OLGA, SECRET, Gate
from tests.support.lobby import Browser, Lobby
from tests.support.statements import counted


@pytest.mark.fact("3.3")
async def test_a_password_and_a_code_open_a_session(lobby: Lobby):
    first = await lobby.newcomer()
    browser = first.another()
    assert isinstance(await browser.password(), NeedsCode)
    assert (await browser.here()).stage is Stage.PROVING
    done = await browser.code()
    assert isinstance(done, SignedIn)
    visit = await browser.here()
    assert (visit.stage, visit.session, visit.factors) == (Stage.SIGNED_IN, done.session, ("password", "totp"))
    line = lobby.gate.lines(Action.SIGNON_ADMITTED)[-1].event
    assert (line.actor.door, line.detail["with"], line.detail["client"]) == (Door.PORTAL, "password, totp", "Firefox")
    session = next(one for one in lobby.gate.sessions.listing("alice") if one.id == done.session)
    assert (session.door, session.source, session.credentials) == (Door.PORTAL, HOME, visit.proven)


@pytest.mark.fact("3.3")
async def test_nobody_is_in_with_the_password_alone(lobby: Lobby):
    browser = (await lobby.newcomer()).another()
    before = len(lobby.gate.sessions.listing("alice"))
    await browser.password()
    assert len(lobby.gate.sessions.listing("alice")) == before
    assert (await browser.here()).session is None
    assert isinstance(await browser.code("000000" if browser.now_shown() != "000000" else "111111"), Refused)
    assert len(lobby.gate.sessions.listing("alice")) == before


async def test_a_sign_in_counts_as_use(lobby: Lobby):
    browser = await lobby.newcomer()
    lobby.gate.clock.advance(days=3)
    await browser.another().sign_in()
    used = lobby.gate.current()
    assert (used.last_signon_at, used.last_signon_door) == (lobby.gate.clock.now(), Door.PORTAL)
    assert used.last_signon_source == HOME


async def test_who_has_no_authenticator_sets_one_up_before_they_are_in(lobby: Lobby):
    lobby.gate.account()
    browser = lobby.browser()
    assert isinstance(await browser.password(), NeedsEnrolment)
    assert lobby.gate.sessions.listing("alice") == []
    done = await browser.enrol()
    assert len(set(done.codes)) == 10
    assert (await browser.here()).stage is Stage.SIGNED_IN
    assert [one.actor.door for one in (lobby.gate.lines(Action.FACTOR_ADDED)[-1].event,)] == [Door.PORTAL]
    assert [letter.recipient for letter in lobby.letters("factor-changed")] == ["alice@example.org"]


async def test_the_code_that_enrolled_does_not_sign_in_as_well(lobby: Lobby):
    lobby.gate.account()
    browser = lobby.browser()
    await browser.password()
    await browser.enrol()
    other = browser.another()
    await other.password()
    assert isinstance(await other.code(), Refused)


async def test_a_slip_at_the_enrolment_is_told_and_the_fifth_ends_the_visit(lobby: Lobby):
    lobby.gate.account()
    browser = lobby.browser()
    await browser.password()
    await lobby.signon.enrol(await browser.here(), HOME)
    answers = [await lobby.signon.confirm(await browser.here(), "abc", HOME) for _ in range(4)]
    assert answers == [WrongCode()] * 4
    assert isinstance(await lobby.signon.confirm(await browser.here(), "abc", HOME), TooMany)
    assert await browser.visit() is None
    assert lobby.factors.standing(lobby.gate.current().id).confirmed_at is None


async def test_whoever_has_an_authenticator_cannot_set_up_another_by_the_password_alone(lobby: Lobby):
    browser = (await lobby.newcomer()).another()
    await browser.password()
    assert await lobby.signon.enrol(await browser.here(), HOME) == Over()
    assert await lobby.signon.confirm(await browser.here(), browser.now_shown(), HOME) == Over()
    assert (await browser.here()).stage is Stage.PROVING


async def test_of_two_who_enrol_at_once_the_second_must_prove_the_firsts(lobby: Lobby):
    lobby.gate.account()
    slow, quick = lobby.browser(), lobby.browser()
    await slow.password()
    await lobby.signon.enrol(await slow.here(), HOME)
    await quick.password()
    await quick.enrol()
    assert await lobby.signon.confirm(await slow.here(), quick.now_shown(seconds=30), HOME) == Over()
    assert await lobby.signon.enrol(await slow.here(), HOME) == Over()


@pytest.mark.parametrize("changes", [{}, {"required": SSH_METHODS}])
async def test_an_authenticator_stands_in_for_a_required_key(lobby: Lobby, changes):
    browser = await lobby.newcomer(**changes)
    await browser.another().sign_in()


async def test_a_second_factor_opens_nothing_over_sftp(lobby: Lobby):
    await lobby.newcomer()
    with lobby.gate.store.read() as connection:
        held = credentials.of_account(connection, lobby.gate.current().id)
    totp = next(one for one in held if one.kind is CredentialKind.TOTP)
    assert len(held) == 2
    assert isinstance((await lobby.gate.signon.by_key(lobby.gate.knock(), totp.fingerprint)).verdict, Refuse)
    assert isinstance((await lobby.gate.enter(secret=totp.verifier)).verdict, Refuse)
    assert isinstance((await lobby.gate.enter()).verdict, Admit)


async def a_temporary(lobby: Lobby) -> tuple[Browser, str]:
    lobby.gate.account(password=None)
    return lobby.browser(), lobby.gate.credentials.issue_temporary(OLGA, "alice").secret


async def test_a_temporary_password_is_replaced_before_anything_else(lobby: Lobby):
    browser, secret = await a_temporary(lobby)
    assert isinstance(await browser.password(secret=secret), MustReplace)
    assert isinstance(await browser.replace("short"), Unfit)
    assert isinstance(await browser.replace(secret), Unfit)
    assert isinstance(await browser.replace(BETTER), NeedsEnrolment)
    assert lobby.gate.sessions.listing("alice") == []
    await browser.enrol()
    assert isinstance(await lobby.browser().password(secret=secret), Refused)
    assert isinstance(await lobby.browser().password(secret=BETTER), NeedsCode)


@pytest.mark.fact("1.4")
async def test_a_changed_password_is_told_by_mail(lobby: Lobby):
    browser, secret = await a_temporary(lobby)
    await browser.password(secret=secret)
    await browser.replace(BETTER)
    assert [letter.recipient for letter in lobby.letters("password-changed")] == ["alice@example.org"]


async def test_a_temporary_password_that_ends_meanwhile_is_not_replaced(lobby: Lobby):
    _, secret = await a_temporary(lobby)
    lobby.gate.clock.advance(hours=47, minutes=59)
    browser = lobby.browser()
    await browser.password(secret=secret)
    lobby.gate.clock.advance(minutes=1)
    assert isinstance(await browser.replace(BETTER), Refused)


async def test_a_reset_by_the_service_desk_does_not_get_around_the_authenticator(lobby: Lobby):
    browser = (await lobby.newcomer()).another()
    secret = lobby.gate.credentials.issue_temporary(OLGA, "alice").secret
    await browser.password(secret=secret)
    assert isinstance(await browser.replace(BETTER), NeedsCode)
    assert isinstance(await browser.code(), SignedIn)


async def test_a_portal_for_any_address_is_still_an_sftp_for_listed_ones(lobby: Lobby):
    browser = (await lobby.newcomer()).another(ELSEWHERE)
    assert isinstance(await browser.password(), Refused)
    lobby.any_address()
    assert isinstance(await browser.password(), NeedsCode)
    assert isinstance(await browser.code(), SignedIn)
    assert lobby.gate.lines(Action.SIGNON_ADMITTED)[-1].event.detail["listed_as"] == ""
    assert isinstance((await lobby.gate.enter(source=ELSEWHERE)).verdict, Refuse)
    lobby.any_address(allowed=False)
    assert await browser.visit() is None


async def test_strangers_cannot_lock_a_name_through_a_portal_for_any_address(lobby: Lobby):
    await lobby.newcomer()
    lobby.any_address()
    for _ in range(5):
        await lobby.browser(ELSEWHERE).password(secret="guess")
    assert lobby.gate.current().failures == 0
    await lobby.browser(HOME).password(secret="guess")
    assert lobby.gate.current().failures == 1


# The seven classes of failure, and what makes each of an account whose password would be right.
def expire(gate: Gate) -> str:
    secret = gate.credentials.issue_temporary(OLGA, "alice").secret
    gate.clock.advance(hours=48)
    return secret


def lock(gate: Gate) -> str:
    with gate.store.write() as connection:
        for _ in range(100):
            accounts.count_failure(connection, gate.current().id)
    return SECRET


def purge(gate: Gate) -> str:
    Purging(gate.store, gate.trail, gate.clock).purge(OLGA, "alice", "left")
    return SECRET


def disable(gate: Gate) -> str:
    gate.move("alice", AccountState.ACTIVE, AccountState.DISABLED)
    return SECRET


CLASSES = {
    "unknown": ("nobody", HOME, lambda _: SECRET, "unknown_account"),
    "wrong": ("alice", HOME, lambda _: "wrong", "secret_mismatch"),
    "expired temporary": ("alice", HOME, expire, "temporary_expired"),
    "unlisted address": ("alice", ELSEWHERE, lambda _: SECRET, "source_not_listed"),
    "purged": ("alice", HOME, purge, "account_purged"),
    "locked": ("alice", HOME, lock, "account_locked"),
    "disabled": ("alice", HOME, disable, "account_disabled"),
}


async def steps(gate: Gate, browser: Browser, name: str, secret: str) -> tuple[object, list[str], int]:
    """Return the answer of one refusal, the statements it took, and the hashes."""
    visit, hashes = await browser.here(), gate.passwords.compared
    with counted(gate.store) as seen:
        answer = await browser.lobby.signon.password(visit, name, secret, browser.source)
    statements = [statement.partition(" WHERE")[0] for statement in seen]
    return answer, statements, gate.passwords.compared - hashes


async def taken(lobby: Lobby, kind: str) -> tuple[object, list[str], int, str]:
    name, source, make, reason = CLASSES[kind]
    lobby.gate.account()
    secret = make(lobby.gate)
    answer, statements, hashes = await steps(lobby.gate, lobby.browser(source), name, secret)
    return answer, statements, hashes, reason


@pytest.mark.parametrize("kind", CLASSES)
async def test_every_failure_takes_the_same_steps_and_says_the_same(lobby: Lobby, kind):
    gate = lobby.gate
    gate.account("bob")
    _, usual, _ = await steps(gate, lobby.browser(IPv4Address("8.8.4.4")), "bob", "wrong")
    answer, statements, hashes, reason = await taken(lobby, kind)
    assert isinstance(answer, Refused)
    assert len(answer.reference) == 9
    assert statements == usual
    assert hashes == 1
    assert explain(gate.store, answer.reference).reason == reason
    assert gate.lines(Action.SIGNON_REFUSED)[-1].event.actor.door is Door.PORTAL


async def test_five_wrong_codes_end_the_visit_and_slow_the_pair(lobby: Lobby):
    browser = (await lobby.newcomer()).another()
    await browser.password()
    answers = [await browser.code("not one") for _ in range(4)]
    assert all(isinstance(answer, Refused) for answer in answers)
    assert isinstance(await browser.code("not one"), TooMany)
    assert await browser.visit() is None
    assert lobby.gate.pauses == [0.5, 1.0]
    assert lobby.gate.current().failures == 5
    assert len(lobby.gate.lines(Action.SIGNON_REFUSED)) == 5


async def test_typing_the_password_again_gives_no_further_codes(lobby: Lobby):
    browser = (await lobby.newcomer()).another()
    await browser.password()
    for _ in range(4):
        await browser.code("not one")
    assert isinstance(await browser.password(), NeedsCode)
    assert isinstance(await browser.code("not one"), TooMany)


async def test_a_code_without_a_password_is_worth_nothing(lobby: Lobby):
    browser = (await lobby.newcomer()).another()
    assert await browser.code() == Over()
    assert await browser.replace(BETTER) == Over()


async def test_a_right_code_of_somebody_disabled_meanwhile_is_refused(lobby: Lobby):
    browser = (await lobby.newcomer()).another()
    await browser.password()
    disable(lobby.gate)
    assert isinstance(await browser.code(), Refused)
    assert lobby.gate.sessions.listing("alice") != []  # Of the newcomer, whose next request ends it.


async def test_codes_of_one_account_do_not_open_another(lobby: Lobby):
    alice = await lobby.newcomer()
    bob = await lobby.newcomer("bob")
    browser = bob.another()
    await browser.password("bob")
    assert isinstance(await browser.code(alice.now_shown()), Refused)
    assert isinstance(await browser.code(alice.codes[0]), Refused)


async def test_who_takes_longer_than_twenty_minutes_to_sign_in_begins_anew(lobby: Lobby):
    browser = (await lobby.newcomer()).another()
    lobby.gate.clock.advance(minutes=19, seconds=59)
    assert isinstance(await browser.password(), NeedsCode)
    visit = await browser.here()
    lobby.gate.clock.advance(seconds=1)
    assert await lobby.signon.code(visit, browser.now_shown(), HOME) == Over()
    assert await browser.visit() is None


async def test_failures_of_a_pair_are_forgotten_once_somebody_is_in(lobby: Lobby):
    browser = (await lobby.newcomer()).another()
    for _ in range(6):
        await browser.password(secret="wrong")
    assert lobby.gate.pauses
    await browser.sign_in()
    lobby.gate.pauses.clear()
    lobby.gate.clock.advance(seconds=30)
    await browser.another().sign_in()
    assert lobby.gate.pauses == []
    assert lobby.gate.clock.elapsed() < timedelta(minutes=15)
