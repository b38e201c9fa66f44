"""A signed-on client that seals what no client would say: it hurts its own connection, whichever way the data go."""
# ruff: noqa: SLF001  (a packet of one's own making needs the client's cipher)

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from asyncssh.constants import (
    MSG_CHANNEL_CLOSE,
    MSG_CHANNEL_DATA,
    MSG_CHANNEL_EOF,
    MSG_CHANNEL_EXTENDED_DATA,
    MSG_CHANNEL_WINDOW_ADJUST,
    MSG_DEBUG,
    MSG_IGNORE,
    MSG_NEWKEYS,
)
from asyncssh.packet import Boolean, String, UInt32

from mft.offload import Offload
from mft.sftp.session.packets import Code, Kind, string
from mft.store.engine import Store
from tests.support.sessions import HOME, LONG_WAY, SHORT_WAY, Place, Raw, hosted, two_houses
from tests.support.wire import CREATE, INIT, TRUNCATE, WRITE, close_handle, open_file, request, u32, write_file
from tests.support.world import names

WINDOW = 20_000
"""Small enough for one packet to be too much."""
BLOCK = 16
NOWHERE = 4_000_000


@pytest.fixture(params=[SHORT_WAY, LONG_WAY])
async def place(store: Store, tmp_path: Path, offload: Offload, request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    async with hosted(two_houses(store, tmp_path), offload, request.param, window=WINDOW) as found:
        yield found


def padded(payload: bytes, padding: int | None = None) -> bytes:
    """Return *payload* as it is before it is sealed, with as much padding as it says, or says falsely."""
    true = BLOCK - (1 + len(payload)) % BLOCK
    true += BLOCK if true < 4 else 0
    return bytes([true if padding is None else padding]) + payload + bytes(true)


def seal(connection: asyncssh.SSHClientConnection, plain: bytes) -> None:
    """Send *plain* as a packet, sealed as the server expects the next one to be."""
    cipher: Any = connection._send_encryption
    sequence = connection._send_seq
    packet, mac = cipher.encrypt_packet(sequence, UInt32(len(plain)), plain)
    connection._send_seq = (sequence + 1) & 0xFFFFFFFF
    connection._send(packet + mac)


@dataclass
class Caller:
    """Somebody signed on, with an upload half done."""

    connection: asyncssh.SSHClientConnection
    raw: Raw
    handle: bytes
    channel: int
    """What the server calls the session's channel."""

    def say(self, kind: int, *fields: bytes) -> None:
        seal(self.connection, padded(bytes([kind]) + b"".join(fields)))

    def data(self, content: bytes, *, channel: int | None = None, says: int | None = None, more: bytes = b"") -> None:
        number = self.channel if channel is None else channel
        length = len(content) if says is None else says
        self.say(MSG_CHANNEL_DATA, UInt32(number), UInt32(length), content, more)

    async def lives(self) -> bool:
        """Return whether the session still answers, and what is before it in line was taken."""
        try:
            self.raw.send(request(Kind.STAT, 77, string(b"/")))
            while (await asyncio.wait_for(self.raw.answer(), 30)).number != 77:
                pass
        except (asyncio.IncompleteReadError, asyncssh.Error, ConnectionError):
            return False
        return True


async def caller(place: Place) -> Caller:
    connection = await place.connect()
    raw = Raw(connection, await connection.create_process(subsystem="sftp", encoding=None))
    await raw.ask(INIT)
    opened, wrote = await raw.ask(
        open_file(1, f"{HOME}/half.csv".encode(), WRITE | CREATE | TRUNCATE), write_file(2, u32(1), 0, b"half")
    )
    assert wrote.code == Code.OK
    number = raw.process.channel._send_chan  # type: ignore[attr-defined]
    return Caller(connection, raw, opened.handle, number)


ENDS: dict[str, Callable[[Caller], None]] = {
    "data for no channel": lambda one: one.data(b"x", channel=NOWHERE),
    "data that say they are longer": lambda one: one.data(b"x" * 100, says=101),
    "data that say they are endless": lambda one: one.data(b"x" * 100, says=0xFFFFFFFF),
    "data that say they are shorter": lambda one: one.data(INIT, says=4, more=b""),
    "bytes behind the data": lambda one: one.data(INIT, more=b"more"),
    "data without a length": lambda one: one.say(MSG_CHANNEL_DATA, UInt32(one.channel)),
    "data without a channel": lambda one: one.say(MSG_CHANNEL_DATA),
    "data beyond the window": lambda one: one.data(u32(250_000) + bytes(WINDOW)),
    "data after the end of file": lambda one: one.say(MSG_CHANNEL_EOF, UInt32(one.channel)) or one.data(b"x"),
    "data after the close": lambda one: one.say(MSG_CHANNEL_CLOSE, UInt32(one.channel)) or one.data(b"x"),
    "a second end of file": lambda one: [one.say(MSG_CHANNEL_EOF, UInt32(one.channel)) for _ in range(2)] and None,
    "extended data": lambda one: one.say(MSG_CHANNEL_EXTENDED_DATA, UInt32(one.channel), UInt32(1), String(b"x")),
    "room in no channel": lambda one: one.say(MSG_CHANNEL_WINDOW_ADJUST, UInt32(NOWHERE), UInt32(1)),
    "room that is cut short": lambda one: one.say(MSG_CHANNEL_WINDOW_ADJUST, UInt32(one.channel), b"\0"),
    "padding longer than the packet": lambda one: seal(one.connection, padded(b"\x5e", 255)),
    "nothing but padding": lambda one: seal(one.connection, bytes([15]) + bytes(15)),
    "new keys that nobody agreed upon": lambda one: one.say(MSG_NEWKEYS),
    "the client's own answers": lambda one: one.say(52),
}
GOES_ON: dict[str, Callable[[Caller], None]] = {
    "data of no bytes": lambda one: one.data(b""),
    "room without end": lambda one: (
        [one.say(MSG_CHANNEL_WINDOW_ADJUST, UInt32(one.channel), UInt32(0xFFFFFFFF)) for _ in range(3)] and None
    ),
    "something to ignore": lambda one: one.say(MSG_IGNORE, String(bytes(1000))),
    "something to debug": lambda one: one.say(MSG_DEBUG, Boolean(True), String(b"x"), String(b"")),
    "a message of no known kind": lambda one: one.say(199, bytes(20)),
}


@pytest.mark.parametrize("act", ENDS.values(), ids=ENDS)
async def test_what_breaks_the_protocol_ends_the_connection_and_commits_nothing(
    place: Place, act: Callable[[Caller], None]
):
    async with asyncio.timeout(30):
        bad, good = await caller(place), await caller_of_another_file(place)
        act(bad)
        await bad.connection.wait_closed()
        await place.sessions[0].released()
        assert await good.lives()
        assert names(place.world.operator, HOME) == []
        good.connection.abort()


@pytest.mark.parametrize("act", GOES_ON.values(), ids=GOES_ON)
async def test_what_is_merely_odd_changes_nothing(place: Place, act: Callable[[Caller], None]):
    async with asyncio.timeout(30):
        odd = await caller(place)
        act(odd)
        assert await odd.lives()
        (closed,) = await odd.raw.ask(close_handle(5, odd.handle))
        assert closed.code == Code.OK
        assert names(place.world.operator, HOME) == ["half.csv"]
        odd.connection.abort()


async def caller_of_another_file(place: Place) -> Caller:
    connection = await place.connect()
    raw = Raw(connection, await connection.create_process(subsystem="sftp", encoding=None))
    await raw.ask(INIT)
    return Caller(connection, raw, b"", 0)


def bent(plain: bytes, chance: random.Random) -> bytes:
    """Return *plain* with some bytes turned, mostly where lengths and kinds are; still whole blocks."""
    changed = bytearray(plain)
    for _ in range(chance.choice((0, 1, 1, 2, 5))):
        reach = chance.choice((1, 2, 10, 20, len(changed)))
        changed[chance.randrange(min(reach, len(changed)))] = chance.choice((0, 1, 255, chance.randrange(256)))
    return bytes(changed)


@pytest.mark.parametrize("seed", range(3))
async def test_a_thousand_bent_packets_inside_valid_encryption_crash_and_leak_nothing(
    place: Place, seed: int, caplog: pytest.LogCaptureFixture
):
    chance, sent = random.Random(seed), 0
    while sent < 300:
        one = await caller(place)
        for number in range(chance.randrange(5, 40)):
            content = chance.choice(
                (
                    request(Kind.STAT, number, string(b"/")),
                    write_file(number, one.handle, chance.randrange(9000), chance.randbytes(chance.randrange(9000))),
                    request(chance.randrange(256), number, chance.randbytes(30)),
                )
            )
            plain = padded(bytes([MSG_CHANNEL_DATA]) + UInt32(one.channel) + UInt32(len(content)) + content)
            if one.connection._transport is not None:
                seal(one.connection, bent(plain, chance))
                sent += 1
            await asyncio.sleep(0)
        one.connection.abort()
        async with asyncio.timeout(30):
            await place.sessions[-1].released()
    assert place.handles() == 0
    assert [line for line in place.log.of("request.failed") if "reference" in line] == []
    ours = [record for record in caplog.records if record.levelno >= logging.ERROR and _from_us(record)]
    assert ours == []


def _from_us(record: logging.LogRecord) -> bool:
    """Return whether what was raised came from a line of ours."""
    trace = record.exc_info[2] if record.exc_info else None
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and "/mft/" in trace.tb_frame.f_code.co_filename
