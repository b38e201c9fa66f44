"""Organizations and accounts, from the operator's side."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from mft.accounts.allowlists import NewAddress
from mft.accounts.provisioning import Accounts, NewAccount, Organizations
from mft.model.account import SSH_METHODS, AccountState, OrganizationKind, Purpose
from mft.model.errors import Conflict, Exhausted, Invalid, MftError, NotFound
from mft.model.event import Action
from mft.model.path import VirtualPath
from mft.policy.signon import Admit, Reason, Refuse
from mft.store import catalog
from tests.support.gate import OLGA, OTTO, SOME_KEY, Gate


@pytest.fixture
def houses(gate: Gate) -> Organizations:
    return Organizations(gate.store, gate.trail, gate.clock)


@pytest.fixture
def people(gate: Gate) -> Accounts:
    return Accounts(gate.store, gate.trail, gate.clock, gate.allowlists, gate.credentials)


ALICE = NewAccount("alice", "northwind", "Alice@Example.org", (NewAddress("8.8.8.8", "clinic"),), (SOME_KEY,))


def test_an_organization_is_added_with_its_line_in_the_trail(gate: Gate, houses):
    made = houses.add(OLGA, "northwind", "Northwind Clinic", OrganizationKind.DELEGATE)
    assert houses.get("northwind") == made
    assert houses.listing() == [made]
    line = gate.lines(Action.ORGANIZATION_ADDED)[-1].event
    assert (line.subject, line.actor.name, line.detail["kind"]) == ("northwind", "olga", "delegate")


@pytest.mark.parametrize(
    ("kind", "folders"),
    [
        (OrganizationKind.DELEGATE, ["/Distribution/northwind"]),
        (OrganizationKind.PARTNER, ["/Partners/northwind/Inbound", "/Partners/northwind/Outbound"]),
    ],
)
def test_an_organization_comes_with_its_folders(gate: Gate, houses, kind, folders):
    houses.add(OLGA, "northwind", "Northwind", kind)
    with gate.store.read() as connection:
        for folder in folders:
            assert catalog.resolve(connection, VirtualPath.parse(folder)).entry is not None


@pytest.mark.parametrize("name", ["", "ab", "..", "North", "north/wind", ".north"])
def test_an_organization_with_an_unfit_name_is_refused(houses, name):
    with pytest.raises(Invalid):
        houses.add(OLGA, name, "Northwind", OrganizationKind.DELEGATE)
    assert houses.listing() == []


def test_an_organizations_name_is_given_once(houses):
    houses.add(OLGA, "northwind", "Northwind", OrganizationKind.DELEGATE)
    with pytest.raises(Conflict):
        houses.add(OLGA, "northwind", "Another", OrganizationKind.PARTNER)


def test_quotas_are_set_and_lifted(houses):
    houses.add(OLGA, "northwind", "Northwind", OrganizationKind.DELEGATE)
    houses.set_quota(OLGA, "northwind", 10**9, 5)
    assert (houses.get("northwind").quota_bytes, houses.get("northwind").quota_files) == (10**9, 5)
    houses.set_quota(OLGA, "northwind", None, None)
    assert houses.get("northwind").quota_bytes is None
    with pytest.raises(Invalid):
        houses.set_quota(OLGA, "northwind", -1, None)


async def test_a_disabled_organization_admits_none_of_its_accounts(gate: Gate, houses):
    gate.account()
    houses.set_enabled(OLGA, "northwind", enabled=False)
    assert (await gate.enter()).verdict == Refuse(Reason.ORGANIZATION_DISABLED)
    with pytest.raises(Conflict):
        houses.set_enabled(OLGA, "northwind", enabled=False)
    houses.set_enabled(OLGA, "northwind", enabled=True)
    assert isinstance((await gate.enter()).verdict, Admit)


@pytest.mark.fact("0.7")
def test_an_account_is_added_with_addresses_and_keys_in_one_act(gate: Gate, people):
    gate.organization()
    made = people.add(OLGA, ALICE)
    assert people.get("alice") == made
    assert (made.email, made.state, made.last_signon_at) == ("alice@example.org", AccountState.ACTIVE, None)
    (entry,) = gate.allowlists.listing("alice")
    assert (str(entry.addresses), entry.reason) == ("8.8.8.8", "clinic")
    assert len(gate.credentials.keys("alice")) == 1
    actions = [line.event.action for line in gate.lines()]
    assert actions == [Action.ACCOUNT_ADDED, Action.ADDRESS_ADDED, Action.KEY_ADDED]


@pytest.mark.parametrize(
    "wanted",
    [
        NewAccount("alice", "northwind", "alice@example.org", (NewAddress("10.0.0.1"),)),
        NewAccount("alice", "northwind", "alice@example.org", keys=("not a key",)),
        NewAccount("alice", "northwind", "alice@example.org", keys=(SOME_KEY, SOME_KEY)),
        NewAccount("alice", "nowhere", "alice@example.org"),
        NewAccount("Alice", "northwind", "alice@example.org"),
        NewAccount("al", "northwind", "alice@example.org"),
        NewAccount("al\u00adice", "northwind", "alice@example.org"),
        NewAccount("alice", "northwind", "not an address"),
    ],
)
def test_an_account_is_added_whole_or_not_at_all(gate: Gate, people, wanted):
    gate.organization()
    with pytest.raises(MftError):
        people.add(OLGA, wanted)
    assert people.listing() == []
    assert gate.lines() == []


@pytest.mark.fact("1.15")
def test_a_mail_address_belongs_to_one_account(gate: Gate, people):
    gate.organization()
    people.add(OLGA, ALICE)
    with pytest.raises(Conflict):
        people.add(OLGA, NewAccount("bob", "northwind", "ALICE@example.ORG"))
    with pytest.raises(Conflict):
        people.add(OLGA, NewAccount("alice", "northwind", "other@example.org"))
    assert [account.name for account in people.listing()] == ["alice"]


@pytest.mark.fact("0.15")
def test_the_name_of_a_purged_account_is_never_handed_out_again(gate: Gate, people):
    gate.account()
    gate.move("alice", AccountState.ACTIVE, AccountState.PURGED)
    with pytest.raises(Conflict, match="never handed out again"):
        people.add(OLGA, NewAccount("alice", "northwind", "new@example.org"))


async def test_disabling_refuses_and_enabling_admits_again(gate: Gate, people):
    gate.account()
    people.disable(OLGA, "alice", "on leave")
    assert (await gate.enter()).verdict == Refuse(Reason.ACCOUNT_DISABLED)
    with pytest.raises(Conflict):
        people.disable(OLGA, "alice")
    people.enable(OTTO, "alice", "back")
    assert isinstance((await gate.enter()).verdict, Admit)
    with pytest.raises(Conflict):
        people.enable(OTTO, "alice")
    disabled, enabled = gate.lines(Action.ACCOUNT_DISABLED)[-1], gate.lines(Action.ACCOUNT_ENABLED)[-1]
    assert (disabled.event.actor.name, disabled.event.detail["reason"]) == ("olga", "on leave")
    assert enabled.event.actor.name == "otto"


def test_a_purged_account_is_not_enabled(gate: Gate, people):
    gate.account()
    gate.move("alice", AccountState.ACTIVE, AccountState.PURGED)
    for act in (people.enable, people.disable):
        with pytest.raises(Conflict):
            act(OLGA, "alice")


def test_accounts_are_listed_by_organization(gate: Gate, people, houses):
    gate.account("alice")
    acme = houses.add(OLGA, "acme", "Acme Clearing", OrganizationKind.PARTNER)
    people.add(OLGA, NewAccount("batch", "acme", "batch@example.org", purpose=Purpose.UNATTENDED, required=SSH_METHODS))
    assert [a.name for a in people.listing()] == ["alice", "batch"]
    (batch,) = people.listing("acme")
    assert (batch.organization, batch.purpose, batch.required) == (acme.id, Purpose.UNATTENDED, SSH_METHODS)
    with pytest.raises(NotFound):
        people.listing("nowhere")


def test_required_methods_can_be_changed(gate: Gate, people):
    gate.account()
    people.set_required(OLGA, "alice", SSH_METHODS)
    assert people.get("alice").required == SSH_METHODS
    assert gate.lines(Action.ACCOUNT_CHANGED)[-1].event.detail["required"] == "password,publickey"
    people.set_required(OLGA, "alice", frozenset())
    assert people.get("alice").required == frozenset()


@pytest.mark.fact("0.5")
def test_people_are_added_while_there_are_seats(any_gate: Gate):
    houses = Organizations(any_gate.store, any_gate.trail, any_gate.clock)
    people = Accounts(any_gate.store, any_gate.trail, any_gate.clock, any_gate.allowlists, any_gate.credentials)
    any_gate.organization()
    houses.set_seats(OLGA, "northwind", 1)
    people.add(OLGA, NewAccount("job", "northwind", "job@example.org", purpose=Purpose.UNATTENDED))
    people.add(OLGA, ALICE)
    bob = NewAccount("bob", "northwind", "bob@example.org")
    with pytest.raises(Exhausted, match="northwind has 1 of 1 seats; remove somebody"):
        people.add(OLGA, bob)
    people.disable(OLGA, "alice")
    with pytest.raises(Exhausted):
        people.add(OLGA, bob)
    any_gate.move("alice", AccountState.DISABLED, AccountState.PURGED)
    assert people.add(OLGA, bob).name == "bob"
    assert houses.people("northwind") == 1


@pytest.mark.fact("0.5")
def test_of_many_who_are_added_at_once_as_many_as_there_are_seats(any_gate: Gate):
    people = Accounts(any_gate.store, any_gate.trail, any_gate.clock, any_gate.allowlists, any_gate.credentials)
    any_gate.organization()
    Organizations(any_gate.store, any_gate.trail, any_gate.clock).set_seats(OLGA, "northwind", 3)

    def add(number: int) -> bool:
        try:
            people.add(OLGA, NewAccount(f"user{number}", "northwind", f"user{number}@example.org"))
        except Exhausted:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(add, range(8))) == 3
    assert len(people.listing()) == 3


def test_fewer_seats_than_people_take_nobodys_account(gate: Gate, houses, people):
    gate.account("alice")
    gate.account("bob")
    houses.set_seats(OLGA, "northwind", 0)
    assert houses.get("northwind").seats == 0
    assert [one.state for one in people.listing()] == [AccountState.ACTIVE] * 2
    assert gate.lines(Action.ORGANIZATION_CHANGED)[-1].event.detail["seats"] == 0
    for seats in (-1, 1_000_001):
        with pytest.raises(Invalid):
            houses.set_seats(OLGA, "northwind", seats)
    with pytest.raises(NotFound):
        houses.set_seats(OLGA, "nowhere", 1)


def test_who_answers_for_an_organizations_people_is_named(gate: Gate, houses):
    gate.organization()
    houses.set_administrator(OLGA, "northwind", "Ada@Example.org")
    assert houses.get("northwind").administrator == "ada@example.org"
    with pytest.raises(Invalid):
        houses.set_administrator(OLGA, "northwind", "ada")
    houses.set_administrator(OLGA, "northwind", None)
    assert houses.get("northwind").administrator is None
    changes = [line.event.detail["administrator"] for line in gate.lines(Action.ORGANIZATION_CHANGED)]
    assert changes == ["ada@example.org", None]


def test_a_person_is_kept_with_name_telephone_and_who_is_warned(gate: Gate, people):
    gate.organization()
    wanted = replace(ALICE, person=" Alice Roe ", phone="555 010 4477", contact="IT@example.org")
    made = people.add(OLGA, wanted)
    assert people.get("alice") == made
    assert (made.person, made.phone, made.contact) == ("Alice Roe", "555 010 4477", "it@example.org")
    assert made.warned_at == "it@example.org"
    for wrong in ({"person": "two\nlines"}, {"contact": "nobody"}):
        with pytest.raises(Invalid):
            people.add(OLGA, replace(wanted, name="bob", email="bob@example.org", **wrong))


def test_nobody_is_not_found(people, houses):
    for act in (people.get, houses.get):
        with pytest.raises(NotFound):
            act("nobody")
    for change in (people.disable, people.enable, people.unlock):
        with pytest.raises(NotFound):
            change(OLGA, "nobody")
