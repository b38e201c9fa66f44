"""A plan touches nothing and names what would go; a release removes exactly that, each looked at once more."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mft.blobs.local import LocalBlobs
from mft.model.errors import Conflict, Invalid
from mft.model.ids import PlanId, VersionId
from mft.policy.breaker import BreakerRules, Cause
from mft.policy.retention import FINANCIAL
from mft.policy.signon import Terms
from mft.retention.plan import Plan, Retention
from mft.retention.sweep import Sweep, Swept
from mft.store import due, halts, releases, tombstones, versions
from mft.store.engine import Store
from mft.store.tables import account, metadata, release, version
from tests.support.victims import add_files, destroyed, keys_left, standing, tells
from tests.support.world import OPERATOR, World, furnished, p, put

HOME = "/Distribution/northwind"
FEW = BreakerRules(files=5, percent=5, accounts=2)


@pytest.fixture
def world(any_store: Store, tmp_path: Path) -> World:
    house = furnished(any_store, tmp_path)
    house.breaker = house.another_breaker(FEW)
    return house


def retention(world: World) -> Retention:
    return Retention(world.files.parts, Terms(), FEW)


def dump(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that is in the database."""
    with store.read() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(table.select())), key=repr)
            for table in metadata.sorted_tables
        }


def overdue(world: World, count: int = 20) -> list[VersionId]:
    """Let *count* files be over, more than the breaker lets go."""
    numbers = add_files(world.store, world.blobs, HOME, count, world.clock.now())
    world.clock.advance(days=90)
    return numbers


def halted(world: World) -> set[Cause]:
    with world.store.read() as connection:
        return set(halts.standing(connection))


def test_a_plan_touches_nothing(world: World):
    overdue(world)
    world.clock.advance(days=120)
    before = dump(world.store)
    drawn = retention(world).plan()
    assert retention(world).shares(drawn)
    assert list(retention(world).files(drawn))
    retention(world).plan(world.clock.now() + timedelta(days=1000))
    assert dump(world.store) == before


def test_a_plan_names_files_and_accounts_of_its_moment_and_what_would_stop_it(world: World):
    world.operator.make_folder(p(f"{HOME}/eop"))
    world.folders.set_retention(OPERATOR, p(f"{HOME}/eop"), FINANCIAL)
    put(world.as_("alice"), f"{HOME}/eop/kept.pdf", b"x")
    add_files(world.store, world.blobs, HOME, 20, world.clock.now())
    assert retention(world).plan().files == ()
    later = world.clock.now() + timedelta(days=120)
    drawn = retention(world).plan(later)
    assert (len(drawn.files), drawn.bytes) == (20, 20 * 32)
    assert {one.name for one in drawn.accounts} == {"alice", "anna", "sven", "bot"}
    assert [halt.cause for halt in drawn.halts] == [Cause.FILES, Cause.ACCOUNTS]
    (share,) = retention(world).shares(drawn)
    assert (str(share.folder), share.retention, share.files, share.bytes) == (HOME, "standard", 20, 640)
    assert {str(one.path) for one in retention(world).files(drawn)} == {f"{HOME}/f{n:05}" for n in range(20)}
    much_later = retention(world).plan(later + timedelta(days=500))
    assert [one.retention for one in retention(world).shares(much_later)] == ["standard", "financial"]


def test_the_same_plan_has_the_same_id_and_another_one_another(world: World):
    numbers = overdue(world)
    room = retention(world)
    moment = world.clock.now()
    first = room.plan(moment)
    assert room.plan(moment).id == first.id
    assert room.plan(moment + timedelta(microseconds=900)).id == first.id
    assert room.plan(moment + timedelta(seconds=1)).id != first.id
    held(world, numbers[1])
    assert room.plan(moment).id != first.id


def test_a_halted_sweep_removes_nothing_and_says_why(world: World):
    overdue(world)
    put(world.as_("alice"), f"{HOME}/mine", b"x")
    world.as_("alice").remove(p(f"{HOME}/mine"))
    world.clock.advance(hours=2)
    swept = world.sweep.run()
    assert (swept.expired, swept.uploads, swept.destroyed) == (0, 0, 0)
    assert "20 of 20 files" in swept.halted
    assert (standing(world.store), destroyed(world.store)) == (20, 0)


