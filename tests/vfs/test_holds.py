"""Holds beat every rule, on a file or on all of a folder, until their end or until somebody lifts them."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from mft.audit.search import Wanted, search
from mft.model.errors import Conflict, Forbidden, Invalid, NotFound
from mft.policy.breaker import Cause, Halt
from mft.store import halts
from mft.store.engine import Store
from mft.vfs.holds import Lifted, Put
from mft.vfs.workspace import Workspace
from tests.support.world import OPERATOR, World, furnished, get, names, p, put

HOME = "/Distribution/northwind"
FILE = f"{HOME}/report.csv"
SECOND = timedelta(seconds=1)


def at(world: World, moment: datetime) -> None:
    world.clock.jump(seconds=(moment - world.clock.now()).total_seconds())


def everything_refused(tree: Workspace, path: str = FILE) -> None:
    """A file on hold is there for reading and for nothing else."""
    with pytest.raises(Forbidden, match="on hold"):
        tree.remove(p(path))
    with pytest.raises(Forbidden, match="on hold"):
        tree.rename(p(path), p(f"{path}.other"), replace=False)
    with pytest.raises(Forbidden, match="on hold"):
        put(tree, path, b"new")
    put(tree, f"{HOME}/other", b"over it")
    with pytest.raises(Forbidden, match="on hold"):
        tree.rename(p(f"{HOME}/other"), p(path), replace=True)


@pytest.mark.parametrize("after", [-1, 0, 1])
@pytest.mark.fact("0.3")
def test_a_hold_keeps_a_file_to_its_own_end_and_no_second_longer(world: World, after: int):
    put(world.as_("alice"), FILE, b"x")
    until = world.clock.now() + timedelta(days=200)
    world.holds.put(OPERATOR, p(FILE), "claim 4711", until)
    at(world, until + after * SECOND)
    alice = world.as_("alice")
    if after < 0:
        assert names(alice, HOME) == ["report.csv"]
        assert alice.stat(p(FILE)).expires_at == until
        assert alice.stat(p(FILE)).hold is not None
        assert get(alice, FILE) == b"x"
        everything_refused(alice)
        assert world.sweep.run().expired == 0
    else:
        assert names(alice, HOME) == []
        for look in (alice.stat, alice.open_download, alice.remove):
            with pytest.raises(NotFound):
                look(p(FILE))
        put(alice, FILE, b"new")
        assert get(alice, FILE) == b"new"


@pytest.mark.parametrize("after", [-1, 0, 1])
def test_a_hold_that_ends_within_the_term_lets_the_file_be_as_before(world: World, after: int):
    put(world.as_("alice"), FILE, b"x")
    ends = world.as_("alice").stat(p(FILE)).expires_at
    until = world.clock.now() + timedelta(days=10)
    world.holds.put(OPERATOR, p(FILE), "claim 4711", until)
    at(world, until + after * SECOND)
    listed = world.as_("alice").stat(p(FILE))
    assert listed.expires_at == ends
    if after < 0:
        everything_refused(world.as_("alice"))
        return
    assert listed.hold is None
    assert world.holds.listing() == []
    put(world.as_("alice"), FILE, b"new")
    world.as_("alice").rename(p(FILE), p(f"{HOME}/renamed"), replace=False)
    world.as_("alice").remove(p(f"{HOME}/renamed"))


def test_a_hold_without_an_end_outlasts_everything(world: World):
    put(world.as_("alice"), FILE, b"x")
    world.holds.put(OPERATOR, p(FILE), "a lawsuit")
    world.clock.advance(days=5000)
    world.sweep.run()
    assert world.as_("alice").stat(p(FILE)).expires_at is None
    everything_refused(world.as_("alice"))


def test_a_hold_on_a_folder_is_on_every_file_there_now_and_on_none_that_comes(any_store: Store, tmp_path: Path):
    world = furnished(any_store, tmp_path)
    alice = world.as_("alice")
    alice.make_folder(p(f"{HOME}/a"))
    alice.make_folder(p(f"{HOME}/a/b"))
    for path in (f"{HOME}/a/1", f"{HOME}/a/b/2", FILE, f"{HOME}/a/3.part"):
        put(alice, path, b"x")
    assert world.holds.put(OPERATOR, p(f"{HOME}/a"), "audit 12") == Put(2, 0, folder=True)
    put(alice, f"{HOME}/a/later", b"x")
    assert [str(one.path) for one in world.holds.listing()] == [f"{HOME}/a/1", f"{HOME}/a/b/2"]
    world.clock.advance(days=90)
    assert names(alice, HOME) == ["a"]
    assert names(alice, f"{HOME}/a") == ["1", "b"]
    assert world.holds.lift(OPERATOR, p(f"{HOME}/a")) == Lifted(2, 2)
    assert names(alice, f"{HOME}/a/b") == []
    assert world.holds.listing() == []


def test_a_hold_never_shortens_another(any_store: Store, tmp_path: Path):
    world = furnished(any_store, tmp_path)
    alice, now = world.as_("alice"), world.clock.now()
    for name in ("endless", "short", "long", "free"):
        put(alice, f"{HOME}/{name}", b"x")
    world.holds.put(OPERATOR, p(f"{HOME}/endless"), "a lawsuit")
    world.holds.put(OPERATOR, p(f"{HOME}/short"), "audit", now + timedelta(days=5))
    world.holds.put(OPERATOR, p(f"{HOME}/long"), "audit", now + timedelta(days=500))
    assert world.holds.put(OPERATOR, p(HOME), "claims", now + timedelta(days=100)) == Put(2, 2, folder=True)
    held = {one.path.name: (one.hold.why, one.hold.until) for one in world.holds.listing(p(HOME))}
    assert held == {
        "endless": ("a lawsuit", None),
        "short": ("claims", now + timedelta(days=100)),
        "long": ("audit", now + timedelta(days=500)),
        "free": ("claims", now + timedelta(days=100)),
    }
    with pytest.raises(Conflict, match="at least as long"):
        world.holds.put(OPERATOR, p(f"{HOME}/endless"), "claims", now + timedelta(days=100))


def test_lifting_the_holds_of_a_folder_asks_which_reason_is_over(world: World):
    for name, why in (("1", "audit"), ("2", "audit"), ("3", "a lawsuit")):
        put(world.as_("alice"), f"{HOME}/{name}", b"x")
        world.holds.put(OPERATOR, p(f"{HOME}/{name}"), why)
    with pytest.raises(Conflict, match=r"'a lawsuit' \(1\), 'audit' \(2\)"):
        world.holds.lift(OPERATOR, p(HOME))
    with pytest.raises(Conflict, match="nothing at"):
        world.holds.lift(OPERATOR, p(HOME), "no such reason")
    assert world.holds.lift(OPERATOR, p(HOME), "audit") == Lifted(2, 0)
    assert [one.hold.why for one in world.holds.listing()] == ["a lawsuit"]


def test_a_hold_on_nothing_or_with_no_reason_or_over_already_is_refused(world: World):
    put(world.as_("alice"), FILE, b"x")
    world.operator.make_folder(p(f"{HOME}/empty"))
    with pytest.raises(NotFound):
        world.holds.put(OPERATOR, p(f"{HOME}/none"), "why")
    with pytest.raises(NotFound, match="no file in"):
        world.holds.put(OPERATOR, p(f"{HOME}/empty"), "why")
    for why in (" ", "two\nlines", "\x1b]0;owned\x07", "x" * 201):
        with pytest.raises(Invalid, match="reason"):
            world.holds.put(OPERATOR, p(FILE), why)
    with pytest.raises(Invalid):
        world.holds.put(OPERATOR, p(FILE), "why", world.clock.now())
    world.clock.advance(days=90)
    with pytest.raises(NotFound):
        world.holds.put(OPERATOR, p(FILE), "too late")
    with pytest.raises(NotFound):
        world.holds.put(OPERATOR, p(HOME), "too late")


def test_who_held_what_and_why_is_in_the_trail(world: World):
    put(world.as_("alice"), FILE, b"x")
    world.holds.put(OPERATOR, p(FILE), "claim 4711")
    world.holds.lift(OPERATOR, p(FILE))
    world.holds.put(OPERATOR, p(HOME), "audit 12", world.clock.now() + timedelta(days=1))
    held = search(world.store, Wanted(action="file.held"))[::-1]
    (released,) = search(world.store, Wanted(action="file.released"))
    assert [(line.event.actor.name, line.event.subject) for line in (*held, released)] == [
        ("olivia", FILE),
        ("olivia", HOME),
        ("olivia", FILE),
    ]
    assert held[0].event.detail == {"why": "claim 4711", "until": None}
    until = (world.clock.now() + timedelta(days=1)).isoformat()
    assert held[1].event.detail == {"why": "audit 12", "until": until, "files": 1, "left": 0}
    assert released.event.detail == {"why": "claim 4711", "files": 1, "gone": 0}


def test_a_change_of_class_shortens_nothing_that_is_held(world: World):
    put(world.as_("alice"), FILE, b"x")
    world.holds.put(OPERATOR, p(FILE), "a lawsuit")
    world.clock.advance(days=1000)
    change = world.folders.plan_retention(p(HOME), None)
    assert (change.touched.files, change.touched.gone, change.touched.earliest_end) == (1, 0, None)


@pytest.mark.parametrize("held", [FILE, HOME])
@pytest.mark.parametrize("cause", [None, *Cause])
def test_what_is_over_can_be_saved_only_while_a_halt_keeps_it_from_being_destroyed(
    world: World, held: str, cause: Cause | None
):
    put(world.as_("alice"), FILE, b"claims")
    world.clock.advance(days=91)
    if cause is not None:
        with world.store.write() as connection:
            halts.put(connection, Halt(cause, "too much at once"), world.clock.now())
    if cause in {None, Cause.ACCOUNTS}:
        with pytest.raises(NotFound):
            world.holds.put(OPERATOR, p(held), "claim 4711")
        assert names(world.as_("alice"), HOME) == []
        return
    assert world.holds.put(OPERATOR, p(held), "claim 4711").held == 1
    with world.store.write() as connection:
        halts.lift_all(connection)
    world.sweep.run()
    assert get(world.as_("alice"), FILE) == b"claims"
