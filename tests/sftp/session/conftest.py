"""What the tests of the session share."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncssh
import pytest

from mft.model.account import OrganizationKind
from mft.offload import Offload
from mft.sftp.session.limits import SessionLimits
from mft.sftp.session.packets import Kind
from mft.sftp.session.session import SftpSession
from mft.store.engine import Store
from tests.support.sessions import HOME, HOST_KEY, Host, Place, Raw
from tests.support.wire import INIT
from tests.support.world import World


@pytest.fixture
def offload() -> Iterator[Offload]:
    lanes = Offload(inline_reads=True, writers=1, hashers=1)
    yield lanes
    lanes.close()


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    house = World(store, tmp_path)
    house.add_organization("northwind")
    house.add_organization("southwind", OrganizationKind.DELEGATE)
    house.add_account("alice", "northwind")
    house.add_account("sven", "southwind")
    house.grant("alice", HOME)
    house.grant("sven", "/Distribution/southwind")
    return house


@pytest.fixture
async def place(world: World, offload) -> AsyncIterator[Place]:
    found = Place(world, 0)

    def made(connection: asyncssh.SSHServerConnection) -> SftpSession:
        def backlog() -> int:
            transport = connection._transport  # noqa: SLF001  (what our own connection tells by a method)
            return transport.get_write_buffer_size() if transport else 0

        session = SftpSession(world.as_("alice"), offload, SessionLimits(), backlog, found.log, clock=world.clock)
        found.sessions.append(session)
        return session

    options = {"encoding": None, "line_editor": False, "server_host_keys": [HOST_KEY]}
    server = await asyncssh.listen("127.0.0.1", 0, server_factory=lambda: Host(made), **options)
    found.port = server.get_port()
    yield found
    server.close()
    await server.wait_closed()
    async with asyncio.timeout(10):
        for session in found.sessions:
            await session.released()
    assert found.handles() == 0


@pytest.fixture
async def raw(place: Place) -> AsyncIterator[Raw]:
    async with await place.connect() as connection:
        process = await connection.create_process(subsystem="sftp", encoding=None)
        client = Raw(connection, process)
        (told,) = await client.ask(INIT)
        assert told.kind == Kind.VERSION
        yield client
