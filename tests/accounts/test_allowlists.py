"""Adding, approving and removing addresses."""

from datetime import timedelta
from ipaddress import IPv4Address

import pytest

from mft.accounts.allowlists import Allowlists, NewAddress
from mft.model.account import AccountState
from mft.model.errors import Conflict, Forbidden, Invalid, NotFound
from mft.model.event import Action
from mft.model.ids import AllowlistEntryId
from mft.model.session import Actor, Door
from mft.policy.allowlist import AllowlistRules
from mft.policy.signon import Admit, Reason, Refuse
from tests.support.gate import OLGA, OTTO, Gate


@pytest.fixture
def gate(gate: Gate) -> Gate:
    """The gate, with an account whose list is empty."""
    gate.account(allow=None)
    return gate


@pytest.mark.fact("0.10")
def test_several_addresses_blocks_and_ranges_are_added_each_with_its_reason(gate: Gate):
    for text, reason in (("8.8.8.8", "office"), ("9.9.9.0/24", "clinic"), ("1.1.1.1-1.1.1.9", "VPN")):
        gate.allowlists.add(OLGA, "alice", NewAddress(text, reason))
    entries = gate.allowlists.listing("alice")
    assert {str(e.addresses): e.reason for e in entries} == {
        "8.8.8.8": "office",
        "9.9.9.0/24": "clinic",
        "1.1.1.1-1.1.1.9": "VPN",
    }
    assert {(e.added_by, e.approved_by, e.added_at) for e in entries} == {("olga", "olga", gate.clock.now())}
    assert [line.event.detail["reason"] for line in gate.lines(Action.ADDRESS_ADDED)] == ["office", "clinic", "VPN"]


@pytest.mark.fact("0.8")
@pytest.mark.parametrize("text", ["10.0.0.1", "192.168.1.0/24", "198.17.255.255-198.18.0.0", "224.0.0.1", "100.64.0.1"])
def test_an_address_that_is_not_public_is_refused_and_nothing_is_kept(gate: Gate, text):
    with pytest.raises(Invalid, match="only public IPv4"):
        gate.allowlists.add(OLGA, "alice", NewAddress(text))
    assert gate.allowlists.listing("alice") == []
    assert gate.lines(Action.ADDRESS_ADDED) == []


@pytest.mark.fact("0.7")
@pytest.mark.parametrize("text", ["::1", "2001:db8::/32", "::ffff:8.8.8.8", "office", ""])
def test_only_ipv4_is_listed(gate: Gate, text):
    with pytest.raises(Invalid):
        gate.allowlists.add(OLGA, "alice", NewAddress(text))


def test_loopback_is_listed_only_where_it_is_on_trial(gate: Gate):
    assert gate.allowlists.add(OLGA, "alice", NewAddress("127.0.0.1")).waits_because is None
    strict = Allowlists(gate.store, gate.trail, gate.clock, AllowlistRules(), ())
    with pytest.raises(Invalid):
        strict.add(OLGA, "alice", NewAddress("127.0.0.2"))


async def test_a_wide_entry_admits_nobody_until_another_person_approves_it(any_gate: Gate):
    gate = any_gate
    gate.account("ann", allow=None)
    added = gate.allowlists.add(OLGA, "ann", NewAddress("8.8.0.0/20", "a whole campus"))
    assert added.waits_because is not None
    assert (await gate.enter("ann")).verdict == Refuse(Reason.SOURCE_NOT_LISTED)
    with pytest.raises(Forbidden, match="another person"):
        gate.allowlists.approve(OLGA, added.entry.id)
    assert (await gate.enter("ann")).verdict == Refuse(Reason.SOURCE_NOT_LISTED)
    assert [(name, e.id) for name, e in gate.allowlists.waiting()] == [("ann", added.entry.id)]
    approved = gate.allowlists.approve(OTTO, added.entry.id)
    assert approved.approved_by == "otto"
    assert isinstance((await gate.enter("ann")).verdict, Admit)
    assert gate.allowlists.waiting() == []
    with pytest.raises(Conflict):
        gate.allowlists.approve(OTTO, added.entry.id)
    assert [line.event.actor.name for line in gate.lines(Action.ADDRESS_APPROVED)] == ["otto"]
    assert len(gate.lines(Action.ADDRESS_PROPOSED)) == 1


def test_more_than_65536_addresses_are_never_listed(gate: Gate):
    with pytest.raises(Invalid, match=r"65,536"):
        gate.allowlists.add(OLGA, "alice", NewAddress("8.0.0.0/15"))


def test_the_4097th_address_of_a_list_waits(gate: Gate):
    for block in range(16):
        assert gate.allowlists.add(OLGA, "alice", NewAddress(f"8.8.{block}.0/24")).waits_because is None
    assert gate.allowlists.add(OLGA, "alice", NewAddress("9.9.9.9")).waits_because is not None


def test_what_waits_does_not_make_the_next_address_wait_but_what_was_approved_does(gate: Gate):
    wide = gate.allowlists.add(OLGA, "alice", NewAddress("8.8.0.0/20")).entry
    assert gate.allowlists.add(OLGA, "alice", NewAddress("9.9.9.9")).waits_because is None
    gate.allowlists.approve(OTTO, wide.id)
    assert gate.allowlists.add(OLGA, "alice", NewAddress("9.9.9.10")).waits_because is not None


def as_user(name: str, user: str) -> Actor:
    return Actor(Door.CLI, name, user=user)


