"""A door on a free port of this machine, with real sign-on, a real store and a clock that tests move.

The tree behind it stands in for the real one: who may do what there is tested elsewhere.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any

import asyncssh
import pytest

from mft.accounts.penalties import Penalties
from mft.model.event import Action
from mft.model.network import AddressRange
from mft.policy.penalties import Offence, PenaltyRules
from mft.sftp.front.door import SftpDoor
from mft.sftp.front.limits import Limits
from mft.sftp.front.listener import Entrance
from mft.sftp.front.options import Offer
from mft.sftp.front.parts import Parts
from tests.support.gate import OLGA, SECRET, Gate
from tests.support.wire import FaultyRoom

LOOPBACK = AddressRange.parse("127.0.0.0/8")
HOST_KEY = asyncssh.generate_private_key("ssh-ed25519")


def loopback(number: int) -> str:
    """Return an address of this machine that no other test of the same run uses as a source by accident."""
    return f"127.0.{number // 250}.{number % 250 + 1}"


@dataclass
class Lines:
    """A log that tests read."""

    lines: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    failures: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def info(self, event: str, /, **details: object) -> None:
        self.lines.append((event, details))

    def exception(self, event: str, /, **details: object) -> None:
        self.failures.append((event, details))


class Client(asyncssh.SSHClient):
    """A client that keeps what it was told and answers as the test wants."""

    def __init__(self, passwords: list[str], replacements: list[str]) -> None:
        self.passwords = passwords
        self.replacements = replacements
        self.banners: list[str] = []
        self.prompts: list[str] = []
        self.asked = 0
        self.known = len(passwords)
        self.typed = ""

    def auth_banner_received(self, msg: str, lang: str) -> None:  # noqa: ARG002  (asyncssh's signature)
        self.banners.append(msg)

    def password_auth_requested(self) -> str | None:
        self.asked += 1
        self.typed = self.passwords.pop(0) if self.passwords else self.typed
        return self.typed if self.asked <= self.known else None

    def password_change_requested(self, prompt: str, lang: str) -> Any:  # noqa: ARG002
        self.prompts.append(prompt)
        if not self.replacements:
            return NotImplemented
        return self.typed, self.replacements.pop(0)


@dataclass
class Hall:
    """The door, and what is behind it."""

    gate: Gate
    penalties: Penalties
    log: Lines
    door: SftpDoor
    port: int

    async def connect(
        self,
        name: str = "alice",
        password: str | list[str] = SECRET,
        *,
        source: str = "127.0.0.1",
        replacements: list[str] | None = None,
        client: Client | None = None,
        **options: Any,
    ) -> tuple[asyncssh.SSHClientConnection, Client]:
        """Sign on.  Raises asyncssh.Error when refused; *client* then tells what it heard."""
        passwords = [password] if isinstance(password, str) else list(password)
        client = client or Client(passwords, replacements or [])
        connection = await asyncssh.connect(
            *("127.0.0.1", self.port),
            options=asyncssh.SSHClientConnectionOptions(
                username=name,
                known_hosts=None,
                config=None,
                agent_path=None,
                client_keys=options.pop("client_keys", None),
                client_factory=lambda: client,
                kbdint_auth=False,
                **options,
            ),
            local_addr=(source, 0),
        )
        return connection, client

    async def refused(self, *args: Any, **kwargs: Any) -> Client:
        """Fail to sign on, and return what the client heard."""
        client = kwargs.setdefault("client", Client(_listed(kwargs.pop("password", SECRET)), []))
        with pytest.raises(asyncssh.Error):
            await self.connect(*args, **kwargs)
        return client

    async def dial(self, source: str = "127.0.0.1") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect without saying anything."""
        return await asyncio.open_connection("127.0.0.1", self.port, local_addr=(source, 0))

    async def greeting(self, source: str = "127.0.0.1", says: bytes = b"") -> bytes:
        """Return the first line the server says to *source*; nothing if it hangs up."""
        reader, writer = await self.dial(source)
        try:
            writer.write(says)
            return await asyncio.wait_for(reader.readline(), 10)
        except ConnectionError:
            return b""
        finally:
            writer.close()

    async def seen_off(self, most: int = 0) -> None:
        """Wait until at most so many connections are left, and what the others cost is written down."""
        await until(lambda: len(self.door._visits._tasks) <= most)  # noqa: SLF001
        await self.door._charges.settled()  # noqa: SLF001

    async def look_round(self) -> None:
        """Decide anew about every live session, now."""
        await self.door._live.round()  # noqa: SLF001

    def places_taken(self) -> int:
        return self.door._places.taken()  # noqa: SLF001

    def charge(self, source: str, *offences: Offence) -> None:
        self.penalties.charge([(IPv4Address(source), offence) for offence in offences])

    def events(self, action: Action) -> list[Any]:
        return [line.event for line in self.gate.lines(action)]


def _listed(password: str | list[str]) -> list[str]:
    return [password] if isinstance(password, str) else list(password)


def key() -> asyncssh.SSHKey:
    """Return a fresh key of a client's."""
    return asyncssh.generate_private_key("ssh-ed25519")


def enrol(hall: Hall, name: str, *keys: asyncssh.SSHKey) -> None:
    """Let the account *name* sign on with *keys*."""
    for each in keys:
        hall.gate.credentials.add_key(OLGA, name, each.export_public_key("openssh").decode())


def temporary(hall: Hall, name: str = "alice") -> str:
    """Reset the password of *name*."""
    return hall.gate.credentials.issue_temporary(OLGA, name).secret


async def leave(connection: asyncssh.SSHClientConnection) -> None:
    connection.close()
    await connection.wait_closed()


async def until(happened: Callable[[], Any], seconds: float = 10.0) -> None:
    """Wait for something that another task is about to do."""
    async with asyncio.timeout(seconds):
        while not happened():  # noqa: ASYNC110  (what is waited for is seen from outside)
            await asyncio.sleep(0.005)


OpenHall = Callable[..., Awaitable[Hall]]


async def open_hall(
    gate: Gate,
    *,
    rules: PenaltyRules | None = None,
    entrance: Entrance | None = None,
    offer: Offer | None = None,
    host_key: asyncssh.SSHKey = HOST_KEY,
    workspace: Callable[..., Any] = lambda *_: FaultyRoom(),
    **limits: Any,
) -> Hall:
    """Open a door before *gate*, with *limits* instead of the usual ones."""
    penalties = Penalties(gate.store, gate.trail, gate.clock, rules or PenaltyRules())
    log = Lines()
    parts = Parts(
        sign_on=gate.signon,
        sessions=gate.sessions,
        penalties=penalties,
        workspace=workspace,
        offload=gate.offload,
        clock=gate.clock,
        log=log,
        limits=Limits(**{"recheck": 3600.0} | limits),
        trial=(LOOPBACK,),
    )
    door = SftpDoor(parts, [host_key], [entrance or Entrance()], offer)
    [(_, port)] = await door.start()
    return Hall(gate, penalties, log, door, port)
