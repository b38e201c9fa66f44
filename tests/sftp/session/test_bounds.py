"""What one session may ask for, and what becomes of it beyond."""

import asyncio

import pytest

from mft.sftp.session.limits import SessionLimits
from mft.sftp.session.packets import Code, Kind, string
from tests.support.wire import (
    APPEND,
    READ,
    WRITE,
    FaultyRoom,
    Wire,
    close_handle,
    open_file,
    read_file,
    request,
    u32,
    u64,
    until,
    write_file,
)


async def test_a_read_of_four_gigabytes_is_answered_with_261120_bytes(offload):
    wire = Wire(FaultyRoom(size=1 << 33), offload)
    handle = await wire.opened(flags=READ)
    (answer,) = await wire.ask(read_file(2, handle, 0, 0xFFFFFFFF))
    assert len(answer.content) == 261_120


async def test_the_65th_handle_is_refused_and_nothing_is_opened_for_it(offload):
    room = FaultyRoom()
    wire = Wire(room, offload)
    found = await wire.ask(*(open_file(n, b"/x", READ if n % 2 else WRITE | APPEND) for n in range(2000)))
    assert sum(answer.kind == Kind.HANDLE for answer in found) == 64
    assert room.opened == 64
    (listing,) = await wire.ask(request(Kind.OPENDIR, 1, string(b"/")))
    assert listing.code == Code.FAILURE
    wire.session.connection_lost(None)
    await wire.session.released()
    assert room.opened == 0


async def test_a_handle_is_never_given_out_twice(offload):
    wire = Wire(FaultyRoom(), offload)
    first = await wire.opened(flags=READ)
    await wire.ask(close_handle(2, first))
    second = await wire.opened(flags=READ)
    (answer,) = await wire.ask(read_file(3, first, 0, 1))
    assert first != second
    assert answer.code == Code.FAILURE


async def test_strange_handles_are_refused_whatever_their_length(offload):
    wire = Wire(FaultyRoom(), offload)
    found = await wire.ask(
        *(read_file(n, b"h" * n, 0, 1) for n in range(9)),
        *(write_file(n, b"h" * n, 0, b"content") for n in range(9)),
        *(close_handle(n, b"h" * n) for n in range(9)),
    )
    assert len(found) == 27
    assert {answer.code for answer in found} <= {Code.FAILURE, Code.BAD_MESSAGE}


async def test_unread_answers_stop_the_reading_of_requests(offload):
    wire = Wire(FaultyRoom(size=1 << 40), offload)
    handle = await wire.opened(flags=READ)
    wire.channel.window = 0
    for number in range(5000):
        wire.channel.arrive(read_file(number, handle, number * 261_120, 261_120))
    assert wire.channel.most_queued <= (1 << 20) + 261_120 + 13
    assert wire.channel.paused
    for _ in range(20):
        wire.channel.drain(261_120 + 13)
    assert [answer.number for answer in wire.take()] == list(range(20))
    assert wire.channel.most_queued <= (1 << 20) + 261_120 + 13


async def test_a_socket_that_takes_nothing_stops_the_reading_too(offload):
    wire = Wire(FaultyRoom(), offload)
    wire.backlog = 2 << 20
    wire.channel.arrive(request(Kind.STAT, 1, string(b"/")) + request(Kind.STAT, 2, string(b"/")))
    assert [answer.number for answer in wire.take()] == [1]
    wire.backlog = 0
    wire.session.resume_writing()
    assert [answer.number for answer in wire.take()] == [2]
    assert not wire.channel.paused


async def test_a_drained_socket_is_noticed_though_nobody_says_so(offload):
    wire = Wire(FaultyRoom(), offload)
    wire.backlog = 2 << 20
    wire.channel.arrive(request(Kind.STAT, 1, string(b"/")) + request(Kind.STAT, 2, string(b"/")))
    wire.backlog = 0
    await until(lambda: not wire.channel.paused)
    assert [answer.number for answer in wire.take()] == [1, 2]


@pytest.mark.parametrize(
    ("limits", "before", "why"),
    [
        (SessionLimits(idle=0.02), lambda _: None, "idle"),
        (SessionLimits(half_received=0.02), lambda wire: wire.channel.arrive(u32(100) + b"\x11half"), "half received"),
        (SessionLimits(half_received=0.02), lambda wire: wire.channel.arrive(b"\0"), "half received"),
        (SessionLimits(undrained=0.02), lambda wire: setattr(wire, "backlog", 1), "undrained"),
    ],
)
async def test_silence_ends_a_session_and_commits_nothing(offload, limits, before, why):
    room = FaultyRoom()
    wire = Wire(room, offload, limits)
    await wire.opened()
    before(wire)
    async with asyncio.timeout(10):
        await wire.session.released()
    assert wire.log.of("channel.silent") == [{"why": why}]
    assert (room.published, room.ended) == (0, [("upload", "idle")])
    assert wire.channel.how == "abort"


async def test_limits_says_what_is_enforced(offload):
    wire = Wire(FaultyRoom(), offload)
    (answer,) = await wire.ask(request(Kind.EXTENDED, 1, string(b"limits@openssh.com")))
    assert answer.kind == Kind.EXTENDED_REPLY
    assert answer.body == u64(262_144) + u64(261_120) + u64(261_120) + u64(64)
