"""Uploads of several workers of one machine: each holds its own, and any of them goes on with another one's."""

from datetime import timedelta

import pytest

from mft.crypto.segments import SEGMENT
from mft.model.errors import Conflict
from mft.vfs.recovery import hand_back, recover
from mft.vfs.workspace import OpenMode
from tests.support.world import PUT, World, close, get, p

HOME = "/Distribution/northwind"
FILE = f"{HOME}/report.csv"


def test_an_upload_in_another_worker_is_not_silent_before_it_would_have_been_heard_of(world: World):
    """Written to, it is heard of every five seconds; a short takeover must not make a live one look dead."""
    first = world.as_("alice", world.process("n1/1")).open_upload(p(FILE), PUT)
    first.write(0, b"a" * 100_000)
    other = world.process("n1/2", takeover=timedelta(seconds=1))
    world.clock.advance(seconds=9)
    with pytest.raises(Conflict, match="another session of the same account"):
        world.as_("alice", other).open_upload(p(FILE), OpenMode())
    world.clock.advance(seconds=1)
    second = world.as_("alice", other).open_upload(p(FILE), OpenMode())
    assert second.size <= 100_000
    with pytest.raises(Conflict):
        first.check_lease()


def test_what_another_worker_has_sealed_is_the_size_that_an_opening_goes_on_behind(world: World):
    first = world.as_("alice", world.process("n1/1")).open_upload(p(FILE), PUT)
    first.write(0, b"a" * (SEGMENT + 1000))
    first.check_lease()  # It tells all that arrived, and the last part of it is in memory only.
    other = world.as_("alice", world.process("n1/2"))
    shown = other.stat(p(FILE)).size
    assert shown == SEGMENT
    world.clock.advance(seconds=10)
    second = other.open_upload(p(FILE), OpenMode())
    assert second.size == shown
    second.write(shown, b"b")
    close(second)
    assert get(world.as_("alice"), FILE) == b"a" * SEGMENT + b"b"


def test_a_worker_goes_on_with_what_another_worker_of_the_machine_left_and_holds_it_then(world: World):
    world.as_("alice", world.process("n1/1")).open_upload(p(FILE), PUT).write(0, b"a" * SEGMENT)
    two = world.process("n1/2")
    assert hand_back(two.parts) == (0, 0)
    assert hand_back(world.process("n1/1").parts) == (1, 0)
    second = world.as_("alice", two).open_upload(p(FILE), OpenMode())
    assert second.size == SEGMENT
    # It is the second one's from now on: whoever takes the first one's place leaves it alone.
    assert hand_back(world.process("n1/1").parts) == (0, 0)
    close(second)


def test_a_start_hands_back_what_every_worker_of_the_machine_held(world: World):
    for number, name in enumerate(("n1", "n1/1", "n1/2", "n12", "n2/1")):
        world.as_("alice", world.process(name)).open_upload(p(f"{HOME}/{number}"), PUT).write(0, b"a" * SEGMENT)
    assert recover(world.process("n1/1").parts).interrupted == 3
