"""What the tests of sessions and of the transport share."""

from collections.abc import Iterator

import pytest

from mft.offload import Offload


@pytest.fixture
def offload() -> Iterator[Offload]:
    lanes = Offload(inline_reads=True, writers=1, hashers=1)
    yield lanes
    lanes.close()
