"""After a rotation every key is wrapped anew, and every file still opens."""

import pytest

from mft.crypto.master import MasterKey
from mft.model.errors import Unavailable
from mft.store.tables import upload, version
from mft.vfs.rewrap import rewrap
from mft.vfs.workspace import Ended, OpenMode
from tests.support.world import OPERATOR, PUT, World, close, get, p, put

HOME = "/Distribution/northwind"


def test_rewrapping_moves_every_key_to_the_current_generation_and_changes_no_byte(world: World):
    tree = world.as_("alice")
    for number in range(3):
        put(tree, f"{HOME}/{number}", b"%d" % number)
    handle = tree.open_upload(p(f"{HOME}/half"), PUT)
    handle.write(0, b"half")
    handle.interrupt(Ended.CUT)
    blobs = {blob: world.blobs.size(blob) for blob in world.blobs.published()}
    world.master = world.master.rotate(world.folder / "master.key")
    files = world.process()
    assert rewrap(files.parts, OPERATOR, lambda: 0) == 4
    assert rewrap(files.parts, OPERATOR, lambda: 0) == 0
    with world.store.read() as connection:
        masters = {row.master for table in (version, upload) for row in connection.execute(table.select())}
    assert masters == {world.master.current}
    tree = world.as_("alice", files)
    assert [get(tree, f"{HOME}/{number}") for number in range(3)] == [b"0", b"1", b"2"]
    again = tree.open_upload(p(f"{HOME}/half"), OpenMode())
    again.write(again.size, b"!")
    close(again)
    assert get(tree, f"{HOME}/half") == b"half!"
    assert blobs.items() <= {blob: world.blobs.size(blob) for blob in world.blobs.published()}.items()


def test_a_key_whose_generation_is_missing_stops_the_rewrapping(world: World, tmp_path):
    put(world.as_("alice"), f"{HOME}/a", b"x")
    world.master = MasterKey.create(tmp_path / "another.key")
    with pytest.raises(Unavailable):
        rewrap(world.process().parts, OPERATOR, lambda: 0)
