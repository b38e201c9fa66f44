"""What the tests of the session share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mft.sftp.session.packets import Kind
from mft.store.engine import Store
from tests.support.sessions import LONG_WAY, SHORT_WAY, Place, Raw, hosted, two_houses
from tests.support.wire import INIT
from tests.support.world import World


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    return two_houses(store, tmp_path)


@pytest.fixture(params=[SHORT_WAY, LONG_WAY])
async def place(world: World, offload, request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    """Everything over SSH holds on our own way of carrying data and on asyncssh's."""
    async with hosted(world, offload, request.param) as found:
        yield found


@pytest.fixture
async def raw(place: Place) -> AsyncIterator[Raw]:
    async with await place.connect() as connection:
        process = await connection.create_process(subsystem="sftp", encoding=None)
        client = Raw(connection, process)
        (told,) = await client.ask(INIT)
        assert told.kind == Kind.VERSION
        yield client
