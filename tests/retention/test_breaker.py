"""Removing stops for too much at once and for a clock that jumped; who may let it go on, and who is told."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mft.logs.metrics import REGISTRY
from mft.model.event import Action, Event
from mft.policy.breaker import Cause
from mft.retention.breaker import Breaker, explanation
from mft.store import halts
from mft.store.engine import Store
from mft.store.tables import audit_event, halt, letter
from tests.support.trails import an_event
from tests.support.world import OPERATOR, World

ALARMS = ("ops@example.org", "night@example.org")


@pytest.fixture
def house(any_store: Store, tmp_path: Path) -> World:
    return World(any_store, tmp_path)


def breaker_of(house: World) -> Breaker:
    """A breaker as a process that begins now has it."""
    return house.another_breaker(alarms=ALARMS)


def files_pass(breaker: Breaker, house: World, due: int, there: int) -> bool:
    breaker.look()
    with house.store.write() as connection:
        return breaker.permits_files(connection, due, there)


def accounts_pass(breaker: Breaker, house: World, due: int) -> bool:
    breaker.look()
    with house.store.write() as connection:
        return breaker.permits_accounts(connection, due)


def standing(house: World) -> set[Cause]:
    with house.store.read() as connection:
        return set(halts.standing(connection))


def told(house: World) -> list[tuple[str, str]]:
    with house.store.read() as connection:
        lines = audit_event.select().where(audit_event.c.action.like("retention.%"))
        rows = connection.execute(lines.order_by(audit_event.c.number))
        return [(row.action.partition(".")[2], row.subject) for row in rows.mappings()]


def release(house: World) -> None:
    """What an operator's release does to the halts."""
    with house.store.write() as connection:
        halts.lift_all(connection)
        event = Event(Action.RETENTION_RELEASED, OPERATOR, "plan", explanation(connection))
        house.files.parts.trail.record(connection, event, house.clock.now())


@pytest.mark.parametrize(
    ("due", "there", "permitted"),
    [(500, 500, True), (501, 10_020, True), (501, 10_019, False), (501, 501, False), (0, 0, True), (500, 10, True)],
)
def test_a_pass_over_files_needs_both_limits_to_be_passed_before_it_halts(house: World, due, there, permitted):
    assert files_pass(breaker_of(house), house, due, there) is permitted
    assert standing(house) == (set() if permitted else {Cause.FILES})


@pytest.mark.parametrize(("due", "permitted"), [(0, True), (20, True), (21, False)])
def test_a_pass_over_accounts_halts_above_twenty(house: World, due, permitted):
    assert accounts_pass(breaker_of(house), house, due) is permitted
    assert standing(house) == (set() if permitted else {Cause.ACCOUNTS})


def test_a_halt_is_told_once_to_the_trail_and_to_every_operator(house: World):
    breaker = breaker_of(house)
    for _ in range(3):
        assert not files_pass(breaker, house, 501, 600)
    assert not files_pass(breaker_of(house), house, 501, 600)
    assert told(house) == [("halted", "files")]
    with house.store.read() as connection:
        letters = connection.execute(letter.select()).all()
    assert {(one.recipient, one.template) for one in letters} == {(to, "retention-halted") for to in ALARMS}
    assert len(letters) == 2
    assert "501 of 600" in letters[0].fields


def test_too_much_at_once_halts_nothing_any_more_when_the_count_is_down(house: World):
    breaker = breaker_of(house)
    assert not files_pass(breaker, house, 501, 600)
    assert files_pass(breaker, house, 5, 600)
    assert standing(house) == set()
    assert told(house) == [("halted", "files"), ("resumed", "files")]


def test_files_and_accounts_halt_apart(house: World):
    breaker = breaker_of(house)
    assert not files_pass(breaker, house, 501, 600)
    assert accounts_pass(breaker, house, 3)
    assert standing(house) == {Cause.FILES}


@pytest.mark.parametrize("minutes", [61, -61, 24 * 60, -24 * 60, 60 * 24 * 200])
def test_a_jump_of_the_clock_halts_everything_until_it_is_undone(house: World, minutes):
    breaker = breaker_of(house)
    assert files_pass(breaker, house, 1, 10)
    house.clock.jump(minutes=minutes)
    assert not breaker.steady()
    assert not files_pass(breaker, house, 1, 10)
    assert not accounts_pass(breaker, house, 1)
    house.clock.advance(minutes=30)
    assert not files_pass(breaker, house, 1, 10)
    house.clock.jump(minutes=-minutes)
    assert files_pass(breaker, house, 1, 10)
    assert accounts_pass(breaker, house, 1)
    assert told(house) == [("halted", "clock"), ("resumed", "clock")]


def wrote_a_line(house: World) -> None:
    with house.store.write() as connection:
        house.files.parts.trail.record(connection, Event(Action.SERVER_STOPPED, OPERATOR, "n1"), house.clock.now())


