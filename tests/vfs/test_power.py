"""What a power cut takes: nothing that anybody was promised, and of the rest nothing is left lying about."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from mft.model.errors import NotFound
from mft.store import downloads
from mft.store.tables import version
from mft.vfs.recovery import Report, recover
from mft.vfs.workspace import Ended, Files, Workspace
from tests.support.power import Power
from tests.support.world import PUT, RESUME, World, close, get, names, p, put

HOME = "/Distribution/northwind"
FILE = f"{HOME}/report.csv"
CLEAN = Report(0, 0, 0, ())


@pytest.fixture
def power(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Power]:
    kept = Power(monkeypatch, world.store, tmp_path / "mft.db")
    yield kept
    kept.close()


def afterwards(world: World, power: Power) -> tuple[Workspace, Report]:
    """Cut the power; return alice's tree when the server is up again, and what it found."""
    world.store = power.cut()
    files: Files = world.process()
    report = recover(files.parts)
    assert recover(files.parts) == CLEAN
    return world.as_("alice", files), report


def test_an_upload_that_was_only_opened_and_written_is_gone_with_its_bytes(world: World, power: Power):
    world.as_("alice").open_upload(p(FILE), PUT).write(0, b"x" * 200_000)
    tree, report = afterwards(world, power)
    assert report == Report(interrupted=0, dropped=0, discarded=1, missing=())
    assert list(world.blobs.staged()) == []
    with pytest.raises(NotFound):
        tree.stat(p(FILE))


def test_what_was_synced_is_there_to_be_resumed(world: World, power: Power):
    handle = world.as_("alice").open_upload(p(FILE), PUT)
    handle.write(0, b"x" * 200_000)
    handle.sync()
    tree, report = afterwards(world, power)
    assert report == Report(interrupted=1, dropped=0, discarded=0, missing=())
    again = tree.open_upload(p(FILE), RESUME)
    assert again.size == 200_000
    again.write(200_000, b"!")
    close(again)
    assert get(tree, FILE) == b"x" * 200_000 + b"!"


def test_what_the_store_was_told_of_is_there_to_be_resumed(world: World, power: Power):
    handle = world.as_("alice").open_upload(p(FILE), PUT)
    handle.write(0, b"x" * 65_536)
    handle.check_lease()
    tree, report = afterwards(world, power)
    assert report.interrupted == 1
    assert tree.stat(p(FILE)).size == 65_536


def test_an_interrupted_upload_stays_and_so_does_one_that_is_resumed(world: World, power: Power):
    handle = world.as_("alice").open_upload(p(FILE), PUT)
    handle.write(0, b"x" * 70_000)
    handle.interrupt(Ended.CUT)
    again = world.as_("alice").open_upload(p(FILE), RESUME)
    again.write(70_000, b"y" * 70_000)
    tree, report = afterwards(world, power)
    assert report.interrupted == 1
    assert tree.stat(p(FILE)).size >= 70_000


def test_beginning_anew_destroys_the_old_bytes_only_when_the_row_names_the_new_ones(world: World, power: Power):
    handle = world.as_("alice").open_upload(p(FILE), PUT)
    handle.write(0, b"x" * 70_000)
    handle.interrupt(Ended.CUT)
    world.as_("alice").open_upload(p(FILE), PUT)
    tree, report = afterwards(world, power)
    assert report == Report(interrupted=1, dropped=0, discarded=0, missing=())
    assert tree.stat(p(FILE)).size == 0


def test_every_answered_close_rename_and_folder_stays(world: World, power: Power):
    tree = world.as_("alice")
    put(tree, FILE, b"first")
    tree.rename(p(FILE), p(f"{HOME}/renamed.csv"), replace=False)
    tree.make_folder(p(f"{HOME}/folder"))
    put(tree, FILE, b"second")
    tree, report = afterwards(world, power)
    assert report == CLEAN
    assert sorted(names(tree, HOME)) == ["folder", "renamed.csv", "report.csv"]
    assert get(tree, FILE) == b"second"


def test_the_ledgers_line_of_an_answered_download_stays(world: World, power: Power):
    put(world.as_("alice"), FILE, b"taken")
    download = world.as_("alice").open_download(p(FILE))
    assert download.read(0, 100) == b"taken"
    download.close(Ended.CLOSED)
    afterwards(world, power)
    with world.store.read() as connection:
        number = connection.execute(select(version.c.id)).scalar_one()
        (line,) = downloads.of_version(connection, number)
    assert line.whole
