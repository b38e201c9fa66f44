"""Removing, making folders and renaming: who may, and what becomes of what was there."""

from datetime import timedelta

import pytest

from mft.model.errors import Conflict, Forbidden, NotFound
from mft.model.rights import Right
from mft.vfs.workspace import Ended
from tests.support.world import OPERATOR, PUT, World, get, names, p, put

HOME = "/Distribution/northwind"
FILE = f"{HOME}/report.csv"
OTHER = f"{HOME}/other.csv"
WORK = f"{HOME}/batch.837.filepart"
FINAL = f"{HOME}/batch.837"
L, R, C, RE, D = Right.LIST, Right.READ, Right.CREATE, Right.REPLACE, Right.DELETE


def test_a_removed_file_is_gone_at_once_and_comes_back_within_the_undo_period(world: World):
    put(world.as_("alice"), FILE, b"precious")
    world.as_("alice").remove(p(FILE))
    assert names(world.as_("alice"), HOME) == []
    with pytest.raises(NotFound):
        world.as_("alice").open_download(p(FILE))
    world.clock.advance(minutes=59)
    world.sweep.run()
    world.history.undelete(OPERATOR, p(FILE))
    assert get(world.as_("alice"), FILE) == b"precious"


def test_what_was_removed_cannot_come_back_after_the_undo_period(world: World):
    put(world.as_("alice"), FILE, b"x")
    world.as_("alice").remove(p(FILE))
    world.clock.advance(hours=1)
    with pytest.raises(NotFound):
        world.history.undelete(OPERATOR, p(FILE))


def test_nothing_comes_back_over_another_file(world: World):
    put(world.as_("alice"), FILE, b"one")
    world.as_("alice").remove(p(FILE))
    put(world.as_("alice"), FILE, b"two")
    with pytest.raises(Conflict):
        world.history.undelete(OPERATOR, p(FILE))
    assert get(world.as_("alice"), FILE) == b"two"


def test_removing_needs_delete(world: World):
    put(world.as_("alice"), FILE, b"x")
    world.grant("anna", HOME, L | R | C | RE)
    with pytest.raises(Forbidden):
        world.as_("anna").remove(p(FILE))
    with pytest.raises(Conflict):
        world.as_("alice").remove(p(HOME))


def test_a_work_name_is_its_owners_alone_until_renamed(world: World):
    world.grant("anna", HOME)
    world.grant("alice", HOME, L | C)
    put(world.as_("alice"), WORK, b"half or whole")
    assert names(world.as_("alice"), HOME) == ["batch.837.filepart"]
    for other in (world.as_("anna"), world.operator):
        assert names(other, HOME) == []
        with pytest.raises(NotFound):
            other.stat(p(WORK))
        with pytest.raises(NotFound):
            other.open_download(p(WORK))
        with pytest.raises(NotFound):
            other.remove(p(WORK))
        with pytest.raises(Conflict):
            other.open_upload(p(WORK), PUT)
    world.as_("alice").rename(p(WORK), p(FINAL), replace=False)
    assert names(world.as_("anna"), HOME) == ["batch.837"]
    assert get(world.as_("anna"), FINAL) == b"half or whole"


def test_receipt_runs_from_the_renaming_of_a_work_name(world: World):
    put(world.as_("alice"), WORK, b"x")
    world.clock.advance(hours=20)
    world.as_("alice").rename(p(WORK), p(FINAL), replace=False)
    listed = world.as_("alice").stat(p(FINAL))
    assert listed.expires_at == world.clock.now() + timedelta(days=90)


def test_a_work_name_never_renamed_is_gone_after_a_day(world: World):
    put(world.as_("alice"), WORK, b"x")
    world.clock.advance(hours=24)
    assert names(world.as_("alice"), HOME) == []
    with pytest.raises(NotFound):
        world.as_("alice").rename(p(WORK), p(FINAL), replace=False)


def test_renaming_a_work_name_onto_a_file_needs_replace_and_the_old_version_gets_a_tombstone(world: World):
    put(world.as_("alice"), FINAL, b"old")
    world.grant("alice", HOME, L | R | C)
    put(world.as_("alice"), WORK, b"new")
    with pytest.raises(Conflict):
        world.as_("alice").rename(p(WORK), p(FINAL), replace=False)
    with pytest.raises(Forbidden):
        world.as_("alice").rename(p(WORK), p(FINAL), replace=True)
    world.grant("alice", HOME, L | R | C | RE)
    world.as_("alice").rename(p(WORK), p(FINAL), replace=True)
    assert get(world.as_("alice"), FINAL) == b"new"
    assert [stone.ending for stone in world.history.folder(p(HOME))] == ["replaced"]


