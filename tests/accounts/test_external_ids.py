"""Who an account is elsewhere: said by an operator, one person each, and what rested on the one before goes."""

import pytest

from mft.accounts.external_ids import ExternalIds
from mft.accounts.purging import Purging
from mft.model.account import CredentialKind, Purpose
from mft.model.directory import SetupState
from mft.model.errors import Conflict, Invalid, NotFound
from mft.model.event import Action
from mft.policy.signon import Admit
from mft.store import credentials, identities, sessions
from mft.store.identities import Identity
from mft.store.tables import account as account_table
from tests.support.gate import OLGA, SOME_KEY, Gate

ISSUER = "https://id.example.org"


def ids(gate: Gate) -> ExternalIds:
    return ExternalIds(gate.store, gate.trail, gate.clock)


def held(gate: Gate, name: str = "alice") -> set[CredentialKind]:
    with gate.store.read() as connection:
        return {one.kind for one in credentials.of_account(connection, gate.current(name).id)}


def rest_on_it(gate: Gate) -> None:
    """Give alice what stands on her external id: a link, a synced password and its state."""
    account = gate.current()
    with gate.store.write() as connection:
        credentials.add(connection, account.id, gate.credential(CredentialKind.IDENTITY, "-"))
        credentials.add(connection, account.id, gate.credential(CredentialKind.DIRECTORY))
        identities.add(connection, Identity(ISSUER, "s-1", account.id, gate.clock.now()))
        setup = {"setup_state": SetupState.ACTIVE.value, "setup_mark": "m", "setup_text": "1"}
        connection.execute(account_table.update().where(account_table.c.id == account.id).values(setup))


async def test_it_is_kept_as_typed_without_blanks_around_it(any_gate: Gate):
    any_gate.account()
    ids(any_gate).set(OLGA, "alice", "  JDoe\n")
    assert any_gate.current().external_id == "JDoe"
    line = any_gate.lines(Action.IDENTITY_CHANGED)[-1].event
    assert (line.actor.name, line.subject) == ("olga", "alice")
    assert "JDoe" not in str(line.detail)
    ids(any_gate).set(OLGA, "alice", None)
    assert any_gate.current().external_id == ""


async def test_a_person_has_one_account_in_whatever_case_they_are_written(any_gate: Gate):
    any_gate.account()
    any_gate.account("bob", allow=None)
    ids(any_gate).set(OLGA, "alice", "Straße")
    for same in ("Straße", "STRASSE", "strasse"):
        with pytest.raises(Conflict, match="alice has that external id"):
            ids(any_gate).set(OLGA, "bob", same)
    ids(any_gate).set(OLGA, "alice", "strasse")
    ids(any_gate).set(OLGA, "alice", "")
    ids(any_gate).set(OLGA, "bob", "")
    assert any_gate.current("bob").external_id == ""


@pytest.mark.parametrize("wrong", ["a\tb", "a\0b", "x" * 129, "a\u202eb"])
async def test_it_is_one_short_printable_line(gate: Gate, wrong: str):
    gate.account()
    with pytest.raises(Invalid):
        ids(gate).set(OLGA, "alice", wrong)
    assert gate.lines(Action.IDENTITY_CHANGED) == []


async def test_only_a_living_person_has_one(gate: Gate):
    gate.account("job", purpose=Purpose.UNATTENDED)
    with pytest.raises(Conflict, match="unattended"):
        ids(gate).set(OLGA, "job", "JOB1")
    gate.account()
    Purging(gate.store, gate.trail, gate.clock).purge(OLGA, "alice", "left")
    with pytest.raises(Conflict, match="purged"):
        ids(gate).set(OLGA, "alice", "JDOE")
    with pytest.raises(NotFound):
        ids(gate).set(OLGA, "nobody", "JDOE")


@pytest.mark.parametrize("new", ["OTHER", None])
async def test_what_rested_on_the_one_before_is_gone_with_it(any_gate: Gate, new: str | None):
    any_gate.account()
    any_gate.credentials.add_key(OLGA, "alice", SOME_KEY)
    ids(any_gate).set(OLGA, "alice", "JDOE")
    rest_on_it(any_gate)
    ids(any_gate).set(OLGA, "alice", new)
    assert held(any_gate) == {CredentialKind.PASSWORD, CredentialKind.KEY}
    assert any_gate.current().setup is None
    with any_gate.store.read() as connection:
        assert identities.of_account(connection, any_gate.current().id) is None
        assert identities.of_person(connection, ISSUER, "s-1") is None
    assert any_gate.lines(Action.IDENTITY_CHANGED)[-1].event.detail["removed"] == 2


async def test_only_sessions_that_stood_on_it_are_asked_to_end(gate: Gate):
    gate.account()
    ids(gate).set(OLGA, "alice", "JDOE")
    rest_on_it(gate)
    key = gate.credentials.add_key(OLGA, "alice", SOME_KEY)
    own = await gate.signon.by_key(gate.knock(), key.fingerprint)
    other = await gate.signon.by_key(gate.knock(), key.fingerprint)
    assert isinstance(own.verdict, Admit)
    assert own.session is not None
    assert other.session is not None
    with gate.store.write() as connection:
        all_held = credentials.of_account(connection, gate.current().id)
        synced = next(one.id for one in all_held if one.kind is CredentialKind.DIRECTORY)
        sessions.set_credentials(connection, other.session.id, [synced])
    ids(gate).set(OLGA, "alice", "OTHER")
    asked = {one.id: one.end_requested for one in gate.sessions.listing("alice")}
    assert asked[own.session.id] is None
    assert "external id was changed" in str(asked[other.session.id])


async def test_the_same_again_takes_nothing_away(gate: Gate):
    gate.account()
    ids(gate).set(OLGA, "alice", "JDOE")
    rest_on_it(gate)
    ids(gate).set(OLGA, "alice", "JDOE ")
    assert {CredentialKind.IDENTITY, CredentialKind.DIRECTORY} <= held(gate)
    assert len(gate.lines(Action.IDENTITY_CHANGED)) == 1
