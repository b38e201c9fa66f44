"""Quotas and the disk's reserve: asked before a write, exact at the commit."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mft.model.errors import Exhausted, MftError
from mft.policy.quota import Reserve, Use
from mft.store.engine import Store
from mft.store.usage import read_usage
from mft.vfs.workspace import Ended, OpenMode
from tests.support.world import OPERATOR, PUT, World, close, get, names, p, put

HOME = "/Distribution/northwind"


def used(world: World) -> Use:
    with world.store.read() as connection:
        return read_usage(connection, world.organizations["northwind"].id)[1]


def test_a_write_over_the_quota_is_refused_before_it_is_taken(world: World):
    world.quota("northwind", 1000)
    handle = world.as_("alice").open_upload(p(f"{HOME}/a"), PUT)
    handle.write(0, b"x" * 1000)
    with pytest.raises(Exhausted):
        handle.write(1000, b"y")
    close(handle)
    assert used(world) == Use(1000, 1)


def test_what_is_on_its_way_in_counts_for_everybody(world: World):
    world.grant("anna", HOME)
    world.quota("northwind", 1000)
    first = world.as_("alice").open_upload(p(f"{HOME}/a"), PUT)
    first.write(0, b"x" * 600)
    second = world.as_("anna").open_upload(p(f"{HOME}/b"), PUT)
    with pytest.raises(Exhausted):
        second.write(0, b"y" * 600)
    world.as_("alice").remove(p(f"{HOME}/a"))
    second.write(0, b"y" * 600)
    close(second)
    assert used(world) == Use(600, 1)


def test_what_broke_off_takes_room_until_it_is_resumed_removed_or_a_day_old(world: World):
    world.quota("northwind", 1000)
    first = world.as_("alice").open_upload(p(f"{HOME}/a"), PUT)
    first.write(0, b"x" * 600)
    first.interrupt(Ended.CUT)
    second = world.as_("alice").open_upload(p(f"{HOME}/b"), PUT)
    with pytest.raises(Exhausted):
        second.write(0, b"y" * 600)
    second.interrupt(Ended.CUT)
    again = world.as_("alice").open_upload(p(f"{HOME}/a"), OpenMode())
    again.write(600, b"x" * 400)
    close(again)
    assert used(world) == Use(1000, 1)


def test_one_file_too_many_is_refused_at_the_open(world: World):
    world.quota("northwind", None, 1)
    put(world.as_("alice"), f"{HOME}/a", b"x")
    with pytest.raises(Exhausted):
        world.as_("alice").open_upload(p(f"{HOME}/b"), PUT)
    put(world.as_("alice"), f"{HOME}/a", b"a new version is no further file")


def test_a_new_version_needs_room_only_for_what_it_is_longer(world: World):
    world.quota("northwind", 1000)
    put(world.as_("alice"), f"{HOME}/a", b"x" * 900)
    put(world.as_("alice"), f"{HOME}/a", b"y" * 1000)
    assert used(world) == Use(1000, 1)


def test_removing_makes_room_and_undeleting_takes_it_again(world: World):
    world.quota("northwind", 1000)
    put(world.as_("alice"), f"{HOME}/a", b"x" * 900)
    world.as_("alice").remove(p(f"{HOME}/a"))
    assert used(world) == Use(0, 0)
    put(world.as_("alice"), f"{HOME}/b", b"y" * 900)
    with pytest.raises(Exhausted):
        world.history.undelete(OPERATOR, p(f"{HOME}/a"))
    world.as_("alice").remove(p(f"{HOME}/b"))
    world.history.undelete(OPERATOR, p(f"{HOME}/a"))
    assert used(world) == Use(900, 1)


@pytest.mark.parametrize("database", ["store", "postgres_store"])
def test_a_quota_is_exact_under_eight_parallel_commits(request: pytest.FixtureRequest, tmp_path: Path, database: str):
    store: Store = request.getfixturevalue(database)
    world = World(store, tmp_path / "house")
    world.add_organization("northwind")
    world.add_account("alice", "northwind")
    world.grant("alice", HOME)
    world.quota("northwind", 5 * 1000)
    # Each through a process of its own, so that no ledger in memory stops them.
    handles = [world.as_("alice", world.process()).open_upload(p(f"{HOME}/{n}"), PUT) for n in range(8)]
    for handle in handles:
        handle.write(0, b"x" * 1000)
        handle.finish()

    def publish(number: int) -> bool:
        try:
            handles[number].publish()
        except Exhausted:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(publish, range(8)))
    assert sum(told) == 5
    assert used(world) == Use(5000, 5)
    listed = [world.as_("alice").stat(p(f"{HOME}/{n}")) for n in range(8)]
    assert [not one.mine_uploading for one in listed] == told


def test_an_upload_stops_at_the_disks_reserve_and_reading_goes_on(world: World):
    put(world.as_("alice"), f"{HOME}/a", b"x")
    handle = world.as_("alice").open_upload(p(f"{HOME}/b"), PUT)
    _, total = world.blobs.free()
    world.reserve = Reserve(bytes=total * 2, percent=100)
    files = world.process()
    with pytest.raises(Exhausted):
        world.as_("alice", files).open_upload(p(f"{HOME}/c"), PUT)
    assert get(world.as_("alice", files), f"{HOME}/a") == b"x"
    handle.interrupt(Ended.CUT)


def test_a_long_upload_looks_at_the_disk_again(world: World):
    handle = world.as_("alice").open_upload(p(f"{HOME}/b"), PUT)
    handle.truncate((64 << 20) - 1)
    object.__setattr__(world.files.parts.rules, "reserve", Reserve(bytes=1 << 60, percent=100))
    with pytest.raises(MftError, match="reserve"):
        handle.truncate(64 << 20)
    handle.interrupt(Ended.CUT)


def test_space_is_the_quota_where_there_is_one(world: World):
    world.quota("northwind", 1000, 10)
    put(world.as_("alice"), f"{HOME}/a", b"x" * 300)
    space = world.as_("alice").space(p("/"))
    assert (space.total, space.free, space.files, space.free_files) == (1000, 700, 10, 9)
    assert names(world.as_("alice"), HOME) == ["a"]


def test_uploads_on_their_way_in_count_as_files(world: World):
    world.quota("northwind", None, 2)
    tree = world.as_("alice")
    first = tree.open_upload(p(f"{HOME}/a"), PUT)
    second = tree.open_upload(p(f"{HOME}/b"), PUT)
    second.interrupt(Ended.CUT)
    with pytest.raises(Exhausted):
        tree.open_upload(p(f"{HOME}/c"), PUT)
    close(first)
    again = tree.open_upload(p(f"{HOME}/b"), OpenMode())
    again.write(0, b"x")
    close(again)
    put(tree, f"{HOME}/a", b"a new version is no further file")
    assert used(world).files == 2


def test_an_organization_has_so_many_folders_and_no_more(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mft.vfs.room.MOST_FOLDERS", 3)
    tree = world.as_("alice")
    tree.make_folder(p(f"{HOME}/a"))
    tree.make_folder(p(f"{HOME}/a/b"))
    with pytest.raises(Exhausted, match="folders"):
        tree.make_folder(p(f"{HOME}/c"))
    tree.remove_folder(p(f"{HOME}/a/b"))
    tree.make_folder(p(f"{HOME}/c"))


def test_versions_that_can_be_brought_back_come_to_the_quota_once_more(world: World):
    world.quota("northwind", 1000)
    tree = world.as_("alice")
    for content in (b"1", b"2"):
        put(tree, f"{HOME}/a", content * 1000)
    with pytest.raises(Exhausted, match="twice"):
        put(tree, f"{HOME}/a", b"3" * 1000)
    assert get(tree, f"{HOME}/a") == b"2" * 1000
    world.clock.advance(hours=1)
    put(tree, f"{HOME}/a", b"4" * 1000)
    assert used(world) == Use(1000, 1)
