"""SFTP sessions over real SSH: asyncssh's server around our session, the real tree on a real database behind it."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh
import paramiko

from mft.model.account import OrganizationKind
from mft.offload import Offload
from mft.sftp.session.limits import SessionLimits
from mft.sftp.session.session import SftpSession
from mft.sftp.transport.connection import Channel, Connection
from mft.store.engine import Store
from tests.support.wire import Answer, Lines
from tests.support.world import World

HOME = "/Distribution/northwind"

SHORT_WAY, LONG_WAY = "aes128-gcm@openssh.com", "aes256-ctr"
"""A cipher whose data our own code carries, and one that is left to asyncssh."""


HOST_KEY = asyncssh.generate_private_key("ssh-ed25519")


@dataclass
class Place:
    """A server, the tree behind it and the sessions it made."""

    world: World
    port: int
    cipher: str = SHORT_WAY
    log: Lines = field(default_factory=Lines)
    sessions: list[SftpSession] = field(default_factory=list)

    async def connect(self, **options: object) -> asyncssh.SSHClientConnection:
        return await asyncssh.connect(
            "127.0.0.1",
            self.port,
            username="alice",
            password="-",
            known_hosts=None,
            client_keys=None,
            config=[],
            **{"encryption_algs": [self.cipher], **options},
        )

    def visit(self, work: Callable[[paramiko.SFTPClient], object]) -> object:
        """Do *work* with paramiko's client; call it in a thread."""
        with paramiko.Transport(("127.0.0.1", self.port)) as transport:
            transport.get_security_options().ciphers = [self.cipher]
            transport.connect(username="alice", password="-")
            client = paramiko.SFTPClient.from_transport(transport)
            assert client is not None
            return work(client)

    def handles(self) -> int:
        return len(self.world.files.parts.open_here)


class Host(asyncssh.SSHServer):
    """Lets everybody in and gives each channel a session of ours."""

    def __init__(self, made: Callable[[Connection], SftpSession]) -> None:
        self.made = made

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.connection = Connection.adopt(conn, self, 16)

    async def key_known(self, fingerprint: str) -> bool:  # noqa: ARG002  (the keeper's signature)
        return False

    async def signed_key(self, fingerprint: str | None) -> bool:  # noqa: ARG002
        return False

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:  # noqa: ARG002  (asyncssh's signature)
        return True

    def session_requested(self) -> tuple[Channel, SftpSession]:
        return self.connection.create_server_channel(encoding=None), self.made(self.connection)


def two_houses(store: Store, folder: Path) -> World:
    """Two delegates, and somebody at each."""
    house = World(store, folder)
    house.add_organization("northwind")
    house.add_organization("southwind", OrganizationKind.DELEGATE)
    house.add_account("alice", "northwind")
    house.add_account("sven", "southwind")
    house.grant("alice", HOME)
    house.grant("sven", "/Distribution/southwind")
    return house


@asynccontextmanager
async def hosted(
    world: World, offload: Offload, cipher: str, limits: SessionLimits | None = None, **options: object
) -> AsyncIterator[Place]:
    """A server of alice's sessions with asyncssh's *options*; nothing is open any more when it is left."""
    found = Place(world, 0, cipher)

    def made(connection: Connection) -> SftpSession:
        kept = limits or SessionLimits()
        session = SftpSession(world.as_("alice"), offload, kept, connection.backlog, found.log, clock=world.clock)
        found.sessions.append(session)
        return session

    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=lambda: Host(made),
        encoding=None,
        line_editor=False,
        server_host_keys=[HOST_KEY],
        **options,
    )
    found.port = server.get_port()
    yield found
    server.close()
    await server.wait_closed()
    async with asyncio.timeout(10):
        for session in found.sessions:
            await session.released()
    assert found.handles() == 0


@dataclass
class Raw:
    """An SFTP client that does what it is told, one channel, over asyncssh."""

    connection: asyncssh.SSHClientConnection
    process: asyncssh.SSHClientProcess[bytes]

    def send(self, *requests: bytes) -> None:
        self.process.stdin.write(b"".join(requests))

    async def answer(self) -> Answer:
        length = int.from_bytes(await self.process.stdout.readexactly(4), "big")
        body = await self.process.stdout.readexactly(length)
        return Answer(body[0], int.from_bytes(body[1:5], "big"), body[5:])

    async def ask(self, *requests: bytes) -> list[Answer]:
        self.send(*requests)
        return [await self.answer() for _ in requests]


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)
