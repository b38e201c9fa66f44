"""Our own way of carrying a connection's data brings the same bytes as asyncssh's, whatever happens beside it."""
# ruff: noqa: SLF001  (keys are exchanged anew by asyncssh's client, which has no method for it)

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncssh
import pytest

from mft.offload import Offload
from mft.sftp.session.packets import Kind
from mft.sftp.transport.connection import Connection
from mft.sftp.transport.framing import ROOM, Framing
from mft.sftp.transport.gcm import LENGTH, TAG, Gcm
from mft.store.engine import Store
from tests.support.sessions import HOME, LONG_WAY, SHORT_WAY, Place, Raw, hosted, noise, two_houses
from tests.support.wire import INIT, READ, open_file, read_file

MEBIBYTE = 1 << 20


@pytest.fixture
async def place(store: Store, tmp_path: Path, offload: Offload, request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    options = getattr(request, "param", {})
    async with hosted(two_houses(store, tmp_path), offload, SHORT_WAY, **options) as found:
        yield found


async def there_and_back(client: asyncssh.SFTPClient, name: str, content: bytes) -> None:
    async with client.open(f"{HOME}/{name}", "wb") as file:
        await file.write(content)
    async with client.open(f"{HOME}/{name}", "rb") as file:
        assert await file.read() == content


def is_short(connection: Connection) -> bool:
    return connection._receiver is not None


@pytest.mark.parametrize("place", [{}, {"rekey_bytes": MEBIBYTE}], indirect=True, ids=["one key", "a key a mebibyte"])
@pytest.mark.parametrize("theirs", [1 << 30, 3 * MEBIBYTE // 2], ids=["", "and the client's own"])
async def test_keys_exchanged_under_load_lose_no_byte(place: Place, ours: list[Connection], theirs: int):
    async with await place.connect(rekey_bytes=theirs) as connection, connection.start_sftp_client() as client:
        work = (there_and_back(client, f"{number}.bin", noise(7 * MEBIBYTE + number)) for number in range(3))
        await asyncio.gather(*work)
        assert all(map(is_short, ours))


async def test_several_channels_share_a_connection_without_mixing(place: Place):
    async with await place.connect() as connection:
        clients = await asyncio.gather(*(connection.start_sftp_client() for _ in range(4)))
        work = (there_and_back(one, f"{n}.bin", noise(2 * MEBIBYTE + n)) for n, one in enumerate(clients))
        await asyncio.gather(*work)


@pytest.mark.parametrize("becomes", [LONG_WAY, "aes256-gcm@openssh.com"])
async def test_another_cipher_in_mid_connection_is_followed_and_so_is_the_way_back(
    place: Place, ours: list[Connection], becomes: str
):
    async with (
        await place.connect(encryption_algs=[SHORT_WAY, LONG_WAY, becomes]) as connection,
        connection.start_sftp_client() as client,
    ):
        (server,) = ours
        for cipher in (becomes, SHORT_WAY, becomes):
            connection._enc_algs = [cipher.encode()]
            connection._rekey_bytes_sent = connection._rekey_bytes
            await there_and_back(client, "a.bin", noise(3 * MEBIBYTE))
            assert server.get_extra_info("recv_cipher") == cipher
            assert is_short(server) is ("gcm" in cipher)


@pytest.mark.parametrize("window", [100, 40_000, 1 << 30])
@pytest.mark.parametrize("packet", [64, 32_768, 1 << 30])
async def test_a_client_that_takes_little_at_a_time_gets_all_of_it(place: Place, window: int, packet: int):
    content = noise(150_000)
    async with await place.connect() as connection:
        async with connection.start_sftp_client() as client:
            await there_and_back(client, "a.bin", content)
        process = await connection.create_process(subsystem="sftp", encoding=None, window=window, max_pktsize=packet)
        raw = Raw(connection, process)
        await raw.ask(INIT)
        (opened,) = await raw.ask(open_file(1, f"{HOME}/a.bin".encode(), READ))
        (answer,) = await raw.ask(read_file(2, opened.body[4:8], 0, len(content)))
        assert (answer.kind, answer.body[4:]) == (Kind.DATA, content)


@pytest.mark.parametrize("bent", [5, -1])
async def test_a_packet_that_was_tampered_with_ends_the_connection_and_is_not_read(
    place: Place, ours: list[Connection], bent: int
):
    async with await place.connect() as connection:
        process = await connection.create_process(subsystem="sftp", encoding=None)
        process.stdin.write(INIT)
        await process.stdout.readexactly(4)
        send = connection._send

        def bending(data: bytes) -> None:
            changed = bytearray(data)
            changed[bent] ^= 1
            send(bytes(changed))

        connection._send = bending
        process.stdin.write(INIT)
        await asyncio.wait_for(ours[0].wait_closed(), 10)


@pytest.mark.parametrize("announced", [0, 1, 11, 1 << 20, (1 << 32) - 1])
async def test_a_packet_of_an_impossible_length_ends_the_connection(
    place: Place, ours: list[Connection], announced: int
):
    async with await place.connect() as connection:
        process = await connection.create_process(subsystem="sftp", encoding=None)
        process.stdin.write(INIT)
        await process.stdout.readexactly(4)
        connection._send(announced.to_bytes(4, "big") + bytes(4096))
        await asyncio.wait_for(ours[0].wait_closed(), 10)


async def packets_of(sealed: bytes, gcm: Gcm, check: Callable[[bytes], Awaitable[None]]) -> None:
    at = 0
    while at < len(sealed):
        stop = at + LENGTH + int.from_bytes(sealed[at : at + LENGTH], "big") + TAG
        plain = memoryview(bytearray(stop - at - LENGTH - TAG))
        view = memoryview(sealed)
        assert gcm.open_into(view[at : at + LENGTH], view[at + LENGTH : stop], plain)
        await check(bytes(plain))
        at = stop


@pytest.mark.parametrize("seed", range(20))
async def test_what_is_framed_in_place_is_what_was_written_there(seed: int):
    chance = random.Random(seed)
    framing, key, iv = Framing(), chance.randbytes(16), chance.randbytes(12)
    sealing, opening = Gcm(key, iv), Gcm(key, iv)
    length = chance.randrange(1, ROOM)
    content, most = chance.randbytes(length), chance.choice((1024, 4096, 32_768, 32_767))
    framing.room(length)[:] = content
    got = bytearray()

    async def check(plain: bytes) -> None:
        padding, kind, size = plain[0], plain[1], int.from_bytes(plain[6:10], "big")
        assert (kind, plain[2:6]) == (94, (7).to_bytes(4, "big"))
        assert padding >= 4
        assert size <= most
        assert (len(plain) % 16, len(plain)) == (0, 10 + size + padding)
        got.extend(plain[10 : 10 + size])

    sent = 0
    while sent < length:
        sealed, _, taken = framing.seal(sealing, 7, sent, length - sent, most)
        assert taken
        await packets_of(bytes(sealed), opening, check)
        sent += taken
    assert bytes(got) == content