def test_a_confirmed_plan_removes_exactly_what_it_showed(world: World):
    overdue(world)
    world.sweep.run()
    drawn = retention(world).plan()
    add_files(world.store, world.blobs, HOME, 10, world.clock.now() - timedelta(days=89), prefix="later")
    world.clock.advance(days=1)
    assert retention(world).release(OPERATOR, drawn.id)
    assert halted(world) == set()
    swept = world.sweep.run()
    assert (swept.expired, swept.destroyed) == (20, 20)
    assert "10 of 10 files" in swept.halted
    assert standing(world.store) == 10
    assert sorted(tells(world.store, "file.destroyed")) == sorted(f"{HOME}/f{n:05}" for n in range(20))
    assert tells(world.store, "retention.released") == [drawn.id]
    with world.store.read() as connection:
        assert connection.execute(release.select()).one().finished_at is not None
        assert releases.open_victims(connection, "file", 100) == []


def test_running_what_was_released_removes_nothing_else_though_nothing_holds_it_up(world: World):
    overdue(world)
    drawn = retention(world).plan()
    add_files(world.store, world.blobs, HOME, 2, world.clock.now() - timedelta(days=89), prefix="later")
    world.clock.advance(days=1)
    retention(world).release(OPERATOR, drawn.id)
    assert world.sweep.run_released() == Swept(20, 0, 20)
    assert standing(world.store) == 2


def test_a_plan_that_changed_is_not_released(world: World):
    numbers = overdue(world)
    drawn = retention(world).plan()
    held(world, numbers[3])
    before = dump(world.store)
    with pytest.raises(Conflict, match="look again: mft retention plan"):
        retention(world).release(OPERATOR, drawn.id)
    assert dump(world.store) == before


def test_what_is_released_and_still_to_go_is_no_new_cause_to_halt(world: World):
    overdue(world)
    now = world.clock.now()
    with world.store.read() as connection:
        assert due.count(connection, now, now) == 20
    retention(world).release(OPERATOR, retention(world).plan().id)
    with world.store.read() as connection:
        assert due.count(connection, now, now) == 0
        assert due.count_there(connection) == 20


def test_neither_the_future_nor_what_is_no_id_can_be_released(world: World):
    overdue(world)
    coming = retention(world).plan(world.clock.now() + timedelta(seconds=1))
    with pytest.raises(Invalid, match="to come"):
        retention(world).release(OPERATOR, coming.id)
    for words in ("", "yes", coming.id[:-1], "20261399T000000Z-0123456789abcdef"):
        with pytest.raises(Invalid, match="mft retention plan"):
            retention(world).release(OPERATOR, PlanId(words))


def test_a_moment_before_all_counting_is_refused_and_no_defect(world: World):
    for draw in (
        lambda: retention(world).plan(datetime(1, 1, 1, tzinfo=UTC)),
        lambda: retention(world).release(OPERATOR, PlanId("00010101T000000Z-0123456789abcdef")),
    ):
        with pytest.raises(Invalid, match="before 1970"):
            draw()


def test_a_plan_is_released_once_and_then_gone_on_with(world: World):
    overdue(world)
    drawn = retention(world).plan()
    assert retention(world).release(OPERATOR, drawn.id)
    assert not retention(world).release(OPERATOR, drawn.id)
    assert tells(world.store, "retention.released") == [drawn.id]


def held(world: World, number: VersionId) -> None:
    """What is over can be held by nobody any more; so a hold that came just before it was."""
    with world.store.write() as connection:
        row = {"hold": "a lawsuit", "hold_by": "olivia", "hold_at": world.clock.now()}
        connection.execute(version.update().where(version.c.id == number).values(row))


def longer(world: World, number: VersionId) -> None:
    with world.store.write() as connection:
        versions.set_expiry(connection, number, world.clock.now() + timedelta(days=1))


LEFT_OUT: dict[str, Callable[[World, VersionId], None]] = {"held": held, "of another term": longer}


@pytest.mark.parametrize("what", LEFT_OUT)
def test_a_victim_that_must_stay_by_now_is_left_out_and_struck(world: World, what: str):
    numbers = overdue(world)
    drawn = retention(world).plan()
    retention(world).release(OPERATOR, drawn.id)
    LEFT_OUT[what](world, numbers[0])
    assert world.sweep.run().destroyed == 19
    assert standing(world.store) == 1
    with world.store.read() as connection:
        assert releases.open_victims(connection, "file", 100) == []
        assert connection.execute(release.select()).one().finished_at is not None


