"""What strangers can do: nothing to a name, little to the trail, and they learn nothing from the cost."""

from datetime import timedelta
from ipaddress import IPv4Address

import pytest

from mft.accounts.explain import explain
from mft.accounts.names import Veil
from mft.accounts.refusals import Refusals
from mft.model.event import Action
from mft.model.session import Door
from mft.policy.signon import Admit, Reason, Refuse
from mft.store import slowdowns
from mft.store.tables import metadata
from tests.support.gate import ELSEWHERE, HOME, SECRET, Gate
from tests.support.statements import counted


async def cost(gate: Gate, name: str, secret: str, source: IPv4Address) -> tuple[int, int, int]:
    """Return how many hashes, trail lines and SQL statements one refusal takes."""
    hashes, lines = gate.passwords.compared, len(gate.lines(Action.SIGNON_REFUSED))
    with counted(gate.store) as statements:
        outcome = await gate.enter(name, secret, source)
    assert isinstance(outcome.verdict, Refuse)
    return gate.passwords.compared - hashes, len(gate.lines(Action.SIGNON_REFUSED)) - lines, len(statements)


async def test_a_stranger_costs_what_anybody_costs(gate: Gate):
    gate.account("alice")
    gate.account("keyonly", password=None)
    gate.account("closed", allow=None)
    await gate.enter("warm-up")
    costs = {
        await cost(gate, name, secret, source)
        for name, secret, source in (
            ("nobody", SECRET, HOME),
            ("Not A Name", SECRET, HOME),
            ("alice", "wrong", HOME),
            ("alice", "wrong", ELSEWHERE),
            ("alice", SECRET, ELSEWHERE),
            ("alice", "\x00", HOME),
            ("keyonly", "wrong", HOME),
            ("closed", SECRET, HOME),
        )
    }
    assert len(costs) == 1
    assert costs.pop()[:2] == (1, 1)


async def test_strangers_cannot_lock_a_name(gate: Gate):
    gate.account()
    for number in range(150):
        await gate.enter(secret="guess", source=IPv4Address(int(ELSEWHERE) + number % 50))
    assert gate.current().failures == 0
    assert gate.lines(Action.ACCOUNT_LOCKED) == []
    assert isinstance((await gate.enter()).verdict, Admit)


async def test_the_persons_own_address_is_not_slowed_by_strangers(gate: Gate):
    gate.account()
    for _ in range(10):
        await gate.enter(secret="guess", source=ELSEWHERE)
    gate.pauses.clear()
    assert isinstance((await gate.enter()).verdict, Admit)
    assert gate.pauses == []


@pytest.mark.parametrize("name", ["alice", "nobody", "Not A Name"])
async def test_failures_slow_the_pair_whoever_the_name_is(gate: Gate, name):
    gate.account()
    for _ in range(11):
        await gate.enter(name, "guess")
    assert gate.pauses == [0.5, 1, 2, 4, 8, 16, 30, 30]


async def test_another_name_from_the_same_source_is_not_slowed(gate: Gate):
    gate.account()
    for _ in range(10):
        await gate.enter("alice", "guess")
    gate.pauses.clear()
    await gate.enter("bob", "guess")
    assert gate.pauses == []


async def test_a_quarter_of_an_hour_without_failure_starts_afresh(gate: Gate):
    for _ in range(8):
        await gate.enter("nobody")
    gate.clock.advance(minutes=15, microseconds=1)
    gate.pauses.clear()
    for _ in range(4):
        await gate.enter("nobody")
    assert gate.pauses == [0.5]


async def test_a_sign_on_ends_the_slowing_of_its_pair(gate: Gate):
    gate.account()
    for _ in range(5):
        await gate.enter(secret="typo")
    assert isinstance((await gate.enter()).verdict, Admit)
    gate.pauses.clear()
    await gate.enter(secret="typo")
    assert gate.pauses == []


async def test_the_pause_comes_before_the_answer_to_the_right_password_too(gate: Gate):
    gate.account()
    for _ in range(5):
        await gate.enter(secret="typo")
    gate.pauses.clear()
    assert isinstance((await gate.enter()).verdict, Admit)
    assert gate.pauses == [2]


async def test_signed_keys_are_slowed_like_passwords(gate: Gate):
    for _ in range(4):
        await gate.signon.by_key(gate.knock(), "SHA256:unknown")
    assert gate.pauses == [0.5]


async def test_100_failures_from_a_listed_address_lock_and_unlocking_mends(gate: Gate):
    gate.account()
    for attempt in range(100):
        assert gate.current().failures == attempt
        assert (await gate.enter(secret="guess")).verdict == Refuse(Reason.SECRET_MISMATCH)
        gate.clock.advance(seconds=20)
    locked = gate.lines(Action.ACCOUNT_LOCKED)
    assert [(line.event.subject, line.event.detail["failures"]) for line in locked] == [("alice", 100)]
    assert (await gate.enter()).verdict == Refuse(Reason.ACCOUNT_LOCKED)
    assert (await gate.enter(secret="guess")).verdict == Refuse(Reason.SECRET_MISMATCH)
    assert gate.current().failures == 100
    assert len(gate.lines(Action.ACCOUNT_LOCKED)) == 1
    gate.unlock("alice")
    gate.pauses.clear()
    assert isinstance((await gate.enter()).verdict, Admit)
    assert gate.pauses == []


async def test_the_99_failures_before_are_forgotten_by_a_sign_on(gate: Gate):
    gate.account(failures=99)
    assert isinstance((await gate.enter()).verdict, Admit)
    assert gate.current().failures == 0


async def test_wrong_keys_do_not_count_towards_the_lock(gate: Gate):
    gate.account(failures=99)
    await gate.signon.by_key(gate.knock(), "SHA256:unknown")
    assert gate.current().failures == 99


