"""After a stop at any moment, rows and bytes come together again; nothing acknowledged is lost."""

import os
from collections.abc import Callable

import pytest

from mft.model.errors import NotFound
from mft.model.ids import new_blob_id
from mft.store.tables import upload
from mft.vfs import committing, uploading
from mft.vfs.recovery import Report, recover
from mft.vfs.workspace import Files, OpenMode, UploadHandle
from tests.support.world import OPERATOR, PUT, World, close, get, names, p, put

HOME = "/Distribution/northwind"
FILE = f"{HOME}/report.csv"
CLEAN = Report(0, 0, 0, ())


class Killed(BaseException):
    """The process ends here; no clean-up runs."""


def killed(*_: object) -> None:
    raise Killed


def restarted(world: World) -> tuple[Files, Report]:
    """Build the room anew, as after a kill, and recover; a second recovery changes nothing."""
    files = world.process()
    report = recover(files.parts)
    again = recover(files.parts)
    assert (again.changed, again.missing) == (False, report.missing)
    return files, report


def test_a_clean_stop_leaves_nothing_to_do(world: World):
    put(world.as_("alice"), FILE, b"x")
    assert restarted(world)[1] == CLEAN


def test_an_open_upload_becomes_its_owners_to_resume_with_what_authenticates(world: World):
    handle = world.as_("alice").open_upload(p(FILE), PUT)
    handle.write(0, b"a" * (3 * 65_536 + 100))
    files, report = restarted(world)
    assert (report.interrupted, report.dropped, report.discarded) == (1, 0, 0)
    tree = world.as_("alice", files)
    assert tree.stat(p(FILE)).size == 3 * 65_536
    again = tree.open_upload(p(FILE), OpenMode())
    again.write(again.size, b"b")
    close(again)
    assert get(tree, FILE) == b"a" * 3 * 65_536 + b"b"


def test_what_was_synced_before_the_stop_is_kept_to_the_byte(world: World):
    handle = world.as_("alice").open_upload(p(FILE), PUT)
    handle.write(0, b"a" * 100_001)
    handle.sync()
    assert world.as_("alice", restarted(world)[0]).stat(p(FILE)).size == 100_001


STOPS: dict[str, tuple[object, str]] = {
    "before the bytes move": (uploading, "commit"),
    "inside the transaction": (committing.versions, "add_version"),
    "before the audit event": (committing, "count_file"),
}


@pytest.mark.parametrize("stop", STOPS)
def test_a_stop_between_the_digest_and_the_commit_shows_nothing_and_loses_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, stop: str
):
    put(world.as_("alice"), FILE, b"old")
    handle = world.as_("alice").open_upload(p(f"{HOME}/new.csv"), PUT)
    handle.write(0, b"n" * 70_000)
    handle.finish()
    with monkeypatch.context() as patched:
        patched.setattr(*STOPS[stop], killed)
        with pytest.raises(Killed):
            handle.publish()
    files, report = restarted(world)
    assert report == Report(1, 0, 0, ())
    assert names(files.operator(OPERATOR), HOME) == ["report.csv"]
    tree = world.as_("alice", files)
    assert tree.stat(p(f"{HOME}/new.csv")).size == 70_000
    again = tree.open_upload(p(f"{HOME}/new.csv"), OpenMode())
    again.write(70_000, b"!")
    close(again)
    assert get(tree, f"{HOME}/new.csv") == b"n" * 70_000 + b"!"
    assert restarted(world)[1] == CLEAN


def _published_orphan(world: World) -> None:
    blob = new_blob_id()
    os.close(world.blobs.create(blob))
    world.blobs.publish(blob)


def _staged_orphan(world: World) -> None:
    os.close(world.blobs.create(new_blob_id()))


@pytest.mark.parametrize("leave", [_staged_orphan, _published_orphan])
def test_bytes_that_nothing_names_are_discarded(world: World, leave: Callable[[World], None]):
    put(world.as_("alice"), FILE, b"kept")
    leave(world)
    files, report = restarted(world)
    assert report.discarded == 1
    assert get(world.as_("alice", files), FILE) == b"kept"


def test_an_upload_without_a_byte_on_the_disk_is_dropped(world: World):
    world.as_("alice").open_upload(p(FILE), PUT)
    for blob in list(world.blobs.staged()):
        world.blobs.discard(blob)
    files, report = restarted(world)
    assert report.dropped == 1
    with pytest.raises(NotFound):
        world.as_("alice", files).stat(p(FILE))


def test_a_version_without_bytes_is_reported_and_left(world: World):
    put(world.as_("alice"), FILE, b"x")
    for blob in list(world.blobs.published()):
        world.blobs.discard(blob)
    _, report = restarted(world)
    assert len(report.missing) == 1
    assert names(world.as_("alice"), HOME) == ["report.csv"]


def test_another_machines_uploads_are_not_touched(world: World):
    handle = world.as_("alice").open_upload(p(FILE), PUT)
    handle.write(0, b"x")
    with world.store.write() as connection:
        connection.execute(upload.update().values(node="n2"))
    assert recover(world.process().parts).interrupted == 0


def test_bytes_whose_key_was_destroyed_wait_for_the_sweep(world: World, monkeypatch: pytest.MonkeyPatch):
    put(world.as_("alice"), FILE, b"x")
    world.as_("alice").remove(p(FILE))
    world.clock.advance(hours=1)
    with monkeypatch.context() as patched:
        patched.setattr(world.blobs, "discard_all", killed)
        with pytest.raises(Killed):
            world.sweep.run()
    assert restarted(world)[1] == CLEAN
    assert world.sweep.run().destroyed == 1
    assert list(world.blobs.published()) == []


def _resume(world: World) -> UploadHandle:
    return world.as_("alice").open_upload(p(FILE), OpenMode())


def test_a_stop_while_the_bytes_of_a_takeover_are_copied_loses_nothing(world: World, monkeypatch: pytest.MonkeyPatch):
    handle = world.as_("alice").open_upload(p(FILE), PUT)
    handle.write(0, b"a" * 200_000)
    handle.sync()
    world.clock.advance(seconds=10)
    world.files = world.process()
    with monkeypatch.context() as patched:
        patched.setattr("mft.vfs.opening._copy", killed)
        with pytest.raises(Killed):
            _resume(world)
    world.files, report = restarted(world)
    assert (report.interrupted, report.discarded) == (1, 1)
    assert _resume(world).size == 200_000
