"""Those who are in: the same decision again, until something no longer holds."""

from contextlib import contextmanager
from datetime import timedelta

import pytest

from mft.accounts.allowlists import NewAddress
from mft.accounts.provisioning import Accounts
from mft.accounts.sessions import SILENT_FOR, Leaving
from mft.model.account import SSH_METHODS
from mft.model.errors import NotFound, Unavailable
from mft.model.event import Action
from mft.model.session import Session
from mft.policy.signon import Admit, Reason, Refuse
from mft.store import organizations
from tests.support.gate import OLGA, SECRET, SOME_KEY, Gate


async def a_session(gate: Gate) -> Session:
    gate.account()
    session = (await gate.enter()).session
    assert session is not None
    assert isinstance(gate.signon.recheck(session), Admit)
    return session


async def a_key_session(gate: Gate) -> Session:
    gate.account()
    key = gate.credentials.add_key(OLGA, "alice", SOME_KEY)
    session = (await gate.signon.by_key(gate.knock(), key.fingerprint)).session
    assert session is not None
    assert isinstance(gate.signon.recheck(session), Admit)
    return session


def the_accounts(gate: Gate) -> Accounts:
    return Accounts(gate.store, gate.trail, gate.clock, gate.allowlists, gate.credentials)


def disable(gate: Gate) -> None:
    the_accounts(gate).disable(OLGA, "alice", "left the agency")


def disable_organization(gate: Gate) -> None:
    with gate.store.write() as connection:
        organizations.set_enabled(connection, gate.current().organization, enabled=False)


def remove_address(gate: Gate) -> None:
    gate.allowlists.remove(OLGA, "alice", "8.8.8.8")


def remove_key(gate: Gate) -> None:
    gate.credentials.remove_key(OLGA, "alice", gate.credentials.keys("alice")[0].fingerprint)


def reset_password(gate: Gate) -> None:
    gate.credentials.issue_temporary(OLGA, "alice")


def set_password(gate: Gate) -> None:
    gate.credentials.set_password(OLGA, "alice", "slow rivers carve 40 canyons")


def kill(gate: Gate) -> None:
    assert gate.sessions.request_end(OLGA, "alice", why="asked by the agency") == 1


def ask_for_a_key_too(gate: Gate) -> None:
    the_accounts(gate).set_required(OLGA, "alice", SSH_METHODS)


ENDS = {
    "account disabled": (disable, Reason.ACCOUNT_DISABLED),
    "organization disabled": (disable_organization, Reason.ORGANIZATION_DISABLED),
    "address removed": (remove_address, Reason.SOURCE_NOT_LISTED),
    "password reset": (reset_password, Reason.CREDENTIAL_REVOKED),
    "password set": (set_password, Reason.CREDENTIAL_REVOKED),
    "killed": (kill, Reason.SESSION_ENDED),
}


@pytest.mark.parametrize(("act", "reason"), ENDS.values(), ids=ENDS)
async def test_what_an_operator_takes_away_ends_a_session_by_password(gate: Gate, act, reason):
    session = await a_session(gate)
    act(gate)
    assert gate.signon.recheck(session) == Refuse(reason)


KEY_ENDS = {
    "key removed": (remove_key, Reason.CREDENTIAL_REVOKED),
    "password reset": (reset_password, Reason.SESSION_ENDED),
    "address removed": (remove_address, Reason.SOURCE_NOT_LISTED),
    "account disabled": (disable, Reason.ACCOUNT_DISABLED),
}


@pytest.mark.parametrize(("act", "reason"), KEY_ENDS.values(), ids=KEY_ENDS)
async def test_what_an_operator_takes_away_ends_a_session_by_key(gate: Gate, act, reason):
    session = await a_key_session(gate)
    act(gate)
    assert gate.signon.recheck(session) == Refuse(reason)


async def test_a_second_factor_asked_for_meanwhile_ends_the_session(gate: Gate):
    session = await a_session(gate)
    ask_for_a_key_too(gate)
    assert not isinstance(gate.signon.recheck(session), Admit)


async def test_an_account_disabled_and_enabled_at_once_still_loses_its_sessions(gate: Gate):
    session = await a_session(gate)
    disable(gate)
    the_accounts(gate).enable(OLGA, "alice")
    assert gate.signon.recheck(session) == Refuse(Reason.SESSION_ENDED)
    assert isinstance((await gate.enter()).verdict, Admit)


