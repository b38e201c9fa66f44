"""The ledger says who took which version, whole or in part."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mft.model.errors import Conflict, Forbidden, Unavailable
from mft.model.rights import Right
from mft.store.tables import audit_event
from mft.vfs.coverage import Coverage
from mft.vfs.workspace import Ended
from tests.support.world import World, get, p, put

HOME = "/Distribution/northwind"
FILE = f"{HOME}/report.csv"


def ledger(world: World) -> list[tuple[str, int, bool]]:
    return [(line.account_name, line.bytes, line.whole) for line in world.history.downloads(p(FILE))]


def actions(world: World) -> list[str]:
    with world.store.read() as connection:
        return [row.action for row in connection.execute(audit_event.select().order_by(audit_event.c.number))]


@pytest.mark.fact("0.21")
def test_a_whole_download_counts_and_a_partial_one_is_noted(world: World):
    put(world.as_("alice"), FILE, b"x" * 100)
    get(world.as_("alice"), FILE)
    part = world.as_("alice").open_download(p(FILE))
    part.read(0, 50)
    part.close(Ended.CUT)
    part.close(Ended.CUT)
    assert ledger(world) == [("alice", 100, True), ("alice", 50, False)]
    assert world.as_("alice").stat(p(FILE)).downloads == 1
    assert actions(world)[-2:] == ["download.completed", "download.partial"]


def test_reading_every_byte_out_of_order_is_a_whole_download(world: World):
    put(world.as_("alice"), FILE, b"0123456789")
    download = world.as_("alice").open_download(p(FILE))
    assert b"".join(download.read(at, 2) for at in (8, 0, 4, 6, 2)) == b"8901456723"
    download.close(Ended.CLOSED)
    assert ledger(world) == [("alice", 10, True)]


def test_opening_and_taking_nothing_leaves_no_line(world: World):
    put(world.as_("alice"), FILE, b"x")
    world.as_("alice").open_download(p(FILE)).close(Ended.CLOSED)
    assert ledger(world) == []


def test_an_empty_file_is_taken_whole(world: World):
    put(world.as_("alice"), FILE, b"")
    assert get(world.as_("alice"), FILE) == b""
    assert ledger(world) == [("alice", 0, True)]


def test_reading_needs_read(world: World):
    put(world.as_("alice"), FILE, b"x")
    world.grant("anna", HOME, Right.LIST)
    with pytest.raises(Forbidden):
        world.as_("anna").open_download(p(FILE))
    with pytest.raises(Conflict):
        world.as_("alice").open_download(p(HOME))


def test_a_closed_download_serves_nothing(world: World):
    put(world.as_("alice"), FILE, b"x")
    download = world.as_("alice").open_download(p(FILE))
    download.close(Ended.CLOSED)
    with pytest.raises(Conflict):
        download.read(0, 1)


def test_damaged_bytes_are_refused(world: World):
    put(world.as_("alice"), FILE, b"x" * 1000)
    (blob,) = world.blobs.published()
    path = next((world.folder / "blobs" / "blobs").rglob(blob))
    damaged = bytearray(path.read_bytes())
    damaged[500] ^= 1
    path.write_bytes(damaged)
    download = world.as_("alice").open_download(p(FILE))
    with pytest.raises(Unavailable):
        download.read(0, 1000)
    download.close(Ended.FAILED)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 20)), max_size=60))
def test_coverage_knows_exactly_which_bytes_were_served(runs: list[tuple[int, int]]):
    coverage, served = Coverage(), set[int]()
    for start, length in runs:
        coverage.add(start, length)
        served |= set(range(start, start + length))
        for size in (0, 10, 30, 60):
            assert coverage.covers(size) == served.issuperset(range(size))
    assert coverage.total == sum(length for _, length in runs)
