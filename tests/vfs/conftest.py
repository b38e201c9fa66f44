"""The tree's small house, with a delegate, a partner and somebody who must see nothing of either."""

from pathlib import Path

import pytest

from mft.store.engine import Store
from tests.support.world import World, furnished


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    """Two delegates and a partner; alice may do everything at home."""
    return furnished(store, tmp_path)