async def test_refusals_beyond_twenty_a_minute_become_one_counted_event(gate: Gate):
    gate.account()
    outcomes = [await gate.enter("alice" if n % 2 else f"guess{n}", "guess", ELSEWHERE) for n in range(120)]
    assert len(gate.lines(Action.SIGNON_REFUSED)) == 20
    assert gate.lines(Action.SIGNON_REFUSED_OFTEN) == []
    gate.clock.advance(seconds=60)
    gate.signon.tidy()
    (counted,) = gate.lines(Action.SIGNON_REFUSED_OFTEN)
    assert counted.event.subject == str(ELSEWHERE)
    assert counted.event.detail["count"] == 100
    assert counted.event.detail["reasons"] == "secret_mismatch 50, unknown_account 50"
    assert "alice" in str(counted.event.detail["names"])
    assert {outcome.reference for outcome in outcomes[20:]} == {counted.event.reference}
    assert len({outcome.reference for outcome in outcomes[:20]}) == 20


async def test_a_counted_refusal_can_be_explained_too(gate: Gate):
    outcomes = [await gate.enter("nobody") for _ in range(30)]
    assert outcomes[-1].reference is not None
    gate.clock.advance(minutes=1)
    gate.signon.tidy()
    told = explain(gate.store, outcomes[-1].reference)
    assert (told.count, told.source, told.reason) == (10, str(HOME), "unknown_account 10")


async def test_the_minute_that_ended_is_written_with_the_next_refusal(gate: Gate):
    for _ in range(25):
        await gate.enter("nobody")
    gate.clock.advance(minutes=1)
    await gate.enter("nobody", source=ELSEWHERE)
    (counted,) = gate.lines(Action.SIGNON_REFUSED_OFTEN)
    assert counted.event.detail["count"] == 5


async def test_what_was_counted_is_written_when_the_server_stops(gate: Gate):
    for _ in range(25):
        await gate.enter("nobody")
    gate.signon.tidy(stopping=True)
    assert len(gate.lines(Action.SIGNON_REFUSED_OFTEN)) == 1
    gate.signon.tidy(stopping=True)
    assert len(gate.lines(Action.SIGNON_REFUSED_OFTEN)) == 1


async def test_a_flood_of_counted_refusals_still_locks(gate: Gate):
    gate.account()
    for _ in range(100):
        await gate.enter(secret="guess")
    assert gate.current().failures == 100
    assert len(gate.lines(Action.ACCOUNT_LOCKED)) == 1


async def test_other_sources_have_lines_of_their_own_during_a_flood(gate: Gate):
    for _ in range(40):
        await gate.enter("nobody", source=ELSEWHERE)
    await gate.enter("somebody", source=HOME)
    assert gate.lines(Action.SIGNON_REFUSED)[-1].event.subject.startswith("so… (8 characters")


async def test_old_failures_are_forgotten_by_tidying(gate: Gate):
    for _ in range(3):
        await gate.enter("nobody")
    gate.clock.advance(minutes=16)
    gate.signon.tidy()
    with gate.store.read() as connection:
        assert slowdowns.of_name(connection, "nobody", gate.clock.now() - timedelta(days=1)) == []


def test_counting_survives_a_store_that_does_not_answer(gate: Gate):
    refusals = Refusals(each_minute=1)
    now = gate.clock.now()
    for _ in range(3):
        refusals.reference(HOME, Door.SFTP, "nobody", Reason.UNKNOWN_ACCOUNT, now)
    taken = refusals.take(now + timedelta(minutes=1))
    refusals.put_back(taken)
    assert [window.event().detail["count"] for window in refusals.take(now + timedelta(minutes=1))] == [2]


def test_minutes_of_many_sources_end_each_in_its_own_time(gate: Gate):
    refusals = Refusals(each_minute=1)
    now = gate.clock.now()
    for step in range(3):
        for _ in range(2):
            at = now + timedelta(seconds=30 * step)
            refusals.reference(IPv4Address(step), Door.SFTP, "nobody", Reason.UNKNOWN_ACCOUNT, at)
    assert not refusals.due(now + timedelta(seconds=59))
    assert [int(w.source) for w in refusals.take(now + timedelta(seconds=60))] == [0]
    assert [int(w.source) for w in refusals.take(now + timedelta(seconds=120))] == [1, 2]
    assert refusals.take(None) == []


TYPED = ("tr0ub4dor-and-3", "Correct Horse Battery!", "hunter2\x1b[31m", "pässwörter sind lang", "s" * 300)


def everything_kept(gate: Gate) -> str:
    """Return every text in every table."""
    with gate.store.read() as connection:
        tables = [connection.execute(table.select()).all() for table in metadata.sorted_tables]
    return repr(tables)


@pytest.mark.parametrize("typed", TYPED)
async def test_a_password_typed_as_the_name_is_kept_nowhere(gate: Gate, typed: str):
    gate.account()
    for _ in range(25):
        assert isinstance((await gate.enter(typed)).verdict, Refuse)
    gate.signon.tidy(stopping=True)
    kept = everything_kept(gate)
    assert typed[:6] not in kept
    assert typed[3:9] not in kept
    assert len(gate.lines(Action.SIGNON_REFUSED_OFTEN)) == 1


async def test_the_same_wrong_name_is_recognised_and_other_keys_mark_it_otherwise(gate: Gate):
    gate.account()
    for name in ("alcie", "alcie", "alcie2", "alice"):
        await gate.enter(name, "guess")
    first, second, third, known = [line.event.subject for line in gate.lines(Action.SIGNON_REFUSED)]
    assert first == second != third
    assert first.startswith("al… (5 characters #")
    assert known == "alice"
    assert Veil(b"one").over("alcie") != Veil(b"two").over("alcie")
