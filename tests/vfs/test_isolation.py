"""What you may not see does not exist for you: three organizations, every role, every operation."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mft.model.account import OrganizationKind
from mft.model.errors import Forbidden, Invalid, MftError, NotFound
from mft.model.path import VirtualPath
from mft.model.rights import ALL, Right
from mft.store.engine import open_store
from mft.vfs.workspace import Ended, OpenMode, Workspace
from tests.support.world import OPERATOR, PUT, World, close, get, names, p, put

L, R, C, RE, D = Right.LIST, Right.READ, Right.CREATE, Right.REPLACE, Right.DELETE
SECRET = b"member information of somebody else"
ROLES = {
    "no grant": Right.NONE,
    "lists": L,
    "reads": L | R,
    "drops": C,
    "brings": L | C,
    "replaces": L | R | C | RE,
    "everything": ALL,
}
HOMES = {
    "northwind": "/Distribution/northwind",
    "southwind": "/Distribution/southwind",
    "acme": "/Partners/acme/Inbound",
}


def _read(tree: Workspace, path: str) -> None:
    get(tree, path)


def _write(tree: Workspace, path: str, mode: OpenMode) -> None:
    handle = tree.open_upload(p(path), mode)
    handle.write(0, b"x")
    close(handle)


OPERATIONS: dict[str, Callable[[Workspace, str], object]] = {
    "stat": lambda tree, at: tree.stat(p(f"{at}/there.csv")),
    "stat folder": lambda tree, at: tree.stat(p(at)),
    "list": lambda tree, at: tree.listing(p(at)).next(10),
    "read": lambda tree, at: _read(tree, f"{at}/there.csv"),
    "create": lambda tree, at: _write(tree, f"{at}/new.csv", PUT),
    "create exclusive": lambda tree, at: _write(tree, f"{at}/new.csv", OpenMode(create=True, exclusive=True)),
    "replace": lambda tree, at: _write(tree, f"{at}/there.csv", PUT),
    "append": lambda tree, at: _write(tree, f"{at}/there.csv", OpenMode(append=True)),
    "read and write": lambda tree, at: _write(tree, f"{at}/there.csv", OpenMode(read=True)),
    "remove": lambda tree, at: tree.remove(p(f"{at}/there.csv")),
    "make folder": lambda tree, at: tree.make_folder(p(f"{at}/new")),
    "remove folder": lambda tree, at: tree.remove_folder(p(f"{at}/empty")),
    "rename": lambda tree, at: tree.rename(p(f"{at}/there.csv"), p(f"{at}/new.csv"), replace=False),
    "posix rename": lambda tree, at: tree.rename(p(f"{at}/there.csv"), p(f"{at}/other.csv"), replace=True),
    "rename folder": lambda tree, at: tree.rename(p(f"{at}/empty"), p(f"{at}/full"), replace=False),
    "set time": lambda tree, at: tree.set_mtime(p(f"{at}/there.csv"), 1),
    "set size": lambda tree, at: tree.set_size(p(f"{at}/there.csv"), 1),
    "space": lambda tree, at: tree.space(p(at)),
}

AT_HOME: dict[str, Right] = {
    "stat": L | R,
    "list": L,
    "read": R,
    "create": C,
    "create exclusive": C,
    "replace": RE,
    "append": RE,
    "remove": D,
    "make folder": C,
    "remove folder": D,
    "set time": RE,
}
"""Any one of these rights lets the operation through at home; the others need several."""

UNSEEN_FIRST = {"stat", "read", "append", "remove", "set time"}
"""Without list or read the file itself is unseen, and these ask for it by name."""


@pytest.fixture
def house(world: World) -> World:
    world.add_organization("plan", OrganizationKind.PAYER)
    world.add_account("paul", "plan")
    for home in HOMES.values():
        for name in ("there.csv", "other.csv"):
            put(world.operator, f"{home}/{name}", SECRET)
        world.operator.make_folder(p(f"{home}/empty"))
    return world


def _state(world: World) -> list[tuple[str, bytes]]:
    return [
        (f"{home}/{name}", get(world.operator, f"{home}/{name}"))
        for home in HOMES.values()
        for name in _files(world, home)
    ]


def _files(world: World, home: str) -> list[str]:
    return [name for name in names(world.operator, home) if name.endswith(".csv")]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("who", ["alice", "sven", "bot", "paul"])
def test_no_operation_of_any_role_reaches_another_organization(house: World, who: str, role: str):
    own = {"alice": "northwind", "sven": "southwind", "bot": "acme", "paul": "plan"}[who]
    home = {**HOMES, "acme": "/Partners/acme", "plan": "/Distribution/plan"}[own]
    house.grants.give(OPERATOR, p(home), house.accounts[who], ROLES[role] or L)
    if not ROLES[role]:
        house.grants.revoke(OPERATOR, p(home), house.accounts[who])
    before = _state(house)
    wrong = []
    for foreign in (at for name, at in HOMES.items() if name != own):
        for name, act in OPERATIONS.items():
            try:
                act(house.as_(who), foreign)
            except NotFound:
                continue
            except MftError as error:
                wrong.append((name, foreign, repr(error)))
            else:
                wrong.append((name, foreign, "was let through"))
    assert wrong == []
    assert _state(house) == before


@pytest.mark.parametrize("operation", AT_HOME)
@pytest.mark.parametrize("role", ROLES)
def test_at_home_an_operation_needs_its_right(house: World, role: str, operation: str):
    at = HOMES["southwind"]
    if ROLES[role]:
        house.grant("sven", at, ROLES[role])
    try:
        OPERATIONS[operation](house.as_("sven"), at)
    except Forbidden:
        told = "forbidden"
    except NotFound:
        told = "not found"
    else:
        told = "done"
    if ROLES[role] & AT_HOME[operation]:
        assert told == "done"
    else:
        unseen = not ROLES[role] or (operation in UNSEEN_FIRST and not ROLES[role] & (L | R))
        assert told == ("not found" if unseen or operation == "stat" else "forbidden")


@pytest.mark.fact("0.25")
def test_without_a_grant_the_root_is_there_and_empty(house: World):
    for who in ("sven", "bot", "anna", "paul"):
        tree = house.as_(who)
        assert tree.stat(p("/")).kind == "folder"
        assert names(tree, "/") == []


@pytest.mark.fact("0.19")
def test_a_delegate_walks_from_the_root_to_its_own_folder_and_sees_nothing_beside_it(house: World):
    tree = house.as_("alice")
    assert names(tree, "/") == ["Distribution"]
    assert names(tree, "/Distribution") == ["northwind"]
    assert names(tree, "/Distribution/northwind") == ["empty", "other.csv", "there.csv"]


def test_a_partner_sees_inbound_and_outbound_and_nothing_else(house: World):
    house.grant("bot", "/Partners/acme")
    house.operator.make_folder(p("/Partners/acme/Internal"))
    tree = house.as_("bot")
    assert names(tree, "/") == ["Inbound", "Outbound"]
    put(tree, "/Inbound/batch.837", b"ISA*00*")
    assert get(house.operator, "/Partners/acme/Inbound/batch.837") == b"ISA*00*"
    for path in ("/Internal", "/Partners", "/Partners/acme/Inbound", "/Distribution"):
        with pytest.raises(NotFound):
            tree.stat(p(path))
    with pytest.raises(Forbidden):
        tree.make_folder(p("/Internal"))


def test_a_grant_on_a_subfolder_shows_the_way_there_and_nothing_beside_it(house: World):
    home = HOMES["southwind"]
    for folder in ("reports", "reports/2026", "private"):
        house.operator.make_folder(p(f"{home}/{folder}"))
    put(house.operator, f"{home}/reports/2026/a.csv", b"x")
    put(house.operator, f"{home}/reports/summary.csv", b"x")
    house.grant("sven", f"{home}/reports/2026", L | R)
    tree = house.as_("sven")
    assert names(tree, home) == ["reports"]
    assert names(tree, f"{home}/reports") == ["2026"]
    assert names(tree, f"{home}/reports/2026") == ["a.csv"]
    for unseen in ("there.csv", "private", "reports/summary.csv"):
        with pytest.raises(NotFound):
            tree.stat(p(f"{home}/{unseen}"))


def test_an_organizations_grant_holds_for_all_its_accounts_and_ends_at_once(house: World):
    home = HOMES["southwind"]
    house.grants.give(OPERATOR, p(home), house.organizations["southwind"], L)
    tree = house.as_("sven")
    assert names(tree, "/Distribution") == ["southwind"]
    house.grants.revoke(OPERATOR, p(home), house.organizations["southwind"])
    with pytest.raises(NotFound):
        tree.stat(p(home))


def test_nobody_is_granted_what_is_out_of_their_view(house: World):
    for folder in ("/", "/Distribution", HOMES["northwind"]):
        with pytest.raises(Invalid):
            house.grant("sven", folder)


def test_a_drop_box_takes_files_and_shows_none(house: World):
    home = HOMES["southwind"]
    house.grant("sven", home, C)
    tree = house.as_("sven")
    put(tree, f"{home}/mine.csv", b"x")
    with pytest.raises(Forbidden):
        tree.listing(p(home))
    with pytest.raises(NotFound):
        tree.stat(p(f"{home}/mine.csv"))
    handle = tree.open_upload(p(f"{home}/half.csv"), PUT)
    handle.write(0, b"half")
    handle.interrupt(Ended.CUT)
    assert tree.stat(p(f"{home}/half.csv")).size == 4


SEGMENTS = (
    *("..", ".", "", "Distribution", "southwind", "northwind", "Partners", "acme", "Inbound", "there.csv", "%2e%2e"),
    *("..%2f", "\\..\\", "\u2024\u2024", "~", "northwind ", "NORTHWIND", "nul\0", "\u202e", "a" * 300, "*", "..."),
)
HOSTILE = st.lists(st.sampled_from(SEGMENTS), max_size=12).map(lambda parts: "/" + "/".join(parts))


@pytest.fixture
def hostile(store_template: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("hostile")
    shutil.copyfile(store_template, folder / "mft.db")
    house = World(open_store(f"sqlite:///{folder / 'mft.db'}"), folder)
    for name in ("northwind", "southwind"):
        house.add_organization(name)
        put(house.operator, f"/Distribution/{name}/there.csv", SECRET)
    house.add_account("alice", "northwind")
    house.grant("alice", "/Distribution/northwind", L | R)
    return house


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=HOSTILE)
def test_a_hostile_path_never_leaves_the_view(hostile: World, text: str):
    tree = hostile.as_("alice")
    try:
        path = VirtualPath.parse(text)
    except Invalid:
        return
    home = p("/Distribution/northwind")
    inside = path.within(home) or home.within(path)
    for act in (tree.stat, tree.listing, tree.open_download, tree.remove, tree.remove_folder, tree.make_folder):
        try:
            act(path)
        except NotFound:
            continue
        except MftError:
            # In a folder on the way, which is seen, something new is merely not allowed.
            assert inside or home.within(path.parent)
        else:
            assert inside
