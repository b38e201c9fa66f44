"""The tree's queries: one statement where one was promised, and the same answers on both databases."""

from pathlib import Path

import pytest

from mft.model.errors import Conflict, Exhausted
from mft.model.file import EntryKind, UploadState
from mft.model.ids import UploadId, new_blob_id
from mft.policy.quota import Use
from mft.store import catalog, grants, uploads, usage
from mft.store.children import Viewer
from mft.store.engine import Connection, Store
from mft.store.uploads import Staged
from mft.vfs.workspace import Ended
from tests.support.statements import counted
from tests.support.world import PUT, World, p, put

HOME = "/Distribution/northwind"


@pytest.fixture
def world(any_store: Store, tmp_path: Path) -> World:
    house = World(any_store, tmp_path / "house")
    house.add_organization("northwind")
    house.add_account("alice", "northwind")
    house.grant("alice", HOME)
    return house


def test_a_path_of_any_usual_depth_is_resolved_in_one_statement(world: World):
    path = p(HOME)
    for name in ("2026", "11", "22", "final"):
        path /= name
        world.operator.make_folder(path)
    put(world.operator, f"{path}/report.csv", b"x")
    with counted(world.store) as seen, world.store.read() as connection:
        found = catalog.resolve(connection, path / "report.csv")
    assert len(seen) == 1
    assert found.entry is not None
    assert found.entry.file is not None
    assert len(found.way) == 7


def test_a_stat_asks_twice_and_reading_and_writing_never(world: World):
    put(world.as_("alice"), f"{HOME}/a", b"x" * 300_000)
    tree = world.as_("alice")
    with counted(world.store) as seen:
        tree.stat(p(f"{HOME}/a"))
    assert len(seen) == 2
    download, upload = tree.open_download(p(f"{HOME}/a")), tree.open_upload(p(f"{HOME}/b"), PUT)
    with counted(world.store) as seen:
        for start in range(0, 300_000, 32_768):
            upload.write(start, download.read(start, 32_768))
    assert seen == []
    download.close(Ended.CUT)
    upload.interrupt(Ended.CUT)


def test_a_page_of_a_listing_is_one_statement(world: World):
    for number in range(20):
        put(world.operator, f"{HOME}/{number}", b"x")
    listing = world.as_("alice").listing(p(HOME))
    with counted(world.store) as seen:
        assert len(listing.next(50)) == 20
    assert len(seen) == 1


def test_a_missing_name_tells_its_folder_and_a_missing_folder_tells_none(world: World):
    put(world.operator, f"{HOME}/file", b"x")
    with world.store.read() as connection:
        home = catalog.resolve(connection, p(HOME))
        assert home.step is not None
        assert catalog.resolve(connection, p(f"{HOME}/nothing")).parent == home.step
        for path in (f"{HOME}/nothing/deeper", f"{HOME}/file/below", "/Nowhere/at/all"):
            found = catalog.resolve(connection, p(path))
            assert (found.parent, found.entry) == (None, None)
        assert catalog.path_of(connection, home.step.id) == p(HOME)
        assert catalog.path_of(connection, catalog.EntryId(10**6)) is None


def test_grants_are_read_with_their_folders_in_one_statement(world: World):
    world.operator.make_folder(p(f"{HOME}/a"))
    world.grant("alice", f"{HOME}/a")
    alice = world.accounts["alice"]
    with counted(world.store) as seen, world.store.read() as connection:
        held = grants.held_by(connection, alice.id, alice.organization)
    assert len(seen) == 1
    assert {grant.folder for grant in held} == {p(HOME), p(f"{HOME}/a")}


def _staged(connection: Connection, world: World, lease: str, state: UploadState) -> Staged:
    parent = catalog.resolve(connection, p(HOME)).step
    assert parent is not None
    alice, now = world.accounts["alice"], world.clock.now()
    key = world.master.wrap(bytes(32))
    number = UploadId(f"upl_{lease}")
    return Staged(number, parent.id, "f", alice.id, alice.name, new_blob_id(), key, state, lease, "n1", 0, now, now)


def test_one_path_has_one_writer_whoever_asks_the_database(world: World):
    with world.store.write() as connection:
        uploads.add_upload(connection, _staged(connection, world, "one", UploadState.OPEN))
        uploads.add_upload(connection, _staged(connection, world, "two", UploadState.INTERRUPTED))
    with pytest.raises(Conflict), world.store.write() as connection:
        uploads.add_upload(connection, _staged(connection, world, "three", UploadState.OPEN))


def test_nothing_is_done_under_an_older_lease(world: World):
    with world.store.write() as connection:
        row = _staged(connection, world, "old", UploadState.OPEN)
        uploads.add_upload(connection, row)
        assert not uploads.touch(connection, row.id, "new", 1, row.touched_at)
        assert uploads.drop(connection, row.id, "new") is None
        assert uploads.interrupt(connection, row.id, "new", 1, row.touched_at) is None
        assert uploads.touch(connection, row.id, "old", 1, row.touched_at)
        mine = uploads.mine_at(connection, row.parent, "f", Viewer(row.owner, row.owner_name))
        assert (mine is not None, uploads.mine_at(connection, row.parent, "f", Viewer(None, "olivia"))) == (True, None)


def test_a_name_is_in_a_folder_once(world: World):
    put(world.operator, f"{HOME}/a", b"x")
    with world.store.read() as connection:
        parent = catalog.resolve(connection, p(HOME)).step
        assert parent is not None
        assert catalog.names_in(connection, parent.id, 10) == [("a", EntryKind.FILE)]
        assert catalog.depth_below(connection, parent.id) == 1


def test_usage_never_passes_the_quota(world: World):
    world.quota("northwind", 100, 2)
    owner = world.organizations["northwind"].id
    with world.store.write() as connection:
        usage.add_usage(connection, owner, Use(100, 1))
    for growth in (Use(1, 0), Use(0, 2), Use(1, 1)):
        with pytest.raises(Exhausted), world.store.write() as connection:
            usage.add_usage(connection, owner, growth)
    with world.store.write() as connection:
        usage.add_usage(connection, owner, Use(-50, -1))
        usage.add_usage(connection, None, Use(10**9, 1))
        assert usage.read_usage(connection, owner)[1] == Use(50, 0)
