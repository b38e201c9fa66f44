"""What the tests of the portal stand on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser import browser
from tests.support.portal import PortalHouse, portal_house

__all__ = ["browser"]


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[PortalHouse]:
    """A house with the portal over it, in this process."""
    with portal_house(tmp_path / "d") as opened:
        yield opened
