"""What holds whichever way the data go: ours for AES-GCM, asyncssh's for the rest."""
# ruff: noqa: SLF001  (what waits, and which keys there are, is told to nobody)

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from mft.offload import Offload
from mft.sftp.session.limits import SessionLimits
from mft.sftp.session.packets import Kind
from mft.sftp.transport.connection import Connection
from mft.store.engine import Store
from tests.support.sessions import HOME, LONG_WAY, SHORT_WAY, Place, Raw, hosted, noise, two_houses
from tests.support.wire import INIT, READ, open_file, read_file, until
from tests.support.world import get, put

MEBIBYTE = 1 << 20
LIMITS = SessionLimits()
WAYS = pytest.mark.parametrize("place", [SHORT_WAY, LONG_WAY], indirect=True)


@pytest.fixture
async def place(store: Store, tmp_path: Path, offload: Offload, request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    async with hosted(two_houses(store, tmp_path), offload, request.param, rekey_bytes=16 * MEBIBYTE) as found:
        yield found


@pytest.fixture
def exchanged(monkeypatch: pytest.MonkeyPatch) -> list[Connection]:
    """The server's connection, once for each time that it took new keys."""
    noted: list[Connection] = []
    send_newkeys = Connection.send_newkeys

    def counting(self: Connection, *given: Any) -> None:
        noted.append(self)
        send_newkeys(self, *given)

    monkeypatch.setattr(Connection, "send_newkeys", counting)
    return noted


async def up(client: asyncssh.SFTPClient, name: str, content: bytes) -> None:
    async with client.open(f"{HOME}/{name}", "wb") as file:
        await file.write(content)


async def down(client: asyncssh.SFTPClient, name: str, content: bytes) -> None:
    async with client.open(f"{HOME}/{name}", "rb") as file:
        assert await file.read() == content


@WAYS
@pytest.mark.parametrize("way", ["up", "down", "both at once"])
async def test_new_keys_every_16_mebibytes_under_load_lose_no_byte(
    place: Place, exchanged: list[Connection], ours: list[Connection], way: str
):
    content, alice = noise(52 * MEBIBYTE + 7), place.world.as_("alice")
    if way != "up":
        put(alice, f"{HOME}/down.bin", content)
    async with (
        await place.connect(rekey_bytes=16 * MEBIBYTE) as connection,
        connection.start_sftp_client() as client,
    ):
        work = [up(client, "up.bin", content)] if way != "down" else []
        work += [down(client, "down.bin", content)] if way != "up" else []
        await asyncio.gather(*work)
        assert len(exchanged) >= 4, "the first keys, and three times new ones"
        assert all((one._receiver is not None) is (place.cipher == SHORT_WAY) for one in ours)
    if way != "down":
        assert get(alice, f"{HOME}/up.bin") == content


@WAYS
async def test_several_channels_share_a_connection_without_mixing(place: Place):
    async with await place.connect() as connection:
        clients = await asyncio.gather(*(connection.start_sftp_client() for _ in range(4)))
        content = [noise(2 * MEBIBYTE + number) for number in range(4)]
        await asyncio.gather(*(up(one, f"{n}.bin", content[n]) for n, one in enumerate(clients)))
        await asyncio.gather(*(down(one, f"{3 - n}.bin", content[3 - n]) for n, one in enumerate(clients)))


@WAYS
async def test_a_channel_that_nobody_reads_holds_up_no_other_of_its_connection(place: Place):
    content = noise(3 * MEBIBYTE)
    put(place.world.as_("alice"), f"{HOME}/big.bin", content)
    async with await place.connect() as connection:
        raw, handle = await opened(connection, window=70_000)
        raw.process.channel.pause_reading()
        demand(raw, handle)
        async with connection.start_sftp_client() as client:
            await down(client, "big.bin", content)
        connection.abort()


@WAYS
@pytest.mark.parametrize("window", [70_000, 0x7FFFFFFF], ids=["window", "socket"])
async def test_what_waits_for_channels_that_take_nothing_stays_under_the_backlog(
    place: Place, ours: list[Connection], window: int
):
    put(place.world.as_("alice"), f"{HOME}/big.bin", noise(3 * MEBIBYTE))
    async with await place.connect() as connection:
        channels = [await opened(connection, window) for _ in range(4)]
        connection._transport.pause_reading()  # type: ignore[union-attr]  # A client that takes nothing.
        for raw, handle in channels:
            demand(raw, handle)
        await until(lambda: all(session._stalled for session in place.sessions))
        answer = LIMITS.read + 1024
        windows = [session._channel.get_write_buffer_size() for session in place.sessions if session._channel]
        assert len(windows) == 4
        assert all(size <= LIMITS.backlog + answer for size in windows)
        assert ours[0].backlog() + max(windows) > 0
        assert ours[0].backlog() <= LIMITS.backlog + 4 * answer, "each had one answer under way at most"
        connection.abort()


@WAYS
async def test_who_hangs_up_is_answered_nothing_more_of_what_it_asked_for(place: Place, ours: list[Connection]):
    put(place.world.as_("alice"), f"{HOME}/big.bin", noise(3 * MEBIBYTE))
    async with await place.connect() as connection:
        raw, handle = await opened(connection, 0x7FFFFFFF)
        connection._transport.pause_reading()  # type: ignore[union-attr]  # A client that takes nothing.
        demand(raw, handle)
        [session] = place.sessions
        await until(lambda: session._stalled)
        sent = session._out.sent
        ours[0]._transport.abort()  # type: ignore[union-attr]  # What a reset by the client leads to.
        session._stalled = False
        session._serve()
        await until(lambda: session._ended is not None)
        assert session._out.sent <= sent + LIMITS.read + 1024
        connection.abort()


async def opened(connection: asyncssh.SSHClientConnection, window: int) -> tuple[Raw, bytes]:
    """Open the file on a channel of its own."""
    raw = Raw(connection, await connection.create_process(subsystem="sftp", encoding=None, window=window))
    await raw.ask(INIT)
    (answer,) = await raw.ask(open_file(1, f"{HOME}/big.bin".encode(), READ))
    assert answer.kind == Kind.HANDLE
    return raw, answer.handle


def demand(raw: Raw, handle: bytes) -> None:
    """Ask for a gigabyte."""
    raw.send(*(read_file(number, handle, 0, LIMITS.read) for number in range(4000)))