def test_a_victim_that_somebody_removed_meanwhile_keeps_its_undo_period(world: World):
    put(world.as_("alice"), f"{HOME}/mine", b"x")
    overdue(world)
    retention(world).release(OPERATOR, retention(world).plan().id)
    with world.store.write() as connection:
        mine = connection.execute(version.select().order_by(version.c.id)).first()
        assert mine is not None
        versions.set_expiry(connection, mine.id, world.clock.now() + timedelta(days=1))
    world.as_("alice").remove(p(f"{HOME}/mine"))
    assert world.sweep.run_released().destroyed == 20
    assert (keys_left(world.store), len(list(world.blobs.published()))) == (1, 1)
    world.clock.advance(hours=1)
    assert world.sweep.run().destroyed == 1


STOPS: dict[str, tuple[Any, str, int]] = {
    "expiring": (due, "among", 2),
    "destroying": (LocalBlobs, "discard_all", 1),
    "certifying": (tombstones, "mark_destroyed", 2),
    "striking": (releases, "strike_all", 1),
}


@pytest.mark.parametrize("stopped_in", STOPS)
def test_a_release_that_was_stopped_is_gone_on_with_though_removing_stands_still_again(
    world: World, monkeypatch: pytest.MonkeyPatch, stopped_in: str
):
    overdue(world, 120)
    retention(world).release(OPERATOR, retention(world).plan().id)
    home, name, at_call = STOPS[stopped_in]
    with monkeypatch.context() as patched:
        stop_at(patched, home, name, at_call)
        with pytest.raises(KeyboardInterrupt):
            world.sweep.run()
    add_files(world.store, world.blobs, HOME, 30, world.clock.now() - timedelta(days=91), prefix="since")
    world.clock.jump(days=3)
    assert "clock" in world.sweep.run().halted
    assert standing(world.store) == 30
    assert sorted(tells(world.store, "file.destroyed")) == sorted(f"{HOME}/f{n:05}" for n in range(120))
    assert len(tells(world.store, "file.expired")) == 120
    assert len(list(world.blobs.published())) == 30


def stop_at(patched: pytest.MonkeyPatch, home: Any, name: str, at_call: int) -> None:
    """Let the *at_call*th call of *home*'s *name* be the last thing that this process does."""
    real, calls = getattr(home, name), 0

    def stopping(*given: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == at_call:
            raise KeyboardInterrupt
        return real(*given, **named)

    patched.setattr(home, name, stopping)


def test_a_pass_expires_no_more_than_the_breaker_was_asked_about(world: World, monkeypatch: pytest.MonkeyPatch):
    add_files(world.store, world.blobs, HOME, 200, world.clock.now() - timedelta(days=1))
    add_files(world.store, world.blobs, HOME, 3, world.clock.now() - timedelta(days=91), prefix="over")
    permits = world.breaker.permits_files

    def and_then_somebody_changes_the_class(connection: Any, count: int, there: int) -> bool:
        permitted = permits(connection, count, there)
        connection.execute(version.update().values(expires_at=world.clock.now() - timedelta(days=1)))
        return permitted

    monkeypatch.setattr(world.breaker, "permits_files", and_then_somebody_changes_the_class)
    assert Sweep(world.files.parts, world.breaker, lambda _: None).run().expired == 3


def test_a_clock_that_jumps_amid_a_pass_stops_it(world: World):
    add_files(world.store, world.blobs, HOME, 2000, world.clock.now())
    add_files(world.store, world.blobs, HOME, 100, world.clock.now() - timedelta(days=91), prefix="over")
    rested: list[float] = []

    def rest(seconds: float) -> None:
        rested.append(seconds)
        if len(rested) == 1:
            world.clock.jump(days=100)

    wide = BreakerRules()
    swept = Sweep(world.files.parts, world.another_breaker(wide), rest).run()
    assert (swept.expired, swept.destroyed) == (50, 0)
    assert standing(world.store) == 2050


def test_accounts_of_a_plan_are_written_down_for_the_pass_that_purges(world: World):
    world.clock.advance(days=120)
    drawn: Plan = retention(world).plan()
    retention(world).release(OPERATOR, drawn.id)
    with world.store.read() as connection:
        found = releases.open_victims(connection, "account", 10)
        known = set(connection.execute(account.select().with_only_columns(account.c.id)).scalars())
    assert set(found) == known
    assert len(found) == 4
    with world.store.write() as connection:
        releases.strike(connection, "account", found[0])
        assert releases.finish(connection, world.clock.now()) == []
        releases.strike_all(connection, "account", found)
        assert releases.finish(connection, world.clock.now()) == [drawn.id]
