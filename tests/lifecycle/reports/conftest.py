"""The tree's small house on each of the two databases, and its reports."""

from pathlib import Path

import pytest

from mft.lifecycle.reports.room import Reports
from mft.policy.signon import Terms
from mft.store.engine import Store
from tests.support.world import World, furnished


@pytest.fixture
def world(any_store: Store, tmp_path: Path) -> World:
    """Two delegates and a partner; alice may do everything at home, and so may the partner's job."""
    house = furnished(any_store, tmp_path)
    house.grant("bot", "/Partners/acme")
    return house


@pytest.fixture
def reports(world: World) -> Reports:
    return Reports(world.store, world.clock, Terms())
