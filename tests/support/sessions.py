"""SFTP sessions over real SSH: asyncssh's server around our session, the real tree on a real database behind it."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import asyncssh
import paramiko

from mft.sftp.session.session import SftpSession
from tests.support.wire import Answer, Lines
from tests.support.world import World

HOME = "/Distribution/northwind"


HOST_KEY = asyncssh.generate_private_key("ssh-ed25519")


@dataclass
class Place:
    """A server, the tree behind it and the sessions it made."""

    world: World
    port: int
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
            **options,
        )

    def visit(self, work: Callable[[paramiko.SFTPClient], object]) -> object:
        """Do *work* with paramiko's client; call it in a thread."""
        with paramiko.Transport(("127.0.0.1", self.port)) as transport:
            transport.connect(username="alice", password="-")
            client = paramiko.SFTPClient.from_transport(transport)
            assert client is not None
            return work(client)

    def handles(self) -> int:
        return len(self.world.files.parts.open_here)


class Host(asyncssh.SSHServer):
    """Lets everybody in and gives each channel a session of ours."""

    def __init__(self, made: Callable[[asyncssh.SSHServerConnection], SftpSession]) -> None:
        self.made = made

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.connection = conn

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:  # noqa: ARG002  (asyncssh's signature)
        return True

    def session_requested(self) -> SftpSession:
        return self.made(self.connection)


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
