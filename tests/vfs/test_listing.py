"""Folders of any size are listed page by page, each name once."""

import pytest

from mft.model.file import EntryKind
from mft.model.path import VirtualPath
from mft.store import catalog
from mft.vfs.workspace import Ended
from tests.support.world import PUT, World, names, p, put

HOME = "/Distribution/northwind"


def fill(world: World, count: int) -> None:
    with world.store.write() as connection:
        parent = catalog.resolve(connection, p(HOME)).step
        assert parent is not None
        for number in range(count):
            catalog.add_entry(
                connection,
                parent.id,
                f"folder-{number:05}",
                EntryKind.FOLDER,
                owner=parent.organization,
                at=world.clock.now(),
                creator="olivia",
            )


@pytest.mark.parametrize("count", [0, 1, 511, 512, 513, 3000])
def test_every_name_is_listed_once(world: World, count: int):
    fill(world, count)
    listing = world.as_("alice").listing(p(HOME))
    found = []
    while page := listing.next(100):
        assert len(page) <= 100
        found += [listed.name for listed in page]
    assert found == [f"folder-{number:05}" for number in range(count)]


def test_a_name_that_moves_from_staged_to_committed_during_the_listing_is_given_once(world: World):
    fill(world, 600)
    put(world.as_("alice"), f"{HOME}/a", b"x")
    handle = world.as_("alice").open_upload(p(f"{HOME}/zz"), PUT)
    handle.write(0, b"x")
    listing = world.as_("alice").listing(p(HOME))
    found = [listed.name for listed in listing.next(5)]
    handle.finish()
    handle.publish()
    while page := listing.next(100):
        found += [listed.name for listed in page]
    assert sorted(found) == sorted({*found})
    assert {"a", "zz"} <= {*found}


def test_names_in_every_script_are_listed_and_found(world: World):
    tree = world.as_("alice")
    wanted = sorted(["Ärzte.csv", "保険.csv", "Zoë.csv", "a b.csv", "emoji-\U0001f600.csv", "'quoted\".csv", "%s.csv"])
    for name in wanted:
        put(tree, f"{HOME}/{name}", name.encode())
    assert sorted(names(tree, HOME)) == wanted
    assert [tree.stat(p(f"{HOME}/{name}")).size for name in wanted] == [len(name.encode()) for name in wanted]


def test_a_path_as_deep_as_paths_may_be_is_resolved(world: World):
    tree = world.as_("alice")
    path = p(HOME)
    while len(path.names) < 63:
        path /= f"d{len(path.names)}"
        tree.make_folder(path)
    put(tree, f"{path}/leaf", b"deep")
    assert tree.stat(p(f"{path}/leaf")).size == 4
    assert tree.stat(VirtualPath(path.names[:24])).kind is EntryKind.FOLDER


def test_an_interrupted_upload_is_listed_once_and_only_where_no_committed_name_is(world: World):
    tree = world.as_("alice")
    put(tree, f"{HOME}/a", b"committed")
    for name in ("a", "b"):
        handle = tree.open_upload(p(f"{HOME}/{name}"), PUT)
        handle.write(0, b"half")
        handle.interrupt(Ended.CUT)
    listed = tree.listing(p(HOME)).next(100)
    assert sorted((one.name, one.size, one.mine_uploading) for one in listed) == [("a", 9, False), ("b", 4, True)]
