"""Why a folder is empty: what was in it, when it went and why, swept or not (fact 0.24)."""

from datetime import timedelta
from pathlib import Path

import pytest

from mft.model.file import Ending
from mft.store.engine import Store
from mft.vfs.history import Cause
from tests.support.world import OPERATOR, World, furnished, names, p, put

HOME = "/Distribution/northwind"
DAY = timedelta(days=1)


def went(world: World) -> list[tuple[str, Ending, str]]:
    return [(stone.path.name, stone.ending, stone.ended_by) for stone in world.history.folder(p(HOME))]


@pytest.mark.fact("0.24")
@pytest.mark.fact("0.2")
@pytest.mark.parametrize("swept", [False, True], ids=["unswept", "swept"])
def test_each_of_the_documents_causes_is_told(any_store: Store, tmp_path: Path, swept: bool):  # noqa: FBT001
    world = furnished(any_store, tmp_path)
    alice, start = world.as_("alice"), world.clock.now()
    assert world.history.causes(p(HOME)) == []  # Nothing was uploaded yet.
    for name in ("viewed", "old", "older", "new"):
        put(alice, f"{HOME}/{name}", b"x")
    world.clock.advance(days=1)
    alice.remove(p(f"{HOME}/viewed"))
    put(alice, f"{HOME}/new", b"corrected")
    world.holds.put(OPERATOR, p(f"{HOME}/old"), "audit", start + 100 * DAY)
    world.clock.advance(days=99)
    if swept:
        world.sweep.run()
    assert names(alice, HOME) == []
    found = {(cause.ending, cause.by): (cause.files, cause.last_at) for cause in world.history.causes(p(HOME))}
    assert found == {
        (Ending.EXPIRED, "retention"): (3, start + 100 * DAY),
        (Ending.DELETED, "alice"): (1, start + DAY),
        (Ending.REPLACED, "alice"): (1, start + DAY),
    }
    assert world.history.causes(p(HOME))[0].ending is Ending.EXPIRED
    assert sorted(went(world)) == [
        ("new", Ending.EXPIRED, "retention"),
        ("new", Ending.REPLACED, "alice"),
        ("old", Ending.EXPIRED, "retention"),
        ("older", Ending.EXPIRED, "retention"),
        ("viewed", Ending.DELETED, "alice"),
    ]
    destroyed = [stone.destroyed_at is not None for stone in world.history.folder(p(HOME))]
    assert destroyed == [swept] * 5


@pytest.mark.fact("0.24")
def test_what_was_swept_and_what_waits_are_one_cause(world: World):
    put(world.as_("alice"), f"{HOME}/1", b"x")
    world.clock.advance(days=90)
    world.sweep.run()
    first = world.clock.now()
    put(world.as_("alice"), f"{HOME}/2", b"x")
    world.clock.advance(days=90)
    assert world.history.causes(p(HOME)) == [Cause(Ending.EXPIRED, "retention", 2, first + 90 * DAY)]
    assert [stone.path.name for stone in world.history.folder(p(HOME))] == ["2", "1"]
    assert [stone.path.name for stone in world.history.folder(p(HOME), limit=1)] == ["2"]


def test_what_is_on_hold_has_not_gone(world: World):
    put(world.as_("alice"), f"{HOME}/1", b"x")
    world.holds.put(OPERATOR, p(f"{HOME}/1"), "a lawsuit")
    world.clock.advance(days=900)
    assert world.history.folder(p(HOME)) == []
    assert world.history.causes(p(HOME)) == []


def test_the_history_of_a_folder_outlives_it(world: World):
    world.operator.make_folder(p(f"{HOME}/a"))
    put(world.as_("alice"), f"{HOME}/a/1", b"x")
    world.as_("alice").remove(p(f"{HOME}/a/1"))
    world.as_("alice").remove_folder(p(f"{HOME}/a"))
    assert [stone.path.name for stone in world.history.folder(p(f"{HOME}/a"))] == ["1"]
