"""Keys and passwords, from the operator's side."""

import asyncssh
import pytest

from mft.model.account import AccountState, CredentialKind, Method
from mft.model.errors import Conflict, Invalid, NotFound
from mft.model.event import Action
from mft.policy.signon import Admit, MustReplace
from mft.store import credentials
from tests.support.gate import BETTER, OLGA, OTTO, SOME_KEY, Gate

NEW_KEY = asyncssh.generate_private_key("ssh-ed25519", comment="batch job").export_public_key().decode()


@pytest.fixture
def gate(gate: Gate) -> Gate:
    """The gate, with an account that has nothing to prove itself with."""
    gate.account(password=None)
    return gate


def kinds(gate: Gate) -> list[CredentialKind]:
    with gate.store.read() as connection:
        return sorted(c.kind for c in credentials.of_account(connection, gate.current().id))


def test_several_keys_are_kept_with_who_added_them(gate: Gate):
    gate.credentials.add_key(OLGA, "alice", SOME_KEY)
    gate.clock.advance(seconds=1)
    gate.credentials.add_key(OTTO, "alice", NEW_KEY, "nightly job")
    keys = gate.credentials.keys("alice")
    assert [(k.label, k.created_by, k.method) for k in keys] == [
        ("alice@desk", "olga", Method.PUBLIC_KEY),
        ("nightly job", "otto", Method.PUBLIC_KEY),
    ]
    assert all(k.fingerprint.startswith("SHA256:") for k in keys)
    assert [line.event.detail["fingerprint"] for line in gate.lines(Action.KEY_ADDED)] == [k.fingerprint for k in keys]


def test_the_same_key_twice_is_a_conflict_and_on_two_accounts_is_not(any_gate: Gate):
    any_gate.account("ann", password=None)
    any_gate.account("ben", password=None)
    any_gate.credentials.add_key(OLGA, "ann", SOME_KEY)
    any_gate.credentials.add_key(OLGA, "ben", SOME_KEY)
    with pytest.raises(Conflict):
        any_gate.credentials.add_key(OLGA, "ann", SOME_KEY)
    assert len(any_gate.credentials.keys("ann")) == 1


@pytest.mark.parametrize(
    "text",
    ["", "hello", "-----BEGIN OPENSSH PRIVATE KEY-----", SOME_KEY + "\n" + NEW_KEY],
    ids=["nothing", "a word", "a private key", "two keys"],
)
def test_what_is_no_public_key_is_refused(gate: Gate, text):
    with pytest.raises(Invalid):
        gate.credentials.add_key(OLGA, "alice", text)
    assert gate.credentials.keys("alice") == []


@pytest.mark.parametrize("by", ["fingerprint", "id"])
def test_a_key_is_removed_by_fingerprint_or_id(gate: Gate, by):
    key = gate.credentials.add_key(OLGA, "alice", SOME_KEY)
    gate.credentials.remove_key(OTTO, "alice", getattr(key, by))
    assert gate.credentials.keys("alice") == []
    assert gate.lines(Action.KEY_REMOVED)[-1].event.actor.name == "otto"
    with pytest.raises(NotFound):
        gate.credentials.remove_key(OTTO, "alice", key.fingerprint)


def test_removing_a_key_never_removes_a_password(gate: Gate):
    gate.credentials.set_password(OLGA, "alice", BETTER)
    with gate.store.read() as connection:
        (password,) = credentials.of_account(connection, gate.current().id)
    for which in (password.id, ""):
        with pytest.raises(NotFound):
            gate.credentials.remove_key(OLGA, "alice", which)
    assert kinds(gate) == [CredentialKind.PASSWORD]


async def test_a_password_set_by_an_operator_works_at_once(gate: Gate):
    gate.credentials.issue_temporary(OLGA, "alice")
    gate.credentials.set_password(OLGA, "alice", BETTER)
    assert kinds(gate) == [CredentialKind.PASSWORD]
    assert isinstance((await gate.enter(secret=BETTER)).verdict, Admit)
    assert BETTER not in str(gate.lines())


@pytest.mark.parametrize(
    "password", ["tiny", "alice-lanterns-harbour", "Northwind Clinic 4 ever!", "aaaaaaaaaaaaaaaaaaaa"]
)
def test_an_unfit_password_is_not_set_for_anybody(gate: Gate, password):
    with pytest.raises(Invalid) as refused:
        gate.credentials.set_password(OLGA, "alice", password)
    assert password not in str(refused.value)
    assert kinds(gate) == []


@pytest.mark.fact("0.13")
async def test_the_service_desk_resets_and_the_trail_names_who(gate: Gate):
    issued = gate.credentials.issue_temporary(OTTO, "alice")
    line = gate.lines(Action.PASSWORD_ISSUED)[-1]
    assert (line.event.actor.name, line.event.subject) == ("otto", "alice")
    assert isinstance((await gate.enter(secret=issued.secret)).verdict, MustReplace)


def test_a_purged_account_gets_no_credentials(gate: Gate):
    gate.move("alice", AccountState.ACTIVE, AccountState.PURGED)
    for act in (
        lambda: gate.credentials.issue_temporary(OLGA, "alice"),
        lambda: gate.credentials.set_password(OLGA, "alice", BETTER),
        lambda: gate.credentials.add_key(OLGA, "alice", SOME_KEY),
    ):
        with pytest.raises(Conflict):
            act()
    assert kinds(gate) == []


def test_nobody_has_no_credentials(gate: Gate):
    for act in (
        lambda: gate.credentials.issue_temporary(OLGA, "nobody"),
        lambda: gate.credentials.set_password(OLGA, "nobody", BETTER),
        lambda: gate.credentials.add_key(OLGA, "nobody", SOME_KEY),
        lambda: gate.credentials.keys("nobody"),
    ):
        with pytest.raises(NotFound):
            act()
