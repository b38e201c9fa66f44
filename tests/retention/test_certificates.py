"""The certificate of a destruction: what it was, when its key went, and which backups still hold that key."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mft.model.errors import NotFound
from mft.model.ids import BackupId
from mft.retention.backups import Backups
from mft.store import tombstones
from mft.store.engine import Store
from mft.store.tables import audit_event, backup
from tests.support.victims import add_files
from tests.support.world import OPERATOR, World, furnished, p, put, sha

HOME = "/Distribution/northwind"


@pytest.fixture
def world(any_store: Store, tmp_path: Path) -> World:
    return furnished(any_store, tmp_path)


def backups(world: World) -> Backups:
    return Backups(world.store, world.files.parts.trail, world.clock)


def made(world: World, takes: float = 10.0) -> BackupId:
    """Make a backup that copies the database for *takes* minutes."""
    number = backups(world).begin(OPERATOR, "/backup/x.tar")
    world.clock.advance(minutes=takes)
    backups(world).copied(number)
    world.clock.advance(minutes=1)
    return number


def certificates(world: World) -> dict[str, dict[str, Any]]:
    """The detail of each file.destroyed, by path."""
    with world.store.read() as connection:
        rows = connection.execute(audit_event.select().where(audit_event.c.action == "file.destroyed")).mappings()
        return {row["subject"]: json.loads(row["body"])["detail"] for row in rows}


def test_a_certificate_says_what_it_was_and_when_its_key_went(world: World):
    put(world.as_("alice"), f"{HOME}/a", b"content")
    world.clock.advance(days=90)
    world.sweep.run()
    detail = certificates(world)[f"{HOME}/a"]
    assert (detail["size"], detail["sha256"], detail["ending"]) == (7, sha(b"content").hex(), "expired")
    assert detail["key_destroyed_at"] == world.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert (detail["backups"], detail["more_backups"]) == ("", 0)


def test_the_moment_of_the_key_is_that_of_the_first_try(world: World, monkeypatch: pytest.MonkeyPatch):
    put(world.as_("alice"), f"{HOME}/a", b"content")
    world.clock.advance(days=90)
    went = world.clock.now()
    with monkeypatch.context() as patched:

        def stop(*_: object) -> None:
            raise KeyboardInterrupt

        patched.setattr(tombstones, "mark_destroyed", stop)
        with pytest.raises(KeyboardInterrupt):
            world.sweep.run()
    world.clock.advance(hours=5)
    world.sweep.run()
    assert certificates(world)[f"{HOME}/a"]["key_destroyed_at"] == went.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_it_names_the_backups_that_were_made_while_the_file_existed_and_no_others(world: World):
    before = made(world)
    put(world.as_("alice"), f"{HOME}/a", b"a")
    first, second = made(world), made(world)
    put(world.as_("alice"), f"{HOME}/b", b"b")
    third = made(world)
    world.clock.advance(days=90)
    world.sweep.run()
    made(world)
    named = {path: detail["backups"].split() for path, detail in certificates(world).items()}
    assert named == {f"{HOME}/a": [third, second, first], f"{HOME}/b": [third]}
    assert before not in str(named)


def test_a_file_that_came_or_went_while_a_backup_was_being_made_may_be_in_it(world: World):
    put(world.as_("alice"), f"{HOME}/went", b"a")
    world.as_("alice").remove(p(f"{HOME}/went"))
    world.clock.advance(minutes=55)
    number = backups(world).begin(OPERATOR, "/backup/x.tar")
    put(world.as_("alice"), f"{HOME}/came", b"b")
    world.clock.advance(minutes=10)
    world.sweep.run()
    backups(world).copied(number)
    world.clock.advance(days=90)
    world.sweep.run()
    assert {path: detail["backups"] for path, detail in certificates(world).items()} == {
        f"{HOME}/went": number,
        f"{HOME}/came": number,
    }


def test_a_backup_that_was_killed_counts_and_one_that_came_to_nothing_does_not(world: World):
    put(world.as_("alice"), f"{HOME}/a", b"a")
    killed = backups(world).begin(OPERATOR, "/backup/x.tar")
    backups(world).give_up(backups(world).begin(OPERATOR, "/backup/y.tar"))
    world.clock.advance(days=90)
    world.sweep.run()
    assert certificates(world)[f"{HOME}/a"]["backups"] == killed


def test_a_forgotten_backup_is_named_no_more_and_the_trail_says_who_said_so(world: World):
    put(world.as_("alice"), f"{HOME}/a", b"a")
    gone, there = made(world), made(world)
    backups(world).forget(OPERATOR, gone)
    world.clock.advance(days=90)
    world.sweep.run()
    assert certificates(world)[f"{HOME}/a"]["backups"] == there
    with world.store.read() as connection:
        (row,) = connection.execute(audit_event.select().where(audit_event.c.action == "backup.forgotten")).mappings()
    assert (row["subject"], row["actor"]) == (gone, OPERATOR.name)
    assert [(one.id, one.forgotten_by) for one in backups(world).listing()] == [(there, None), (gone, OPERATOR.name)]
    for unknown in (gone, BackupId("bak_nothing")):
        with pytest.raises(NotFound, match="mft backup list"):
            backups(world).forget(OPERATOR, unknown)


def test_a_certificate_names_forty_backups_and_how_many_more_there_are(world: World):
    add_files(world.store, world.blobs, HOME, 1, world.clock.now())
    with world.store.write() as connection:
        for number in range(45):
            at = world.clock.now() + timedelta(days=number + 1)
            row = {"id": f"bak_{number:03}", "made_at": at, "copied_at": at, "made_by": "olivia", "place": "x"}
            connection.execute(backup.insert().values(row))
    world.clock.advance(days=90)
    world.sweep.run()
    (detail,) = certificates(world).values()
    assert detail["backups"].split() == [f"bak_{number:03}" for number in range(44, 4, -1)]
    assert detail["more_backups"] == 5
