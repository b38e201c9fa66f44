"""Mutated packets: no crash, no unanswered request, no leaked handle (S4)."""

import random
import resource

import pytest

from mft.model.errors import Conflict, Exhausted, Forbidden, NotFound, Unavailable
from mft.sftp.session.packets import Kind, string
from tests.support.wire import (
    CREATE,
    NO_ATTRS,
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
    write_file,
)

FAULTS = (NotFound("x"), Forbidden("x"), Conflict("x"), Exhausted("x"), Unavailable("x"), RuntimeError("x"))


def corpus(chance: random.Random) -> bytes:
    """Return one packet that makes sense."""
    number = chance.randrange(1 << 32)
    handle = u32(chance.randrange(1, 90))
    path = string(chance.choice((b"/", b"/Inbound", b"/Inbound/a.x12", b"/Outbound/..", b"")))
    attrs = u32(chance.choice((0, 1, 4, 8, 13))) + u64(7) + u64(7) + u32(7)
    extension = chance.choice(
        (b"posix-rename@openssh.com", b"statvfs@openssh.com", b"fsync@openssh.com", b"limits@openssh.com")
    )
    return chance.choice(
        (
            open_file(number, b"/Inbound/a", chance.choice((READ, WRITE, READ | WRITE | CREATE, 63, 0))),
            close_handle(number, handle),
            read_file(number, handle, chance.randrange(4000), chance.choice((0, 10, 1 << 31))),
            write_file(number, handle, chance.randrange(4000), chance.randbytes(chance.randrange(200))),
            request(chance.randrange(1, 24), number, path, attrs),
            request(chance.choice((Kind.FSTAT, Kind.READDIR, Kind.FSETSTAT)), number, string(handle), attrs),
            request(Kind.RENAME, number, path, path),
            request(Kind.EXTENDED, number, string(extension), chance.choice((path, string(handle))), path),
            request(Kind.MKDIR, number, path, NO_ATTRS),
            request(chance.randrange(256), number, chance.randbytes(chance.randrange(60))),
        )
    )


def mutated(packet: bytes, chance: random.Random) -> bytes:
    """Return *packet* with a byte turned, a piece lost or a length bent; the frame mostly holds."""
    body = bytearray(packet[4:])
    match chance.randrange(6):
        case 0:
            body[chance.randrange(len(body))] = chance.randrange(256)
        case 1:
            del body[chance.randrange(5, len(body) + 1) :]
        case 2:
            at = chance.randrange(len(body))
            body[at : at + 4] = u32(chance.choice((0, 1, 255, 1 << 31, 0xFFFFFFFF)))
        case 3:
            body += chance.randbytes(chance.randrange(1, 40))
        case 4:
            return packet
        case _:
            if chance.randrange(50) == 0:
                return u32(chance.choice((0, 3, 300_000, 0xFFFFFFFF))) + bytes(body)
    return u32(len(body)) + bytes(body)


async def rounds(offload, seed: int, packets: int) -> None:
    chance = random.Random(seed)
    room = FaultyRoom(fault=lambda: chance.choice(FAULTS) if chance.random() < 0.05 else None)
    answered = 0
    while answered < packets:
        wire = Wire(room, offload)
        while not wire.channel.closing and answered < packets:
            stream = b"".join(mutated(corpus(chance), chance) for _ in range(50))
            while stream and not wire.channel.closing:
                piece = chance.choice((1, 7, 100, 5000, 40_000))
                wire.channel.arrive(stream[:piece])
                stream = stream[piece:]
                await wire.settled()
            answered += len(wire.take())  # Whatever was answered can be taken apart.
            assert room.opened <= 64
        wire.session.connection_lost(None)
        await wire.session.released()
        assert room.opened == 0


class Inline:
    """Lanes that run at once: nine in ten of the packets, since threads would take ten times as long."""

    async def read(self, function, *arguments: object, **named: object):
        return function(*arguments, **named)

    write = file = read


@pytest.mark.parametrize(("seed", "packets"), [(1, 45_000), (2, 45_000), (3, 10_000)])
async def test_a_hundred_thousand_mutated_packets_neither_crash_nor_leak(offload, seed, packets):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    await rounds(offload if seed == 3 else Inline(), seed, packets)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before <= 50 * 1024


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 120))
async def test_five_million_mutated_packets_neither_crash_nor_leak(offload, seed):
    await rounds(offload, seed, 250_000)


async def test_noise_that_is_no_sftp_ends_the_session(offload):
    chance = random.Random(7)
    for _ in range(300):
        wire = Wire(FaultyRoom(), offload, greet=False)
        wire.channel.arrive(chance.randbytes(600))
        assert wire.take() == []
        wire.session.connection_lost(None)
        await wire.session.released()


async def test_an_intact_packet_after_mutated_ones_is_answered(offload):
    wire = Wire(FaultyRoom(), offload)
    found = await wire.ask(request(Kind.OPEN, 1, b"\xff\xff\xff\xff"), request(Kind.STAT, 2, string(b"/")))
    assert [answer.number for answer in found] == [1, 2]
    assert found[1].kind == Kind.ATTRS