async def test_an_address_that_ends_ends_the_session_on_its_moment(gate: Gate):
    gate.account(allow=None)
    until = gate.clock.now() + timedelta(hours=1)
    gate.allowlists.add(OLGA, "alice", NewAddress("8.8.8.8", until=until))
    session = (await gate.enter()).session
    assert session is not None
    gate.clock.advance(hours=1, microseconds=-1)
    assert isinstance(gate.signon.recheck(session), Admit)
    gate.clock.advance(microseconds=1)
    assert gate.signon.recheck(session) == Refuse(Reason.SOURCE_NOT_LISTED)


async def test_another_account_or_address_does_not_touch_it(gate: Gate):
    session = await a_session(gate)
    gate.account("bob", password="slow rivers carve 40 canyons")
    the_accounts(gate).disable(OLGA, "bob")
    gate.credentials.issue_temporary(OLGA, "bob")
    gate.allowlists.add(OLGA, "alice", NewAddress("9.9.9.9"))
    gate.allowlists.remove(OLGA, "alice", "9.9.9.9")
    assert isinstance(gate.signon.recheck(session), Admit)


async def test_when_the_store_does_not_answer_a_recheck_says_so(gate: Gate):
    class Broken:
        is_sqlite = True

        @contextmanager
        def read(self):
            raise Unavailable("the database did not answer")
            yield

        write = read

    session = await a_session(gate)
    assert gate.another_signon(store=Broken()).recheck(session) == Refuse(Reason.CANNOT_TELL)


async def test_a_goodbye_is_closed_and_an_end_by_the_server_is_ended(gate: Gate):
    gate.account()
    for why, action in ((Leaving.CLIENT_LEFT, Action.SESSION_CLOSED), (Leaving.IDLE, Action.SESSION_ENDED)):
        session = (await gate.enter()).session
        assert session is not None
        gate.clock.advance(minutes=2)
        gate.signon.close(session, why, {"bytes_sent": 9})
        line = gate.lines(action)[-1].event
        assert (line.subject, line.detail["why"], line.detail["seconds"]) == ("alice", why.value, 120)
        assert line.detail["bytes_sent"] == 9
        assert gate.sessions.listing() == []
        assert gate.signon.recheck(session) == Refuse(Reason.SESSION_ENDED)


async def test_an_end_that_was_asked_for_says_by_whom(gate: Gate):
    session = await a_session(gate)
    kill(gate)
    gate.signon.close(session, Leaving.END_REQUESTED, {})
    assert gate.lines(Action.SESSION_ENDED)[-1].event.detail["asked_by"] == "olga: asked by the agency"


async def test_a_session_ends_once(gate: Gate):
    session = await a_session(gate)
    gate.signon.close(session, Leaving.CLIENT_LEFT, {})
    gate.signon.close(session, Leaving.CONNECTION_LOST, {})
    assert len(gate.lines(Action.SESSION_CLOSED)) == 1


async def test_one_session_of_several_can_be_ended(gate: Gate):
    first = await a_session(gate)
    second = (await gate.enter()).session
    assert second is not None
    gate.sessions.request_end(OLGA, "alice", first.id)
    assert gate.signon.recheck(first) == Refuse(Reason.SESSION_ENDED)
    assert isinstance(gate.signon.recheck(second), Admit)
    assert {s.id: s.end_requested for s in gate.sessions.listing("alice")} == {first.id: "olga", second.id: None}


async def test_sessions_of_a_process_that_died_are_written_off_and_living_ones_stay(any_gate: Gate):
    gate = any_gate
    gate.account()
    dead = (await gate.enter()).session
    living = (await gate.enter()).session
    assert dead is not None
    assert living is not None
    gate.clock.advance(seconds=SILENT_FOR.total_seconds() + 1)
    gate.sessions.seen([living.id])
    assert gate.sessions.bury_silent() == 1
    assert gate.sessions.bury_silent() == 0
    assert [s.id for s in gate.sessions.listing()] == [living.id]
    assert gate.lines(Action.SESSION_ENDED)[-1].event.detail["why"] == "server_died"


async def test_a_node_that_starts_writes_off_its_own_sessions_only(gate: Gate):
    gate.account()
    mine = await gate.enter()
    theirs = await gate.another_signon().by_password(gate.knock(), SECRET)
    assert mine.session is not None
    assert theirs.session is not None
    assert gate.sessions.bury_node("node-1") == 1
    assert [s.id for s in gate.sessions.listing()] == [theirs.session.id]


def test_sessions_of_nobody_are_not_found(gate: Gate):
    with pytest.raises(NotFound):
        gate.sessions.listing("nobody")
    with pytest.raises(NotFound):
        gate.sessions.request_end(OLGA, "nobody")
