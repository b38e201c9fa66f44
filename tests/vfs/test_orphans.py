"""Beside a server that runs, bytes that nothing names go, and no upload on its way in loses one."""

import os
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest

from mft.audit.search import tail
from mft.model.event import Action
from mft.model.ids import BlobId, new_blob_id
from mft.vfs import opening, recovery
from mft.vfs.recovery import Orphans, clear_orphans
from mft.vfs.workspace import Ended, OpenMode
from tests.support.world import PUT, World, close, get, p, put

HOME = "/Distribution/northwind"
FILE = f"{HOME}/report.csv"
NONE = Orphans(0, ())


def written(world: World, blob: BlobId, **ago: float) -> None:
    """Let the disk say that the blob was last written to so long ago."""
    at = (world.clock.now() - timedelta(**ago)).timestamp()
    root = world.folder / "blobs"
    for path in (root / "staging" / blob, root / "blobs" / blob[:2] / blob):
        if path.exists():
            os.utime(path, (at, at))


def orphan(world: World, *, published: bool) -> BlobId:
    blob = new_blob_id()
    os.close(world.blobs.create(blob))
    if published:
        world.blobs.publish(blob)
    return blob


@pytest.mark.parametrize("published", [False, True], ids=["staged", "published"])
def test_what_nothing_names_goes_after_a_day_and_not_a_second_earlier(world: World, *, published: bool):
    blob = orphan(world, published=published)
    written(world, blob, hours=23, minutes=59, seconds=59)
    assert clear_orphans(world.files.parts) == NONE
    written(world, blob, days=1)
    assert clear_orphans(world.files.parts) == Orphans(1, ())
    assert [*world.blobs.staged(), *world.blobs.published()] == []
    [line] = [one for one in tail(world.store, 10) if one.event.action is Action.SERVER_RECOVERED]
    assert line.event.detail == {"discarded": 1}
    assert clear_orphans(world.files.parts) == NONE


def _open(world: World) -> None:
    world.as_("alice").open_upload(p(FILE), PUT).write(0, b"x" * 100_000)


def _finished(world: World) -> None:
    handle = world.as_("alice").open_upload(p(FILE), PUT)
    handle.write(0, b"x")
    handle.finish()


def _interrupted(world: World) -> None:
    handle = world.as_("alice").open_upload(p(FILE), PUT)
    handle.write(0, b"x")
    handle.interrupt(Ended.CUT)


def _committed(world: World) -> None:
    put(world.as_("alice"), FILE, b"x")


def _in_its_undo_hour(world: World) -> None:
    _committed(world)
    world.as_("alice").remove(p(FILE))


@pytest.mark.parametrize("leave", [_open, _finished, _interrupted, _committed, _in_its_undo_hour])
def test_what_something_names_stays_however_long_nobody_wrote_to_it(world: World, leave: Callable[[World], None]):
    leave(world)
    [blob] = [*world.blobs.staged(), *world.blobs.published()]
    written(world, blob, days=400)
    assert clear_orphans(world.files.parts) == NONE
    assert [*world.blobs.staged(), *world.blobs.published()] == [blob]


def test_an_upload_that_is_moved_to_a_new_blob_keeps_it_though_no_row_names_it_yet(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    handle = world.as_("alice").open_upload(p(FILE), PUT)
    handle.write(0, b"a" * 200_000)
    handle.interrupt(Ended.CUT)
    finished = world.as_("alice").open_upload(p(FILE), OpenMode())
    finished.write(200_000, b"b")
    finished.finish()  # Published, and stopped before its commit: to go on, its bytes have to move.
    finished.interrupt(Ended.CUT)
    copy = opening._copy  # noqa: SLF001

    def copied(*args: object) -> None:
        copy(*args)  # type: ignore[arg-type]
        [new] = world.blobs.staged()
        written(world, new, seconds=1)
        assert clear_orphans(world.files.parts) == NONE

    monkeypatch.setattr(opening, "_copy", copied)
    again = world.as_("alice").open_upload(p(FILE), OpenMode())
    again.write(again.size, b"c")
    close(again)
    assert get(world.as_("alice"), FILE) == b"a" * 200_000 + b"bc"


def test_files_without_bytes_are_found(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(recovery, "_PAGE", 2)
    for number in range(5):
        put(world.as_("alice"), f"{HOME}/{number}", b"x")
    for blob in list(world.blobs.published())[:3]:
        world.blobs.discard(blob)
    found = clear_orphans(world.files.parts)
    assert (found.discarded, len(found.missing)) == (0, 3)


def upload_many(world: World, who: int, count: int) -> dict[str, bytes]:
    """Put, break off, resume and replace files; return what was acknowledged."""
    noise = random.Random(who)
    acknowledged: dict[str, bytes] = {}
    tree = world.as_("alice")
    for number in range(count):
        name = f"{HOME}/{who}-{number % 7}"
        content = noise.randbytes(noise.choice([1, 900, 65_536, 150_000]))
        handle = tree.open_upload(p(name), PUT)
        handle.write(0, content)
        if number % 3 == 0 and name not in acknowledged:
            handle.interrupt(Ended.CUT)
            handle = tree.open_upload(p(name), OpenMode())
            handle.write(len(content), b"more")
            content += b"more"
        close(handle)
        acknowledged[name] = content
    return acknowledged


def test_uploads_at_the_same_time_lose_nothing_even_if_every_blob_counts_as_old(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    # Without its day of grace, clearing stands on the order alone: row, bytes, rename, row.
    monkeypatch.setattr(recovery, "_SETTLED", -timedelta(days=40_000))
    over, rounds = Event(), 0

    def clear() -> list[Orphans]:
        nonlocal rounds
        found = []
        while not over.is_set():
            found.append(clear_orphans(world.files.parts))
            rounds += 1
        return found

    with ThreadPoolExecutor(5) as pool:
        clearing = pool.submit(clear)
        try:
            uploading = [pool.submit(upload_many, world, who, 40) for who in range(4)]
            acknowledged = [each.result(100) for each in uploading]
        finally:
            over.set()
        assert sum(found.discarded for found in clearing.result(60)) == 0
    assert rounds > 5
    for mine in acknowledged:
        for name, content in mine.items():
            assert get(world.operator, name) == content
