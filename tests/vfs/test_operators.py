"""What operators do to folders, grants and holds; and the whole life of a file on both databases."""

from datetime import timedelta
from pathlib import Path

import pytest

from mft.model.account import OrganizationKind
from mft.model.errors import Conflict, Forbidden, Invalid, NotFound
from mft.model.rights import ALL, Right
from mft.policy.retention import FINANCIAL
from mft.store.engine import Store
from mft.store.tables import audit_event
from mft.vfs.folders import make_home
from mft.vfs.recovery import recover
from mft.vfs.rewrap import rewrap
from mft.vfs.workspace import Ended, OpenMode
from tests.support.world import OPERATOR, PUT, World, close, get, names, p, put

HOME = "/Distribution/northwind"
FILE = f"{HOME}/report.csv"


def test_the_whole_life_of_a_file_is_the_same_on_both_databases(any_store: Store, tmp_path: Path):
    world = World(any_store, tmp_path / "house")
    world.add_organization("northwind")
    world.add_account("alice", "northwind")
    world.grant("alice", HOME)
    tree = world.as_("alice")
    tree.make_folder(p(f"{HOME}/in"))
    handle = tree.open_upload(p(f"{HOME}/in/batch.part"), PUT)
    handle.write(0, b"ISA" * 50_000)
    handle.interrupt(Ended.CUT)
    handle = tree.open_upload(p(f"{HOME}/in/batch.part"), OpenMode())
    handle.write(handle.size, b"IEA")
    handle.check_lease()
    close(handle)
    tree.rename(p(f"{HOME}/in/batch.part"), p(f"{HOME}/in/batch.837"), replace=False)
    put(tree, f"{HOME}/in/batch.837", b"corrected")
    assert get(tree, f"{HOME}/in/batch.837") == b"corrected"
    world.folders.set_retention(OPERATOR, p(HOME), FINANCIAL)
    tree.rename(p(f"{HOME}/in"), p(f"{HOME}/done"), replace=False)
    assert names(tree, f"{HOME}/done") == ["batch.837"]
    tree.remove(p(f"{HOME}/done/batch.837"))
    world.history.undelete(OPERATOR, p(f"{HOME}/done/batch.837"))
    world.master = world.master.rotate(world.folder / "master.key")
    world.files = world.process()
    assert rewrap(world.files.parts, OPERATOR, lambda: 0) == 2
    assert not recover(world.files.parts).changed
    world.clock.advance(days=548)
    assert names(world.as_("alice"), f"{HOME}/done") == []
    swept = world.sweep.run()
    assert (swept.expired, swept.destroyed) == (1, 2)
    world.as_("alice").remove_folder(p(f"{HOME}/done"))
    assert [stone.ending for stone in world.history.folder(p(f"{HOME}/done"))] == ["expired"]
    assert list(world.blobs.published()) == []


def test_homes_are_made_once(world: World):
    for name in ("northwind", "acme"):
        with world.store.write() as connection:
            make_home(connection, world.organizations[name], "olivia", world.clock.now())
    assert names(world.operator, "/") == ["Distribution", "Partners"]
    assert names(world.operator, "/Partners/acme") == ["Inbound", "Outbound"]


def test_a_grant_replaces_what_its_grantee_had_there(world: World):
    world.grant("alice", HOME, Right.LIST)
    world.grant("alice", HOME, Right.READ)
    assert [g.rights for g in world.grants.of(world.accounts["alice"])] == [Right.READ]
    assert [g.folder for g in world.grants.on(p(HOME))] == [p(HOME)]
    world.grants.revoke(OPERATOR, p(HOME), world.accounts["alice"])
    assert world.grants.listing() == ()
    with pytest.raises(NotFound):
        world.grants.revoke(OPERATOR, p(HOME), world.accounts["alice"])
    with pytest.raises(NotFound):
        world.grant("alice", f"{HOME}/nowhere")


def test_a_payers_people_fill_the_folders_they_are_granted(world: World):
    world.add_organization("plan", OrganizationKind.PAYER)
    world.add_account("paul", "plan")
    world.grant("paul", HOME, ALL)
    put(world.as_("paul"), FILE, b"roster")
    assert get(world.as_("alice"), FILE) == b"roster"
    assert names(world.as_("paul"), "/Distribution") == ["northwind"]


def test_removing_a_folder_takes_the_grants_on_it(world: World):
    world.operator.make_folder(p(f"{HOME}/a"))
    world.grant("anna", f"{HOME}/a")
    world.as_("alice").remove_folder(p(f"{HOME}/a"))
    assert world.grants.of(world.accounts["anna"]) == ()


@pytest.mark.parametrize("quiet", [timedelta(seconds=-1), timedelta(days=2)])
def test_a_quiet_time_is_at_most_a_day(world: World, quiet: timedelta):
    with pytest.raises(Invalid):
        world.folders.set_quiet(OPERATOR, p(HOME), quiet)


def test_a_hold_needs_a_reason_and_a_file(world: World):
    put(world.as_("alice"), FILE, b"x")
    with pytest.raises(Invalid):
        world.holds.put(OPERATOR, p(FILE), " ")
    with pytest.raises(NotFound):
        world.holds.put(OPERATOR, p(f"{HOME}/none"), "why")
    with pytest.raises(Conflict):
        world.holds.lift(OPERATOR, p(FILE))


def test_a_file_under_a_work_name_does_not_come_back(world: World):
    put(world.as_("alice"), f"{FILE}.part", b"x")
    world.as_("alice").remove(p(f"{FILE}.part"))
    with pytest.raises(Forbidden):
        world.history.undelete(OPERATOR, p(f"{FILE}.part"))


def test_every_act_leaves_its_line_in_the_trail(world: World):
    tree = world.as_("alice")
    put(tree, FILE, b"one")
    put(tree, FILE, b"two")
    tree.make_folder(p(f"{HOME}/a"))
    tree.rename(p(FILE), p(f"{HOME}/a/b"), replace=False)
    tree.remove(p(f"{HOME}/a/b"))
    tree.remove_folder(p(f"{HOME}/a"))
    handle = tree.open_upload(p(FILE), PUT)
    handle.write(0, b"x")
    handle.interrupt(Ended.CUT)
    with world.store.read() as connection:
        rows = connection.execute(audit_event.select().order_by(audit_event.c.number)).all()
    assert [(row.action, row.actor) for row in rows][1:] == [
        ("upload.committed", "alice"),
        ("file.replaced", "alice"),
        ("upload.committed", "alice"),
        ("folder.created", "alice"),
        ("file.renamed", "alice"),
        ("file.deleted", "alice"),
        ("folder.removed", "alice"),
        ("upload.interrupted", "alice"),
    ]
