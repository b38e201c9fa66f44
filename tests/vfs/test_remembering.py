"""What is remembered between two reads is true, whoever commits between them; and the clock is asked anew."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event
from unittest.mock import patch

import pytest
from sqlalchemy import select, update

from mft.model.errors import NotFound
from mft.store.engine import Store, open_store
from mft.store.tables import version
from mft.vfs import remembering
from mft.vfs.remembering import Memory
from mft.vfs.workspace import Ended, Workspace
from tests.support import changes
from tests.support.statements import counted
from tests.support.world import OPERATOR, World, names, p, put

HOME = "/Distribution/northwind"
SUB = f"{HOME}/sub"
FILE = f"{SUB}/report.csv"


@pytest.fixture
def world(any_store: Store, tmp_path: Path) -> World:
    house = World(any_store, tmp_path / "house")
    house.add_organization("northwind")
    house.add_account("alice", "northwind")
    house.grant("alice", HOME)
    house.operator.make_folder(p(SUB))
    put(house.operator, FILE, b"first")
    return house


@pytest.fixture
def tree(world: World) -> Workspace:
    """Alice's, who has just seen the file and knows all that can be remembered of it."""
    found = world.as_("alice")
    for _ in range(2):
        assert found.stat(p(FILE)).size == 5
        assert names(found, SUB) == ["report.csv"]
        found.open_download(p(FILE)).close(Ended.CLOSED)
    return found


def by_this_process(store: Store, change: str) -> None:
    changes.make(store, change)


def by_another_store(store: Store, change: str) -> None:
    other = open_store(store.engine.url.render_as_string(hide_password=False))
    changes.make(other, change)
    other.close()


def by_another_process(store: Store, change: str) -> None:
    url = store.engine.url.render_as_string(hide_password=False)
    subprocess.run([sys.executable, "-m", "tests.support.changes", url, change], check=True, timeout=60)


@pytest.mark.parametrize("who", [by_this_process, by_another_store, by_another_process])
@pytest.mark.parametrize("change", [change for change in changes.CHANGES if change != "replace"])
def test_what_was_taken_away_is_gone_for_the_very_next_request(
    world: World, tree: Workspace, who: Callable[[Store, str], None], change: str
):
    who(world.store, change)
    with pytest.raises(NotFound):
        tree.stat(p(FILE))


@pytest.mark.parametrize("who", [by_this_process, by_another_store, by_another_process])
def test_what_was_replaced_is_new_for_the_very_next_request(
    world: World, tree: Workspace, who: Callable[[Store, str], None]
):
    who(world.store, "replace")
    assert tree.stat(p(FILE)).size == 7


@pytest.mark.parametrize("change", ["revoke", "disable", "close_the_organization", "end", "rename_the_folder"])
def test_nothing_that_was_taken_away_can_be_opened(world: World, tree: Workspace, change: str):
    by_another_store(world.store, change)
    with pytest.raises(NotFound):
        tree.open_download(p(FILE))


@pytest.mark.parametrize("change", ["revoke", "disable", "close_the_organization", "rename_the_folder"])
def test_nothing_that_was_taken_away_can_be_listed(world: World, tree: Workspace, change: str):
    by_another_store(world.store, change)
    with pytest.raises(NotFound):
        tree.listing(p(SUB))


def test_a_name_that_was_missing_is_there_for_the_very_next_request(world: World, tree: Workspace):
    for _ in range(2):
        with pytest.raises(NotFound):
            tree.stat(p(f"{SUB}/new"))
    put(world.operator, f"{SUB}/new", b"x")
    assert tree.stat(p(f"{SUB}/new")).size == 1


def test_a_right_that_was_given_counts_for_the_very_next_request(world: World):
    world.add_account("bob", "northwind")
    tree = world.as_("bob")
    for _ in range(2):
        with pytest.raises(NotFound):
            tree.stat(p(FILE))
    world.grant("bob", SUB)
    assert tree.stat(p(FILE)).size == 5


def test_one_callers_rights_are_not_anothers(world: World, tree: Workspace):
    world.add_account("bob", "northwind")
    with pytest.raises(NotFound):
        world.as_("bob").stat(p(FILE))
    assert tree.stat(p(FILE)).size == 5
    assert world.operator.stat(p(FILE)).size == 5


def test_what_was_found_since_the_last_commit_is_not_asked_again_where_moments_have_names(
    world: World, tree: Workspace
):
    tree.stat(p(FILE))
    with counted(world.store) as seen:
        tree.stat(p(FILE))
        tree.open_download(p(FILE)).close(Ended.CLOSED)
    assert len(seen) == (0 if world.store.is_sqlite else 4)


