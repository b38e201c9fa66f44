"""The tree's small house, with a delegate, a partner and somebody who must see nothing of either."""

from pathlib import Path

import pytest

from mft.model.account import OrganizationKind
from mft.store.engine import Store
from tests.support.world import World


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    """Two delegates and a partner; alice may do everything at home."""
    house = World(store, tmp_path)
    house.add_organization("northwind")
    house.add_organization("southwind")
    house.add_organization("acme", OrganizationKind.PARTNER)
    house.add_account("alice", "northwind")
    house.add_account("anna", "northwind")
    house.add_account("sven", "southwind")
    house.add_account("bot", "acme")
    house.grant("alice", "/Distribution/northwind")
    return house
