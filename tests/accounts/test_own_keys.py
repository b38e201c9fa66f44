"""Keys that people add themselves: told to them, and where an operator wants it so, worth nothing until approved."""

import asyncssh
import pytest

from mft.accounts.explain import explain
from mft.accounts.own_keys import OwnKeys
from mft.model.errors import Conflict, Forbidden, NotFound
from mft.model.event import Action
from mft.model.session import Actor, Door
from mft.policy.signon import Admit, Reason, Refuse
from mft.store import credentials
from tests.support.gate import HOME, OLGA, OTTO, SOME_KEY, Gate
from tests.support.lobby import Lobby

ALARMS = ("night@example.org", "day@example.org")
OTHER_KEY = asyncssh.generate_private_key("ssh-ed25519", comment="laptop").export_public_key().decode()


def own_keys(gate: Gate, *, wait: bool = True) -> OwnKeys:
    return OwnKeys(gate.store, gate.trail, gate.clock, gate.credentials, wait=wait, operators=ALARMS)


def owner(gate: Gate, name: str = "alice") -> Actor:
    return Actor(Door.PORTAL, name, gate.current(name).id, source=HOME)


async def by_key(gate: Gate, fingerprint: str):
    return await gate.signon.by_key(gate.knock(), fingerprint)


async def test_a_key_that_waits_opens_nothing_until_somebody_else_approved_it(any_gate: Gate):
    gate = any_gate
    gate.account()
    keys = own_keys(gate)
    added = keys.add(owner(gate), "alice", SOME_KEY)
    assert added.waiting
    refused = await by_key(gate, added.fingerprint)
    assert refused.verdict == Refuse(Reason.KEY_WAITING)
    assert refused.knock.proven == frozenset()
    assert not await gate.signon.key_known("alice", added.fingerprint)
    assert [(name, key.id) for name, key in keys.waiting()] == [("alice", added.id)]
    approved = keys.approve(OLGA, "alice", added.fingerprint)
    assert not approved.waiting
    assert await gate.signon.key_known("alice", added.fingerprint)
    assert isinstance((await by_key(gate, added.fingerprint)).verdict, Admit)
    assert keys.waiting() == []
    line = gate.lines(Action.KEY_APPROVED)[-1].event
    assert (line.actor.name, line.subject, line.detail["fingerprint"]) == ("olga", "alice", added.fingerprint)


async def test_the_reference_of_a_waiting_keys_refusal_tells_the_operator_so(gate: Gate):
    gate.account()
    added = own_keys(gate).add(owner(gate), "alice", SOME_KEY)
    refused = await by_key(gate, added.fingerprint)
    told = explain(gate.store, str(refused.reference))
    assert told.reason == "key_waiting"
    assert "mft account keys approve alice" in told.advice


async def test_a_waiting_key_stands_in_for_no_required_key(gate: Gate):
    gate.account()
    good = gate.credentials.add_key(OLGA, "alice", OTHER_KEY)
    waits = own_keys(gate).add(owner(gate), "alice", SOME_KEY)
    assert isinstance((await by_key(gate, good.fingerprint)).verdict, Admit)
    both = gate.knock(proven=frozenset({good.id}))
    assert (await gate.signon.by_key(both, waits.fingerprint)).verdict == Refuse(Reason.KEY_WAITING)


async def test_a_session_does_not_outlive_its_key_being_made_to_wait_again(gate: Gate):
    gate.account()
    keys = own_keys(gate)
    added = keys.add(owner(gate), "alice", SOME_KEY)
    keys.approve(OLGA, "alice", added.id)
    admitted = await by_key(gate, added.fingerprint)
    assert admitted.session is not None
    with gate.store.write() as connection:
        credentials.remove(connection, added.id)
        credentials.add(connection, gate.current().id, added)
    assert gate.signon.recheck(admitted.session) == Refuse(Reason.KEY_WAITING)


def test_its_owner_does_not_approve_it_under_any_name(gate: Gate):
    gate.account()
    keys = own_keys(gate)
    added = keys.add(owner(gate), "alice", SOME_KEY)
    for actor in (owner(gate), Actor(Door.CLI, "Alice"), Actor(Door.CLI, "olga", user="alice")):
        with pytest.raises(Forbidden):
            keys.approve(actor, "alice", added.fingerprint)
    assert len(keys.waiting()) == 1
    assert gate.lines(Action.KEY_APPROVED) == []


def test_what_does_not_wait_or_is_not_there_cannot_be_approved(gate: Gate):
    gate.account()
    keys = own_keys(gate)
    there = gate.credentials.add_key(OTTO, "alice", OTHER_KEY)
    with pytest.raises(Conflict):
        keys.approve(OLGA, "alice", there.fingerprint)
    for name, which in (("alice", "SHA256:nothing"), ("nobody", there.fingerprint)):
        with pytest.raises(NotFound):
            keys.approve(OLGA, name, which)


def test_a_key_of_another_account_is_not_approved_by_its_id(gate: Gate):
    gate.account()
    gate.account("bob")
    keys = own_keys(gate)
    added = keys.add(owner(gate), "alice", SOME_KEY)
    with pytest.raises(NotFound):
        keys.approve(OLGA, "bob", added.id)


@pytest.mark.fact("1.4")
async def test_the_owner_is_told_of_each_and_operators_of_those_that_wait(lobby: Lobby):
    gate = lobby.gate
    gate.account()
    own_keys(gate, wait=False).add(owner(gate), "alice", OTHER_KEY)
    assert [one.recipient for one in lobby.letters()] == ["alice@example.org"]
    assert "from now on" in str(lobby.letters("key-added")[0].fields["means"])
    gate.clock.advance(seconds=1)
    added = own_keys(gate).add(owner(gate), "alice", SOME_KEY, "desk")
    assert {one.recipient for one in lobby.letters("key-waiting")} == set(ALARMS)  # Of one moment: in any order.
    asked = lobby.letters("key-waiting")[0].fields
    assert (asked["name"], asked["fingerprint"], asked["label"]) == ("alice", added.fingerprint, "desk")
    assert "until it is approved" in str(lobby.letters("key-added")[1].fields["means"])
    own_keys(gate).approve(OLGA, "alice", added.fingerprint)
    assert [one.recipient for one in lobby.letters("key-approved")] == ["alice@example.org"]


async def test_where_keys_need_not_wait_they_open_at_once(gate: Gate):
    gate.account()
    added = own_keys(gate, wait=False).add(owner(gate), "alice", SOME_KEY)
    assert isinstance((await by_key(gate, added.fingerprint)).verdict, Admit)
    assert gate.lines(Action.KEY_ADDED)[-1].event.detail["waiting"] is False


def test_what_an_operator_adds_never_waits(gate: Gate):
    gate.account()
    own_keys(gate)
    assert not gate.credentials.add_key(OLGA, "alice", SOME_KEY).waiting