def test_a_name_beside_a_known_one_is_one_short_statement(world: World, tree: Workspace):
    put(world.operator, f"{SUB}/other", b"x")
    tree.stat(p(FILE))
    with counted(world.store) as seen:
        tree.stat(p(f"{SUB}/other"))
    if world.store.is_sqlite:
        (only,) = seen
        assert "e2" not in only


def test_what_has_expired_meanwhile_is_gone_though_nothing_was_committed(world: World, tree: Workspace):
    expires_at = tree.stat(p(FILE)).expires_at
    assert expires_at is not None
    world.clock.advance(seconds=(expires_at - world.clock.now()).total_seconds() - 1)
    assert tree.stat(p(FILE)).size == 5
    world.clock.advance(seconds=1)
    for request in (tree.stat, tree.open_download):
        with pytest.raises(NotFound):
            request(p(FILE))


def test_a_hold_that_ends_meanwhile_holds_no_longer_though_nothing_was_committed(world: World, tree: Workspace):
    expires_at = tree.stat(p(FILE)).expires_at
    assert expires_at is not None
    world.holds.put(OPERATOR, p(FILE), "audit", expires_at + timedelta(days=1))
    world.clock.advance(seconds=(expires_at - world.clock.now()).total_seconds())
    held = tree.stat(p(FILE))
    assert held.hold is not None
    world.clock.advance(days=1)
    with pytest.raises(NotFound):
        tree.stat(p(FILE))


def test_a_file_is_handed_over_when_its_quiet_time_ends_though_nothing_was_committed(world: World):
    world.folders.set_quiet(OPERATOR, p(SUB), timedelta(seconds=60))
    put(world.operator, f"{SUB}/quiet", b"x")
    tree = world.as_("alice")
    for _ in range(2):
        with pytest.raises(NotFound):
            tree.stat(p(f"{SUB}/quiet"))
    world.clock.advance(seconds=60)
    assert tree.stat(p(f"{SUB}/quiet")).size == 1


def test_it_is_the_count_of_commits_that_tells(store: Store, tmp_path: Path):
    """The tests above would fail without it, and this one says so of the rule itself."""
    world = World(store, tmp_path / "house")
    world.add_organization("northwind")
    world.add_account("alice", "northwind")
    world.grant("alice", HOME)
    put(world.operator, f"{HOME}/a", b"x")
    with patch.object(Store, "stamp", lambda *_: (store, 1)):
        tree = world.as_("alice")
        assert tree.stat(p(f"{HOME}/a")).size == 1
        by_another_store(store, "revoke")
        assert tree.stat(p(f"{HOME}/a")).size == 1
    with pytest.raises(NotFound):
        tree.stat(p(f"{HOME}/a"))


def test_who_writes_looks_for_themselves(tree: Workspace):
    with patch.object(Memory, "at", side_effect=AssertionError("a writer remembered")):
        tree.make_folder(p(f"{HOME}/made"))
        tree.rename(p(FILE), p(f"{HOME}/made/report.csv"), replace=False)
        tree.remove(p(f"{HOME}/made/report.csv"))
        tree.remove_folder(p(f"{HOME}/made"))


def test_no_more_is_remembered_than_there_is_room_for(world: World, tree: Workspace, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(remembering, "PLACES", 4)
    memory = world.files.parts.memory
    put(world.operator, f"{SUB}/other", b"x")
    for number in range(20):
        with pytest.raises(NotFound):
            tree.stat(p(f"{HOME}/nothing-{number}/in/it"))
        with pytest.raises(NotFound):
            tree.stat(p(f"{HOME}/nothing-{number}"))
    with world.store.read() as connection:
        assert len(memory.at(connection)) <= 4
    assert tree.stat(p(FILE)).size == 5


def test_a_reader_sees_at_least_what_was_committed_before_it_asked(world: World, tree: Workspace):
    """Several readers, each on the connection that it gets, beside a writer."""
    committed, done = [0], Event()

    def write() -> None:
        for size in range(1, 200):
            with world.store.write() as connection:
                connection.execute(update(version).values(size=size))
            committed[0] = size
        done.set()

    def read() -> int:
        asked = 0
        while not done.is_set():
            before = committed[0]
            size = tree.stat(p(FILE)).size
            assert before <= size or before == 0
            asked += 1
        return asked

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        pool.submit(write).result()
        assert all(reader.result() for reader in readers)
    with world.store.read() as connection:
        assert tree.stat(p(FILE)).size == connection.execute(select(version.c.size)).scalar_one()