def test_a_name_that_others_saw_never_becomes_ones_own_by_renaming(world: World):
    world.grant("anna", HOME, L | R)
    put(world.as_("alice"), FILE, b"x")
    world.as_("alice").rename(p(FILE), p(f"{HOME}/report.tmp"), replace=False)
    assert names(world.as_("anna"), HOME) == ["report.tmp"]
    world.grant("alice", HOME, L | R | C)
    with pytest.raises(Forbidden):
        world.as_("alice").rename(p(f"{HOME}/report.tmp"), p(FILE), replace=False)


@pytest.mark.parametrize(
    ("rights", "replace", "there", "allowed"),
    [
        (L | D | C, False, False, True),
        (L | D, False, False, False),
        (L | C, False, False, False),
        (L | D | RE, True, True, True),
        (L | D | C, True, True, False),
        (L | C | RE, True, True, False),
        (L | D | C, True, False, True),
    ],
)
def test_renaming_needs_delete_at_the_source_and_create_or_replace_at_the_target(
    world: World, rights: Right, *, replace: bool, there: bool, allowed: bool
):
    put(world.operator, FILE, b"moved")
    if there:
        put(world.operator, OTHER, b"old")
    world.grant("alice", HOME, rights)
    if not allowed:
        with pytest.raises(Forbidden):
            world.as_("alice").rename(p(FILE), p(OTHER), replace=replace)
        assert get(world.operator, FILE) == b"moved"
        return
    world.as_("alice").rename(p(FILE), p(OTHER), replace=replace)
    assert get(world.operator, OTHER) == b"moved"
    assert names(world.operator, HOME) == ["other.csv"]


@pytest.mark.parametrize("target", [OTHER, f"{HOME}/folder", FILE])
def test_a_plain_rename_onto_a_name_that_is_there_is_refused(world: World, target: str):
    tree = world.as_("alice")
    put(tree, FILE, b"one")
    put(tree, OTHER, b"two")
    tree.make_folder(p(f"{HOME}/folder"))
    with pytest.raises(Conflict):
        tree.rename(p(FILE), p(target), replace=False)
    assert (get(tree, FILE), get(tree, OTHER)) == (b"one", b"two")


def test_a_folder_moves_with_all_below_it_and_never_into_itself(world: World):
    tree = world.as_("alice")
    for folder in ("a", "a/b", "c"):
        tree.make_folder(p(f"{HOME}/{folder}"))
    put(tree, f"{HOME}/a/b/deep.txt", b"deep")
    for inside in ("a/x", "a/b/x", "a/b"):
        with pytest.raises(Conflict):
            tree.rename(p(f"{HOME}/a"), p(f"{HOME}/{inside}"), replace=True)
    tree.rename(p(f"{HOME}/a"), p(f"{HOME}/c/moved"), replace=False)
    assert get(tree, f"{HOME}/c/moved/b/deep.txt") == b"deep"
    assert names(tree, HOME) == ["c"]


def test_a_folder_is_removed_only_when_nothing_is_in_it(world: World):
    world.grant("anna", HOME)
    tree = world.as_("alice")
    tree.make_folder(p(f"{HOME}/a"))
    put(world.as_("anna"), f"{HOME}/a/hidden.part", b"x")
    with pytest.raises(Conflict):
        tree.remove_folder(p(f"{HOME}/a"))
    world.clock.advance(hours=24)
    tree.remove_folder(p(f"{HOME}/a"))
    assert names(tree, HOME) == []


def test_a_folder_with_somebodys_interrupted_upload_stays(world: World):
    world.grant("anna", HOME)
    world.as_("alice").make_folder(p(f"{HOME}/a"))
    handle = world.as_("anna").open_upload(p(f"{HOME}/a/x"), PUT)
    handle.write(0, b"x")
    handle.interrupt(Ended.CUT)
    with pytest.raises(Conflict):
        world.as_("alice").remove_folder(p(f"{HOME}/a"))
    world.clock.advance(hours=24)
    world.as_("alice").remove_folder(p(f"{HOME}/a"))
    assert list(world.blobs.staged()) == []


