"""Second factors: each code opens something once, however many try; and whoever loses one loses what rests on it."""

import asyncio

import pytest

from mft.accounts.factors import CODES, Factors, NewFactor
from mft.accounts.portal_answers import Enrolled, NeedsEnrolment, Over, Refused, SignedIn, TooMany, WrongCode
from mft.accounts.purging import Purging
from mft.crypto.master import MasterKey
from mft.crypto.totp import opened_secret, recovery_digest
from mft.model.account import CredentialKind
from mft.model.errors import NotFound, Unavailable
from mft.model.event import Action
from mft.policy.signon import Admit
from mft.store import credentials, factors
from mft.store.tables import recovery_code, totp
from tests.support.gate import HOME, OLGA, SECRET
from tests.support.lobby import Browser, Lobby


def rows(lobby: Lobby) -> tuple[int, int]:
    """Return how many second factors and recovery codes there are."""
    with lobby.gate.store.read() as connection:
        return len(connection.execute(totp.select()).all()), len(connection.execute(recovery_code.select()).all())


async def crowd(browser: Browser, size: int) -> list[Browser]:
    """Return so many browsers of one person, each at the second factor."""
    browsers = [browser.another() for _ in range(size)]
    for one in browsers:
        await one.password()
    return browsers


async def test_of_a_hundred_parallel_uses_of_one_code_one_succeeds(any_lobby: Lobby):
    browsers = await crowd(await any_lobby.newcomer(), 100)
    before = len(any_lobby.gate.sessions.listing("alice"))
    code = browsers[0].now_shown()
    answers = await asyncio.gather(*(one.code(code) for one in browsers))
    assert [type(answer) for answer in answers].count(SignedIn) == 1
    assert [type(answer) for answer in answers].count(Refused) == 99
    assert len(any_lobby.gate.sessions.listing("alice")) == before + 1


async def test_of_thirty_parallel_uses_of_one_recovery_code_one_succeeds(any_lobby: Lobby):
    browser = await any_lobby.newcomer()
    browsers = await crowd(browser, 30)
    answers = await asyncio.gather(*(one.code(browser.codes[3]) for one in browsers))
    assert [type(answer) for answer in answers].count(SignedIn) == 1
    assert any_lobby.factors.standing(any_lobby.gate.current().id).codes_left == CODES - 1
    assert len(any_lobby.gate.lines(Action.RECOVERY_USED)) == 1


def test_a_step_is_used_up_by_the_statement_itself(any_lobby: Lobby):
    # Whatever was read before, in however many processes.
    gate = any_lobby.gate
    account = gate.account()
    with gate.store.write() as connection:
        any_lobby.factors.enrol(connection, account)
        one = factors.of_account(connection, account.id)[0].credential
        assert [factors.use(connection, one, step) for step in (7, 7, 6, 8)] == [True, False, False, True]


@pytest.mark.parametrize("late", [-30, 0, 30])
async def test_a_code_of_one_step_either_way_is_taken_once(lobby: Lobby, late):
    browser = await lobby.newcomer()
    lobby.gate.clock.advance(minutes=2)
    code = browser.now_shown(seconds=late)
    one, two = await crowd(browser, 2)
    assert isinstance(await one.code(code), SignedIn)
    assert isinstance(await two.code(code), Refused)


async def test_an_earlier_code_than_the_last_used_is_not_taken(lobby: Lobby):
    browser = await lobby.newcomer()
    lobby.gate.clock.advance(minutes=2)
    one, two = await crowd(browser, 2)
    assert isinstance(await one.code(one.now_shown(seconds=30)), SignedIn)
    assert isinstance(await two.code(), Refused)


async def test_codes_may_be_typed_with_spaces(lobby: Lobby):
    browser = (await lobby.newcomer()).another()
    await browser.password()
    shown = browser.now_shown()
    assert isinstance(await browser.code(f" {shown[:3]} {shown[3:]} "), SignedIn)


async def test_a_recovery_code_stands_in_for_the_authenticator_and_is_told(lobby: Lobby):
    browser = (await lobby.newcomer()).another()
    await browser.password()
    assert isinstance(await browser.code(browser.codes[0].upper().replace("-", " ")), SignedIn)
    assert (await browser.here()).factors == ("password", "recovery-code")
    assert lobby.gate.lines(Action.SIGNON_ADMITTED)[-1].event.detail["with"] == "password, recovery-code"
    assert lobby.gate.lines(Action.RECOVERY_USED)[-1].event.detail == {"left": 9}
    letter = lobby.letters("recovery-used")[-1]
    assert (letter.recipient, letter.fields["left"], letter.fields["source"]) == ("alice@example.org", 9, "8.8.8.8")


async def test_a_recovery_code_works_once(lobby: Lobby):
    browser = await lobby.newcomer()
    one, two = await crowd(browser, 2)
    assert isinstance(await one.code(browser.codes[0]), SignedIn)
    assert isinstance(await two.code(browser.codes[0]), Refused)
    assert isinstance(await two.code(browser.codes[1]), SignedIn)


async def test_of_a_recovery_code_only_the_digest_is_kept(lobby: Lobby):
    browser = await lobby.newcomer()
    with lobby.gate.store.read() as connection:
        kept = {bytes(row.sha256) for row in connection.execute(recovery_code.select())}
    assert kept == {recovery_digest(code) for code in browser.codes}


async def test_the_secret_lies_wrapped_in_the_database(lobby: Lobby, tmp_path):
    browser = await lobby.newcomer()
    with lobby.gate.store.read() as connection:
        held = credentials.of_account(connection, lobby.gate.current().id)
    one = next(each for each in held if each.kind is CredentialKind.TOTP)
    assert browser.secret not in one.verifier
    secret = opened_secret(MasterKey.load(tmp_path / "master.key"), one.verifier)
    assert secret.hex() not in one.verifier


