"""What is over is not there, swept or not; the sweep destroys it, once, and leaves the tombstone."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from mft.blobs.local import LocalBlobs
from mft.model.errors import NotFound
from mft.policy.retention import FINANCIAL
from mft.retention.destroy import destroy
from mft.retention.pace import Pace
from mft.retention.sweep import Sweep, Swept
from mft.store import tombstones, uploads
from mft.store.tables import audit_event, tombstone, version
from mft.vfs.workspace import Ended
from tests.support.world import OPERATOR, PUT, World, get, names, p, put

HOME = "/Distribution/northwind"
FILE = f"{HOME}/report.csv"


def events(world: World, action: str) -> list[str]:
    with world.store.read() as connection:
        rows = connection.execute(audit_event.select().where(audit_event.c.action == action))
        return [row.subject for row in rows]


@pytest.mark.fact("0.3")
def test_a_file_of_ninety_days_is_neither_listed_nor_readable_with_no_sweep_run(world: World):
    put(world.as_("alice"), FILE, b"x")
    world.clock.advance(days=90, microseconds=-1)
    assert names(world.as_("alice"), HOME) == ["report.csv"]
    world.clock.advance(microseconds=1)
    for tree in (world.as_("alice"), world.operator):
        assert names(tree, HOME) == []
        with pytest.raises(NotFound):
            tree.stat(p(FILE))
        with pytest.raises(NotFound):
            tree.open_download(p(FILE))
        with pytest.raises(NotFound):
            tree.remove(p(FILE))


@pytest.mark.fact("0.3")
@pytest.mark.fact("0.24")
def test_the_sweep_destroys_key_and_bytes_of_what_expired_and_keeps_the_tombstone(world: World):
    put(world.as_("alice"), FILE, b"x")
    world.clock.advance(days=90)
    assert world.sweep.run() == Swept(1, 0, 1)
    with world.store.read() as connection:
        assert connection.execute(version.select()).one().wrapped_key is None
    assert list(world.blobs.published()) == []
    (stone,) = world.history.folder(p(HOME))
    assert (stone.ending, stone.creator, stone.destroyed_at) == ("expired", "alice", world.clock.now())
    assert events(world, "file.destroyed") == [FILE]


def test_a_destroyed_key_is_in_no_file_of_the_database(world: World):
    put(world.as_("alice"), FILE, b"x")
    with world.store.read() as connection:
        key = connection.execute(version.select()).one().wrapped_key
    database = Path(str(world.store.engine.url.database))
    files = [database, database.with_name(f"{database.name}-wal")]
    assert any(key in file.read_bytes() for file in files)
    world.clock.advance(days=90)
    world.sweep.run()
    assert not any(key in file.read_bytes() for file in files if file.exists())


def test_a_removed_file_is_destroyed_after_the_undo_period_and_not_before(world: World):
    put(world.as_("alice"), FILE, b"x")
    world.as_("alice").remove(p(FILE))
    world.clock.advance(minutes=59)
    assert world.sweep.run() == Swept(0, 0, 0)
    assert len(list(world.blobs.published())) == 1
    world.clock.advance(minutes=1)
    assert world.sweep.run() == Swept(0, 0, 1)
    assert list(world.blobs.published()) == []
    assert world.sweep.run() == Swept(0, 0, 0)


def test_a_replaced_version_is_destroyed_after_the_undo_period_and_the_new_one_stays(world: World):
    put(world.as_("alice"), FILE, b"old")
    put(world.as_("alice"), FILE, b"new")
    world.clock.advance(hours=1)
    assert world.sweep.run() == Swept(0, 0, 1)
    assert get(world.as_("alice"), FILE) == b"new"
    assert len(list(world.blobs.published())) == 1


def test_an_upload_never_resumed_is_dropped_after_a_day(world: World):
    handle = world.as_("alice").open_upload(p(FILE), PUT)
    handle.write(0, b"x")
    handle.interrupt(Ended.CUT)
    world.clock.advance(hours=24)
    assert world.sweep.run() == Swept(0, 1, 0)
    assert list(world.blobs.staged()) == []
    with world.store.read() as connection:
        assert uploads.open_on(connection, "n1") == []
    assert events(world, "upload.expired") == [FILE]


def test_a_work_name_never_renamed_is_destroyed_after_a_day(world: World):
    put(world.as_("alice"), f"{FILE}.part", b"x")
    world.clock.advance(hours=24)
    assert world.sweep.run() == Swept(1, 0, 1)


@pytest.mark.parametrize("stopped_after", ["key", "bytes"])
def test_a_destruction_that_was_stopped_half_way_is_finished(
    world: World, monkeypatch: pytest.MonkeyPatch, stopped_after: str
):
    put(world.as_("alice"), FILE, b"x")
    world.as_("alice").remove(p(FILE))
    world.clock.advance(hours=1)
    with monkeypatch.context() as patched:
        home, name = (LocalBlobs, "discard_all") if stopped_after == "key" else (tombstones, "mark_destroyed")

        def stop(*_: object) -> None:
            raise KeyboardInterrupt

        patched.setattr(home, name, stop)
        with pytest.raises(KeyboardInterrupt):
            world.sweep.run()
    with world.store.read() as connection:
        assert connection.execute(version.select()).one().wrapped_key is None
    assert world.sweep.run() == Swept(0, 0, 1)
    assert list(world.blobs.published()) == []
    assert events(world, "file.destroyed") == [FILE]


def test_eight_sweeps_at_once_do_everything_once(world: World):
    tree = world.as_("alice")
    for number in range(120):
        put(tree, f"{HOME}/{number}", b"x")
    world.clock.advance(days=90)
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda _: Sweep(world.process().parts, world.another_breaker()).run(), range(8)))
    assert sum(swept.expired for swept in told) == 120
    assert sum(swept.destroyed for swept in told) == 120
    assert len(events(world, "file.destroyed")) == 120
    assert len(events(world, "file.expired")) == 120


def test_what_is_not_due_or_not_ended_is_never_destroyed(world: World):
    put(world.as_("alice"), FILE, b"x")
    world.as_("alice").remove(p(FILE))
    with world.store.read() as connection:
        stone = connection.execute(tombstone.select()).one()
    assert destroy(world.files.parts, Pace(world.clock, lambda _: None), [stone.id, "tmb_unknown"]) == 0
    world.history.undelete(OPERATOR, p(FILE))
    world.clock.advance(days=1)
    world.sweep.run()
    assert get(world.as_("alice"), FILE) == b"x"


@pytest.mark.fact("3.11")
def test_a_folder_of_the_financial_class_keeps_its_files_eighteen_months(world: World):
    world.operator.make_folder(p(f"{HOME}/eop"))
    put(world.as_("alice"), f"{HOME}/eop/before.pdf", b"x")
    world.folders.set_retention(OPERATOR, p(f"{HOME}/eop"), FINANCIAL)
    put(world.as_("alice"), f"{HOME}/eop/after.pdf", b"x")
    put(world.as_("alice"), FILE, b"x")
    world.clock.advance(days=547, microseconds=-1)  # 22 November 2026 to 22 May 2028.
    assert names(world.as_("alice"), HOME) == ["eop"]
    assert names(world.as_("alice"), f"{HOME}/eop") == ["after.pdf", "before.pdf"]
    world.clock.advance(microseconds=1)
    assert names(world.as_("alice"), f"{HOME}/eop") == []


def test_a_file_that_moves_into_another_class_has_that_term_from_its_receipt(world: World):
    received = world.clock.now()
    world.operator.make_folder(p(f"{HOME}/eop"))
    world.folders.set_retention(OPERATOR, p(f"{HOME}/eop"), FINANCIAL)
    world.operator.make_folder(p(f"{HOME}/a"))
    put(world.as_("alice"), FILE, b"x")
    put(world.as_("alice"), f"{HOME}/a/b", b"x")
    world.clock.advance(days=10)
    world.as_("alice").rename(p(FILE), p(f"{HOME}/eop/report.csv"), replace=False)
    world.as_("alice").rename(p(f"{HOME}/a"), p(f"{HOME}/eop/a"), replace=False)
    for name in ("report.csv", "a/b"):
        assert world.as_("alice").stat(p(f"{HOME}/eop/{name}")).expires_at == received + timedelta(days=547)


def test_a_clients_time_moves_no_term(world: World):
    put(world.as_("alice"), FILE, b"x")
    world.as_("alice").set_mtime(p(FILE), 2**31)
    world.clock.advance(days=90)
    assert names(world.as_("alice"), HOME) == []
