"""Many closes at once: one wait for the disk for all, and each of them whole or kept for its owner."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from mft.model.errors import Unavailable
from mft.policy.trail import GENESIS, digest
from mft.store import events, line
from mft.store.engine import Store
from mft.vfs.recovery import Report, recover
from mft.vfs.workspace import UploadHandle
from tests.support.power import on_durable_commit
from tests.support.queue import standing_in_line
from tests.support.world import PUT, World, get, names, p

HOME = "/Distribution/northwind"


@pytest.fixture(autouse=True)
def _no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "LONGEST", 600.0)


def finished(world: World, count: int) -> list[UploadHandle]:
    handles = [world.as_("alice").open_upload(p(f"{HOME}/{number}"), PUT) for number in range(count)]
    for number, handle in enumerate(handles):
        handle.write(0, b"%d" % number)
        handle.finish()
    return handles


def check_chain(store: Store) -> None:
    """Every line of the trail holds the one before it."""
    with store.read() as connection:
        lines = events.page(connection, "main", 0, 1 << 30, 1 << 30)
    previous = GENESIS
    for number, found in enumerate(lines, start=1):
        assert (found.number, found.previous) == (number, previous)
        assert found.digest == digest(previous, found.body)
        previous = found.digest


def test_a_hundred_closes_commit_twice_and_each_file_is_there(world: World):
    handles = finished(world, 100)
    commits: list[Connection] = []
    event.listen(world.store.engine, "commit", commits.append)
    with ThreadPoolExecutor(100) as pool:
        done = standing_in_line(world.store, pool, [handle.publish for handle in handles])
    assert [future.exception() for future in done] == [None] * 100
    assert len(commits) == 2
    tree = world.as_("alice")
    assert {name: get(tree, f"{HOME}/{name}") for name in names(tree, HOME)} == {
        str(number): b"%d" % number for number in range(100)
    }
    check_chain(world.store)


def test_when_the_one_commit_fails_each_upload_is_kept_for_its_owner_and_none_is_shown(world: World):
    handles = finished(world, 5)
    failures = [OperationalError("COMMIT", None, Exception("disk I/O error"))]

    def fail(_: Connection) -> None:
        if failures:
            raise failures.pop()

    event.listen(world.store.engine, "commit", fail)
    with ThreadPoolExecutor(5) as pool:
        done = standing_in_line(world.store, pool, [handle.publish for handle in handles])
    assert [type(future.exception()) for future in done] == [Unavailable] * 5
    assert names(world.operator, HOME) == []
    tree = world.as_("alice")
    assert all(tree.stat(p(f"{HOME}/{number}")).mine_uploading for number in range(5))
    assert recover(world.process().parts) == Report(0, 0, 0, ())  # Nothing is open, and no byte is nobody's.
    again = tree.open_upload(p(f"{HOME}/3"), PUT)
    again.write(0, b"again")
    again.close()
    assert get(tree, f"{HOME}/3") == b"again"
    check_chain(world.store)


def test_one_close_that_is_refused_leaves_its_neighbours_theirs(world: World):
    handles = finished(world, 4)
    world.quota("northwind", 3)
    with ThreadPoolExecutor(4) as pool:
        done = standing_in_line(world.store, pool, [handle.publish for handle in handles])
    assert [type(future.exception()).__name__ for future in done] == ["NoneType"] * 3 + ["Exhausted"]
    assert sorted(names(world.operator, HOME)) == ["0", "1", "2"]
    assert world.as_("alice").stat(p(f"{HOME}/3")).mine_uploading
    check_chain(world.store)


def test_an_upload_waits_for_the_disk_three_times(world: World, monkeypatch: pytest.MonkeyPatch):
    """The file, the folder that names it, and the row: in this order."""
    waits: list[str] = []
    real = os.fsync

    def fsync(fd: int) -> None:
        waits.append("folder" if stat.S_ISDIR(os.fstat(fd).st_mode) else "file")
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    on_durable_commit(monkeypatch, lambda _: waits.append("row"))
    handle = world.as_("alice").open_upload(p(f"{HOME}/one"), PUT)
    handle.write(0, b"x")
    handle.close()
    assert waits == ["file", "folder", "row"]