async def test_a_rotated_master_key_rewraps_secrets_which_go_on_working(lobby: Lobby, tmp_path):
    browser = await lobby.newcomer()
    gate, key = lobby.gate, tmp_path / "master.key"
    first = MasterKey.load(key)
    rotated = first.rotate(key)
    renewed = Factors(gate.store, gate.trail, gate.clock, rotated, "Example Health Plan")
    assert [renewed.rewrap(), renewed.rewrap()] == [1, 0]
    newest_only = MasterKey({rotated.current: bytes.fromhex(key.read_text().split()[-1])})
    alone = Factors(gate.store, gate.trail, gate.clock, newest_only, "Example Health Plan")
    with gate.store.write() as connection:
        assert alone.prove(connection, OLGA, gate.current(), browser.now_shown()) is not None
        with pytest.raises(Unavailable):
            lobby.factors.prove(connection, OLGA, gate.current(), browser.now_shown())


async def test_a_removed_factor_is_set_up_anew_at_the_next_sign_in(lobby: Lobby):
    browser = await lobby.newcomer()
    over_sftp = (await lobby.gate.enter()).session
    assert over_sftp is not None
    lobby.factors.remove(OLGA, "alice", "lost the phone")
    assert rows(lobby) == (0, 0)
    assert not isinstance(lobby.gate.signon.recheck(over_sftp), Admit)
    assert lobby.gate.lines(Action.FACTOR_REMOVED)[-1].event.detail["reason"] == "lost the phone"
    assert lobby.letters("factor-changed")[-1].fields["what"] == "its second factor was removed"
    assert isinstance(await browser.another().password(), NeedsEnrolment)
    with pytest.raises(NotFound):
        lobby.factors.remove(OLGA, "alice", "again")


async def test_a_purge_destroys_factors_and_codes(lobby: Lobby):
    await lobby.newcomer()
    assert rows(lobby) == (1, CODES)
    Purging(lobby.gate.store, lobby.gate.trail, lobby.gate.clock).purge(OLGA, "alice", "left")
    assert rows(lobby) == (0, 0)


async def test_another_authenticator_takes_the_place_of_the_one_before(lobby: Lobby):
    browser = await lobby.newcomer()
    other = browser.another()
    await other.sign_in()
    over_sftp = (await lobby.gate.enter()).session
    begun = await lobby.own.new_factor(await browser.here(), SECRET, HOME)
    assert isinstance(begun, NewFactor)
    assert await other.visit() is not None  # Until it is confirmed, nothing has changed.
    old, browser.secret = browser.secret, begun.secret
    before = browser.cookie
    done = browser.keep(await lobby.own.confirm_factor(await browser.here(), browser.now_shown(), HOME))
    assert isinstance(done, Enrolled)
    assert await lobby.visits.find(before, HOME) is None
    assert await browser.visit() is not None
    assert await other.visit() is None
    assert over_sftp is not None
    assert not isinstance(lobby.gate.signon.recheck(over_sftp), Admit)
    assert rows(lobby) == (1, CODES)
    lobby.gate.clock.advance(seconds=30)
    later = browser.another()
    await later.password()
    assert isinstance(await later.code(Browser(lobby, "", secret=old).now_shown()), Refused)
    assert isinstance(await later.code(other.codes[0]), Refused)
    assert isinstance(await later.code(), SignedIn)


async def test_another_authenticator_wants_the_password_again(lobby: Lobby):
    browser = await lobby.newcomer()
    assert isinstance(await lobby.own.new_factor(await browser.here(), "wrong", HOME), Refused)
    assert await lobby.own.confirm_factor(await browser.here(), browser.now_shown(), HOME) == WrongCode()
    assert rows(lobby) == (1, CODES)


async def test_new_recovery_codes_make_the_old_ones_worthless(lobby: Lobby):
    browser = await lobby.newcomer()
    renewed = await lobby.own.renew_codes(await browser.here(), SECRET, HOME)
    assert isinstance(renewed, tuple)
    assert len(set(renewed) | set(browser.codes)) == 2 * CODES
    other = browser.another()
    await other.password()
    assert isinstance(await other.code(browser.codes[0]), Refused)
    assert isinstance(await other.code(renewed[0]), SignedIn)
    assert isinstance(await lobby.own.renew_codes(await browser.here(), "wrong", HOME), Refused)


async def test_five_wrong_passwords_in_a_signed_in_visit_end_it(lobby: Lobby):
    browser = await lobby.newcomer()
    for _ in range(4):
        assert isinstance(await lobby.own.renew_codes(await browser.here(), "wrong", HOME), Refused)
    assert isinstance(await lobby.own.renew_codes(await browser.here(), "wrong", HOME), TooMany)
    assert await browser.visit() is None
    assert lobby.gate.lines(Action.SESSION_ENDED)[-1].event.detail["why"] == "too_many_attempts"


async def test_nobody_changes_their_secrets_before_they_are_in(lobby: Lobby):
    browser = (await lobby.newcomer()).another()
    await browser.password()
    visit = await browser.here()
    assert await lobby.own.new_factor(visit, SECRET, HOME) == Over()
    assert await lobby.own.confirm_factor(visit, browser.now_shown(), HOME) == Over()
    assert await lobby.own.renew_codes(visit, SECRET, HOME) == Over()
    assert await lobby.own.change_password(visit, SECRET, "slow rivers carve 40 canyons", HOME) == Over()