@pytest.mark.parametrize("path", ["/", "/Distribution", HOME])
def test_what_was_made_with_the_organization_stays_where_it_is(world: World, path: str):
    for tree in (world.as_("alice"), world.operator):
        with pytest.raises((Forbidden, Conflict)):
            tree.remove_folder(p(path))
        with pytest.raises((Forbidden, Conflict)):
            tree.rename(p(path), p(f"{HOME}/x"), replace=False)


@pytest.mark.parametrize("path", ["/new", "/Distribution/new"])
def test_nobody_puts_anything_beside_the_organizations(world: World, path: str):
    for tree in (world.as_("alice"), world.operator):
        with pytest.raises(Forbidden):
            tree.make_folder(p(path))
        with pytest.raises(Forbidden):
            tree.open_upload(p(path), PUT)


def test_a_file_is_no_folder(world: World):
    tree = world.as_("alice")
    put(tree, FILE, b"x")
    for path in (f"{FILE}/x", f"{FILE}/x/y"):
        with pytest.raises(NotFound):
            tree.stat(p(path))
        with pytest.raises(NotFound):
            tree.open_upload(p(path), PUT)
        with pytest.raises(NotFound):
            tree.make_folder(p(path))
    with pytest.raises(NotFound):
        tree.listing(p(FILE))


def test_names_are_taken_once(world: World):
    tree = world.as_("alice")
    tree.make_folder(p(f"{HOME}/a"))
    put(tree, FILE, b"x")
    for path in (f"{HOME}/a", FILE):
        with pytest.raises(Conflict):
            tree.make_folder(p(path))
    with pytest.raises(Conflict):
        tree.open_upload(p(f"{HOME}/a"), PUT)


def test_an_expired_name_is_free_for_a_folder_a_file_or_a_rename(world: World):
    tree = world.as_("alice")
    for name in ("one", "two", "three"):
        put(tree, f"{HOME}/{name}", b"old")
    world.clock.advance(days=90)
    put(tree, FILE, b"new")
    tree.make_folder(p(f"{HOME}/one"))
    put(tree, f"{HOME}/two", b"new")
    tree.rename(p(FILE), p(f"{HOME}/three"), replace=False)
    assert names(tree, HOME) == ["one", "three", "two"]
    assert [stone.ending for stone in world.history.folder(p(HOME))] == ["expired"] * 3


def test_nothing_moves_between_organizations(world: World):
    put(world.operator, FILE, b"x")
    with pytest.raises(Conflict):
        world.operator.rename(p(FILE), p("/Distribution/southwind/x"), replace=False)


def test_a_held_file_stays(world: World):
    put(world.as_("alice"), FILE, b"evidence")
    put(world.as_("alice"), OTHER, b"x")
    world.holds.put(OPERATOR, p(FILE), "claim 4711")
    tree = world.as_("alice")
    for act in (
        lambda: tree.remove(p(FILE)),
        lambda: tree.open_upload(p(FILE), PUT),
        lambda: tree.rename(p(OTHER), p(FILE), replace=True),
    ):
        with pytest.raises(Forbidden):
            act()
    world.clock.advance(days=1000)
    world.sweep.run()
    assert get(tree, FILE) == b"evidence"
    world.holds.lift(OPERATOR, p(FILE))
    assert names(tree, HOME) == []


def test_a_quiet_time_keeps_a_new_file_from_others_until_it_is_over(world: World):
    world.folders.set_quiet(OPERATOR, p(HOME), timedelta(minutes=5))
    world.grant("anna", HOME)
    put(world.as_("alice"), FILE, b"x")
    assert names(world.as_("alice"), HOME) == ["report.csv"]
    assert names(world.as_("anna"), HOME) == []
    with pytest.raises(NotFound):
        world.as_("anna").stat(p(FILE))
    world.clock.advance(minutes=5)
    assert names(world.as_("anna"), HOME) == ["report.csv"]
    assert get(world.as_("anna"), FILE) == b"x"
    put(world.as_("alice"), FILE, b"second version")
    assert get(world.as_("anna"), FILE) == b"second version"


@pytest.mark.parametrize("new", ["elsewhere", "report.tmp"])
def test_a_file_on_hold_keeps_its_name(world: World, new: str):
    put(world.as_("alice"), f"{HOME}/report", b"evidence")
    world.holds.put(OPERATOR, p(f"{HOME}/report"), "a lawsuit")
    with pytest.raises(Forbidden, match="hold"):
        world.as_("alice").rename(p(f"{HOME}/report"), p(f"{HOME}/{new}"), replace=False)
    assert names(world.as_("alice"), HOME) == ["report"]
