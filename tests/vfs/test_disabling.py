"""An account that was disabled has no rights from that moment, whatever its sessions hold open."""

from collections.abc import Callable

import pytest

from mft.model.account import AccountState
from mft.model.errors import Forbidden, NotFound
from mft.store import accounts, organizations
from tests.support.world import OPERATOR, PUT, World, close, get, names, p, put

HOME = "/Distribution/northwind"


def _disable_account(world: World) -> None:
    with world.store.write() as connection:
        accounts.set_state(connection, world.accounts["alice"].id, AccountState.ACTIVE, AccountState.DISABLED)


def _disable_organization(world: World) -> None:
    with world.store.write() as connection:
        organizations.set_enabled(connection, world.organizations["northwind"].id, enabled=False)


DISABLE = [_disable_account, _disable_organization]


@pytest.mark.parametrize("disable", DISABLE)
def test_a_close_after_disabling_commits_nothing_and_keeps_what_arrived(world: World, disable: Callable[[World], None]):
    put(world.as_("alice"), f"{HOME}/old", b"old")
    handles = [world.as_("alice").open_upload(p(f"{HOME}/{name}"), PUT) for name in ("old", "new")]
    for handle in handles:
        handle.write(0, b"never")
    disable(world)
    for handle in handles:
        with pytest.raises((NotFound, Forbidden)):
            close(handle)
    tree = world.files.operator(OPERATOR)
    assert names(tree, HOME) == ["old"]
    assert get(tree, f"{HOME}/old") == b"old"
    assert len(list(world.blobs.staged())) + len(list(world.blobs.published())) == 3


@pytest.mark.parametrize("disable", DISABLE)
def test_nothing_can_be_opened_after_disabling(world: World, disable: Callable[[World], None]):
    put(world.as_("alice"), f"{HOME}/old", b"old")
    tree = world.as_("alice")
    disable(world)
    with pytest.raises((NotFound, Forbidden)):
        tree.open_download(p(f"{HOME}/old"))
    with pytest.raises((NotFound, Forbidden)):
        tree.open_upload(p(f"{HOME}/new"), PUT)
