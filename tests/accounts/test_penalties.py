"""Penalties in the store: shared, enforced, told to the trail once, lifted."""

import threading
from datetime import timedelta
from ipaddress import IPv4Address

import pytest

from mft.accounts.allowlists import NewAddress
from mft.accounts.penalties import Penalties
from mft.model.event import Action
from mft.policy.penalties import Offence, PenaltyRules
from mft.store.engine import Store
from tests.support.gate import OLGA, Gate, build_gate

STRANGER = IPv4Address("9.9.9.9")
OFFICE = IPv4Address("8.8.8.8")
WRONG = Offence.REFUSED


@pytest.fixture
def gate(any_store: Store) -> Gate:
    return build_gate(any_store)


def room(gate: Gate, rules: PenaltyRules | None = None) -> Penalties:
    return Penalties(gate.store, gate.trail, gate.clock, rules or PenaltyRules())


def charge(penalties: Penalties, source: IPv4Address, *offences: Offence) -> None:
    penalties.charge([(source, offence) for offence in offences])


def test_a_stranger_is_kept_out_after_three_wrong_passwords_and_let_in_again_in_time(gate: Gate):
    penalties = room(gate)
    charge(penalties, STRANGER, WRONG, WRONG)
    assert penalties.standing(STRANGER) is None
    charge(penalties, STRANGER, WRONG)
    found = penalties.standing(STRANGER)
    assert found is not None
    assert (found.reason, found.offences) == (WRONG, 3)
    gate.clock.advance(seconds=14)
    assert penalties.standing(STRANGER) is not None
    gate.clock.advance(seconds=1)
    assert penalties.standing(STRANGER) is None


def test_one_process_charges_and_another_keeps_out(gate: Gate):
    charge(room(gate), STRANGER, Offence.CRASH)
    assert room(gate).standing(STRANGER) is not None


def test_a_penalty_is_told_to_the_trail_once_however_long_it_grows(gate: Gate):
    penalties = room(gate)
    charge(penalties, STRANGER, WRONG, WRONG)
    assert gate.lines(Action.PENALTY_IMPOSED) == []
    for _ in range(10):
        charge(penalties, STRANGER, WRONG)
    [line] = gate.lines(Action.PENALTY_IMPOSED)
    assert line.event.subject == "9.9.9.9"
    assert line.event.actor.source == STRANGER
    assert line.event.detail == {"reason": "refused", "offences": 3, "seconds": 15}
    gate.clock.advance(minutes=11)
    charge(penalties, STRANGER, Offence.CRASH)
    assert len(gate.lines(Action.PENALTY_IMPOSED)) == 2


def test_an_office_that_some_account_lists_pays_less(gate: Gate):
    gate.account("alice", allow="8.8.8.0/24")
    penalties = room(gate)
    charge(penalties, OFFICE, *[WRONG] * 14)
    assert penalties.standing(OFFICE) is None
    charge(penalties, OFFICE, WRONG)
    assert penalties.standing(OFFICE) is not None


@pytest.mark.parametrize("why", ["waiting", "over"])
def test_an_entry_that_admits_nobody_makes_nothing_cheaper(gate: Gate, why: str):
    entry = {
        "waiting": NewAddress("8.8.0.0/16"),
        "over": NewAddress("8.8.8.8", until=gate.clock.now() + timedelta(days=1)),
    }[why]
    gate.account("alice", allow=None)
    gate.allowlists.add(OLGA, "alice", entry)
    gate.clock.advance(days=1)
    penalties = room(gate)
    charge(penalties, OFFICE, WRONG, WRONG, WRONG)
    assert penalties.standing(OFFICE) is not None


def test_lifting_lets_a_source_in_at_once_and_names_who_did(gate: Gate):
    penalties = room(gate)
    charge(penalties, STRANGER, Offence.CRASH)
    assert penalties.lift(STRANGER, OLGA)
    assert penalties.standing(STRANGER) is None
    assert not penalties.lift(STRANGER, OLGA)
    [line] = gate.lines(Action.PENALTY_LIFTED)
    assert (line.event.subject, line.event.actor.name) == ("9.9.9.9", "olga")


def test_the_list_shows_who_is_kept_out_now_the_longest_first(gate: Gate):
    penalties = room(gate)
    charge(penalties, STRANGER, WRONG, WRONG, WRONG)
    charge(penalties, OFFICE, Offence.CRASH)
    charge(penalties, IPv4Address("9.9.9.10"), WRONG)
    assert [penalty.source for penalty in penalties.list()] == [OFFICE, STRANGER]
    gate.clock.advance(seconds=15)
    assert [penalty.source for penalty in penalties.list()] == [OFFICE]


def test_so_many_sources_are_remembered_and_the_soonest_free_is_forgotten_first(gate: Gate):
    penalties = room(gate, PenaltyRules(tracked=10))
    for number in range(12):
        source = IPv4Address(int(IPv4Address("9.0.0.0")) + number)
        charge(penalties, source, Offence.CRASH)
        gate.clock.advance(seconds=1)
    assert sorted(str(p.source) for p in penalties.list()) == sorted(f"9.0.0.{n}" for n in range(2, 12))


def test_charging_from_many_threads_loses_nothing(gate: Gate):
    penalties = room(gate)
    threads = [threading.Thread(target=charge, args=(penalties, STRANGER, WRONG)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = penalties.standing(STRANGER)
    assert found is not None
    assert found.offences == 12
    assert len(gate.lines(Action.PENALTY_IMPOSED)) == 1