@pytest.mark.parametrize(
    ("adder", "approver"),
    [
        (as_user("olga", ""), as_user("OLGA", "")),
        (as_user("olga", "root"), as_user("otto", "root")),
        (as_user("olga", "root"), as_user("otto", "ROOT")),
        (as_user("olga", ""), as_user("otto", "olga")),
        (as_user("otto", "olga"), as_user("olga", "")),
    ],
)
def test_the_second_person_is_not_the_first_under_another_name(any_gate: Gate, adder: Actor, approver: Actor):
    gate = any_gate
    gate.account("ann", allow=None)
    strict = Allowlists(gate.store, gate.trail, gate.clock, AllowlistRules(), ())
    entry = strict.add(adder, "ann", NewAddress("8.8.0.0/20")).entry
    with pytest.raises(Forbidden, match="another user"):
        strict.approve(approver, entry.id)
    assert strict.listing("ann")[0].approved_by is None
    assert strict.approve(as_user("eve", "eva"), entry.id).approved_by == "eve"


def test_who_asked_for_another_entry_and_named_this_one_did_not_ask_for_this_one(any_gate: Gate):
    gate = any_gate
    gate.account("ann", allow=None)
    strict = Allowlists(gate.store, gate.trail, gate.clock, AllowlistRules(), ())
    entry = strict.add(as_user("olga", "eva"), "ann", NewAddress("8.8.0.0/20")).entry
    strict.add(OTTO, "ann", NewAddress("9.9.0.0/20", reason=f"beside {entry.id}"))
    with pytest.raises(Forbidden, match="another user"):
        strict.approve(as_user("eva", ""), entry.id)
    assert strict.approve(OTTO, entry.id).approved_by == "otto"


def test_on_trial_another_name_will_do(gate: Gate):
    entry = gate.allowlists.add(as_user("olga", "root"), "alice", NewAddress("8.8.0.0/20")).entry
    with pytest.raises(Forbidden):
        gate.allowlists.approve(as_user("Olga", "root"), entry.id)
    assert gate.allowlists.approve(as_user("otto", "root"), entry.id).approved_by == "otto"


def test_the_same_addresses_are_listed_once(gate: Gate):
    gate.allowlists.add(OLGA, "alice", NewAddress("8.8.8.0/24"))
    with pytest.raises(Conflict):
        gate.allowlists.add(OLGA, "alice", NewAddress("8.8.8.0-8.8.8.255"))


def test_an_entry_that_ended_can_be_listed_anew(gate: Gate):
    until = gate.clock.now() + timedelta(days=1)
    first = gate.allowlists.add(OLGA, "alice", NewAddress("8.8.8.8", until=until)).entry
    gate.clock.advance(days=1)
    second = gate.allowlists.add(OTTO, "alice", NewAddress("8.8.8.8")).entry
    assert [e.id for e in gate.allowlists.listing("alice")] == [second.id]
    assert first.id != second.id


def test_an_end_in_the_past_is_refused(gate: Gate):
    with pytest.raises(Invalid, match="over already"):
        gate.allowlists.add(OLGA, "alice", NewAddress("8.8.8.8", until=gate.clock.now()))


@pytest.mark.parametrize("reason", ["two\nlines", "a\x1b[31mred", "x" * 201, "a\u202eb"])
def test_a_reason_is_one_plain_line(gate: Gate, reason):
    with pytest.raises(Invalid):
        gate.allowlists.add(OLGA, "alice", NewAddress("8.8.8.8", reason))


@pytest.mark.parametrize("by", ["id", "as written", "as a range"])
def test_an_entry_is_removed_by_id_or_by_its_addresses(gate: Gate, by):
    entry = gate.allowlists.add(OLGA, "alice", NewAddress("8.8.8.0/24")).entry
    which = {"id": entry.id, "as written": "8.8.8.0/24", "as a range": "8.8.8.0-8.8.8.255"}[by]
    assert gate.allowlists.remove(OTTO, "alice", which).id == entry.id
    assert gate.allowlists.listing("alice") == []
    assert gate.lines(Action.ADDRESS_REMOVED)[-1].event.detail["addresses"] == "8.8.8.0/24"


def test_one_account_cannot_lose_anothers_entry(gate: Gate):
    gate.account("bob", password=None)
    entry = gate.allowlists.listing("bob")[0]
    for which in (entry.id, "8.8.8.8", "nonsense"):
        with pytest.raises(NotFound):
            gate.allowlists.remove(OLGA, "alice", which)
    assert gate.allowlists.listing("bob") == [entry]


def test_nobodys_list_is_not_found(gate: Gate):
    with pytest.raises(NotFound):
        gate.allowlists.add(OLGA, "nobody", NewAddress("8.8.8.8"))
    with pytest.raises(NotFound):
        gate.allowlists.listing("nobody")
    with pytest.raises(NotFound):
        gate.allowlists.approve(OLGA, AllowlistEntryId("ip_nothing"))


def test_a_purged_account_gets_no_addresses(gate: Gate):
    gate.move("alice", AccountState.ACTIVE, AccountState.PURGED)
    with pytest.raises(Conflict):
        gate.allowlists.add(OLGA, "alice", NewAddress("8.8.8.8"))


async def test_the_ends_of_an_approved_range_are_inside(gate: Gate):
    gate.allowlists.add(OLGA, "alice", NewAddress("8.8.8.250-8.8.9.5"))
    for address, inside in (("8.8.8.249", False), ("8.8.8.250", True), ("8.8.9.5", True), ("8.8.9.6", False)):
        outcome = await gate.enter(source=IPv4Address(address))
        assert isinstance(outcome.verdict, Admit) == inside
