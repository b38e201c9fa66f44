"""What one account asks for costs the others neither their time nor the disk's reserve."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from mft.blobs.limits import MOST_ZEROS
from mft.blobs.sealed import SealedWriter
from mft.model.errors import Conflict, Exhausted, NotFound
from mft.policy.quota import Reserve
from mft.vfs.workspace import Ended, OpenMode, UploadHandle
from tests.support.world import PUT, World, close, get, p, put

HOME = "/Distribution/northwind"
FILE = f"{HOME}/a"
MIB = 1 << 20


def opened(world: World, path: str = FILE, mode: OpenMode = PUT) -> UploadHandle:
    return world.as_("alice").open_upload(p(path), mode)


def room_for(world: World, monkeypatch: pytest.MonkeyPatch, octets: int) -> None:
    """Let the disk have *octets* above its reserve, whatever is written."""
    object.__setattr__(world.files.parts.rules, "reserve", Reserve(bytes=MIB, percent=100))
    monkeypatch.setattr(world.blobs, "free", lambda: (MIB + octets, 1 << 40))


def fill(handle: UploadHandle, offsets: Iterable[int]) -> None:
    for offset in offsets:
        handle.write(offset, bytes(MIB))


ASKS: dict[str, Callable[[UploadHandle], object]] = {
    "write": lambda handle: handle.write(0, b"x"),
    "read": lambda handle: handle.read(0, 1),
    "truncate": lambda handle: handle.truncate(1),
    "publish": lambda handle: handle.publish(),
}


@pytest.mark.parametrize("ask", ASKS)
def test_what_the_event_loop_and_the_write_lane_ask_never_waits_for_a_slow_end(
    world: World, monkeypatch: pytest.MonkeyPatch, ask: str
):
    handle = opened(world, mode=OpenMode(create=True, truncate=True, read=True))
    handle.write(0, b"x" * 100)
    begun, go_on = Event(), Event()

    def settle(_: SealedWriter) -> int:
        begun.set()
        assert go_on.wait(30)
        return 0

    monkeypatch.setattr(SealedWriter, "settle", settle)
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(handle.interrupt, Ended.CUT)
        assert begun.wait(30)
        try:
            with pytest.raises(Conflict, match="being ended"):
                ASKS[ask](handle)
            handle.check_lease()
            assert world.as_("alice").stat(p(FILE)).size == 100
        finally:
            go_on.set()
        ended.result(30)


def test_a_size_set_far_ahead_is_refused_and_takes_no_quota(world: World):
    world.quota("northwind", 7 << 30)
    handle = opened(world)
    with pytest.raises(Exhausted, match="beyond"):
        handle.truncate(6 << 30)
    assert world.files.parts.ledger.staged(world.organizations["northwind"].id) == 0
    handle.truncate(MOST_ZEROS)
    handle.interrupt(Ended.CUT)


def test_what_is_kept_of_an_upload_is_what_was_written_and_not_the_size_that_was_set(world: World):
    handle = opened(world)
    handle.truncate(MOST_ZEROS)
    handle.write(0, b"a" * 100_000)
    handle.interrupt(Ended.CUT)
    assert world.as_("alice").stat(p(FILE)).size == 100_000
    (blob,) = world.blobs.staged()
    assert world.blobs.size(blob) < 110_000
    again = opened(world, mode=OpenMode())
    again.write(100_000, b"b")
    close(again)
    assert get(world.as_("alice"), FILE) == b"a" * 100_000 + b"b"


def test_one_far_write_does_not_end_the_looks_at_the_disk(world: World, monkeypatch: pytest.MonkeyPatch):
    handle = opened(world)
    handle.write(1 << 40, b"x")
    room_for(world, monkeypatch, -1)
    with pytest.raises(Exhausted, match="reserve"):
        fill(handle, range(0, 66 * MIB, MIB))
    handle.interrupt(Ended.CUT)


def test_writing_the_same_place_again_and_again_looks_at_the_disk_too(world: World, monkeypatch: pytest.MonkeyPatch):
    handle = opened(world)
    room_for(world, monkeypatch, -1)
    with pytest.raises(Exhausted, match="reserve"):
        fill(handle, [0] * 66)
    handle.interrupt(Ended.CUT)


def test_growing_counts_what_is_coming_and_cutting_is_always_allowed(world: World, monkeypatch: pytest.MonkeyPatch):
    handle = opened(world)
    handle.write(0, b"x" * 100)
    room_for(world, monkeypatch, MIB)
    with pytest.raises(Exhausted, match="reserve"):
        handle.truncate(MIB + 101)
    handle.truncate(MIB + 100)
    room_for(world, monkeypatch, -1)
    handle.truncate(10)
    handle.interrupt(Ended.CUT)


def test_beginning_from_the_old_bytes_counts_them(world: World, monkeypatch: pytest.MonkeyPatch):
    put(world.as_("alice"), FILE, bytes(2 * MIB))
    room_for(world, monkeypatch, MIB)
    with pytest.raises(Exhausted, match="reserve"):
        opened(world, mode=OpenMode())
    with pytest.raises(Exhausted, match="reserve"):
        world.as_("alice").set_size(p(FILE), MIB)
    assert list(world.blobs.staged()) == []


def test_bytes_behind_a_gap_are_not_kept_where_no_quota_counts_them(world: World):
    handle = opened(world)
    handle.write(1, bytes(8 * MIB))
    handle.interrupt(Ended.CUT)
    (blob,) = world.blobs.staged()
    assert (world.as_("alice").stat(p(FILE)).size, world.blobs.size(blob)) == (0, 0)


def test_removing_an_upload_that_is_open_seals_nothing(world: World, monkeypatch: pytest.MonkeyPatch):
    handle = opened(world)
    handle.write(0, b"x")
    monkeypatch.setattr(SealedWriter, "settle", lambda _: pytest.fail("sealed what is removed"))
    monkeypatch.setattr(SealedWriter, "sync", lambda _: pytest.fail("synced what is removed"))
    world.as_("alice").remove(p(FILE))
    with pytest.raises(NotFound):
        world.as_("alice").stat(p(FILE))
    assert list(world.blobs.staged()) == []


def test_the_write_lane_takes_names_out_and_leaves_the_bytes_to_the_file_lane(world: World):
    handle = opened(world)
    handle.write(0, b"x")
    leftovers = world.as_("alice").hide(p(FILE))
    with pytest.raises(NotFound):
        world.as_("alice").stat(p(FILE))
    assert len(list(world.blobs.staged())) == 1
    handle.write(1, b"still open")
    world.as_("alice").let_go(leftovers)
    assert list(world.blobs.staged()) == []
    with pytest.raises(Conflict):
        handle.write(2, b"y")


def test_an_interrupted_upload_is_cut_by_its_path_but_grows_only_by_writing(world: World):
    handle = opened(world)
    handle.write(0, b"x" * 100)
    handle.interrupt(Ended.CUT)
    tree = world.as_("alice")
    with pytest.raises(Conflict):
        tree.set_size(p(FILE), 101)
    tree.set_size(p(FILE), 10)
    assert tree.stat(p(FILE)).size == 10