@pytest.mark.parametrize(("days", "halts_it"), [(7, False), (8, True), (730, True)])
def test_a_start_long_after_the_trails_newest_line_halts_until_somebody_releases(house: World, days, halts_it):
    wrote_a_line(house)
    house.clock.advance(days=days)
    breaker = breaker_of(house)
    breaker.begin()
    wrote_a_line(house)
    assert standing(house) == ({Cause.CLOCK} if halts_it else set())
    for one in (breaker, breaker_of(house)):
        assert files_pass(one, house, 1, 10) is not halts_it
        assert accounts_pass(one, house, 1) is not halts_it
    release(house)
    for one in (breaker, breaker_of(house)):
        assert files_pass(one, house, 1, 10)
        assert accounts_pass(one, house, 1)


def test_jobs_of_a_process_that_look_at_once_note_one_halt_and_lift_it(house: World):
    breaker = breaker_of(house)
    house.clock.jump(days=2)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: breaker.look(), range(16)))
    assert not breaker.trusts_clock()
    house.clock.jump(days=-2)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: breaker.look(), range(16)))
    assert breaker.trusts_clock()
    assert told(house) == [("halted", "clock"), ("resumed", "clock")]


def test_an_hours_drift_and_any_time_that_passes_halt_nothing(house: World):
    breaker = breaker_of(house)
    house.clock.jump(minutes=60)
    house.clock.advance(days=400)
    assert breaker.steady()
    assert files_pass(breaker, house, 1, 10)


def test_another_process_that_never_saw_the_jump_lifts_nothing(house: World):
    breaker = breaker_of(house)
    house.clock.jump(days=100)
    assert not files_pass(breaker, house, 1, 10)
    assert not files_pass(breaker_of(house), house, 1, 10)
    assert standing(house) == {Cause.CLOCK}


def test_a_restart_amid_a_jump_needs_a_release(house: World):
    breaker_before = breaker_of(house)
    house.clock.jump(days=100)
    assert not files_pass(breaker_before, house, 1, 10)
    restarted = breaker_of(house)
    assert not files_pass(restarted, house, 1, 10)
    house.clock.jump(days=-100)
    assert not files_pass(restarted, house, 1, 10)
    assert not files_pass(restarted, house, 1, 10)
    release(house)
    assert files_pass(restarted, house, 1, 10)


def test_a_start_behind_the_trails_newest_line_halts_until_released_and_then_never_for_that_line(house: World):
    house.add_organization("northwind")
    house.clock.jump(days=30)
    breaker_of(house).look()
    with house.store.write() as connection:
        house.files.parts.trail.record(connection, an_event(), house.clock.now())
    house.clock.jump(days=-30)
    behind = breaker_of(house)
    assert not files_pass(behind, house, 1, 10)
    release(house)
    assert files_pass(behind, house, 1, 10)
    assert files_pass(breaker_of(house), house, 1, 10)
    assert standing(house) == set()


def test_what_was_written_during_a_jump_that_was_seen_to_end_halts_no_later_start(house: World):
    breaker = breaker_of(house)
    house.clock.jump(days=30)
    breaker.look()
    house.clock.jump(days=-30)
    breaker.look()
    assert files_pass(breaker_of(house), house, 1, 10)


def test_a_start_a_few_seconds_behind_halts_nothing(house: World):
    with house.store.write() as connection:
        house.files.parts.trail.record(connection, an_event(), house.clock.now())
    house.clock.jump(seconds=-60)
    assert files_pass(breaker_of(house), house, 1, 10)
    house.clock.jump(seconds=-1)
    assert not files_pass(breaker_of(house), house, 1, 10)


def test_a_release_accepts_the_clock_as_it_was_and_not_the_next_jump(house: World):
    breaker = breaker_of(house)
    house.clock.jump(days=2)
    assert not files_pass(breaker, house, 1, 10)
    release(house)
    assert files_pass(breaker, house, 1, 10)
    house.clock.jump(days=50)
    assert not files_pass(breaker, house, 1, 10)
    house.clock.jump(days=-50)
    assert files_pass(breaker, house, 1, 10)


def test_a_further_jump_between_a_release_and_the_next_look_is_not_accepted_with_it(house: World):
    breaker = breaker_of(house)
    house.clock.jump(days=2)
    assert not files_pass(breaker, house, 1, 10)
    release(house)
    house.clock.jump(days=50)
    assert not files_pass(breaker, house, 1, 10)


def test_the_gauge_says_what_stands_still(house: World):
    def said(cause: str) -> float | None:
        return REGISTRY.get_sample_value("mft_retention_halted", {"cause": cause})

    breaker = breaker_of(house)
    files_pass(breaker, house, 501, 600)
    house.clock.jump(days=2)
    breaker.look()
    assert (said("files"), said("accounts"), said("clock")) == (1, 0, 1)
    with house.store.write() as connection:
        connection.execute(halt.delete())
    breaker.look()
    assert (said("files"), said("clock")) == (0, 0)
