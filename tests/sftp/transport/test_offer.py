"""What a client is offered follows from what it can, whoever speaks first."""

import asyncio
import dataclasses
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from asyncssh.packet import NameList, UInt32

from mft.sftp.front.options import CHACHA20, Offer
from mft.sftp.transport.connection import Connection
from mft.sftp.transport.offer import for_client
from mft.store.engine import Store
from tests.sftp.transport.conftest import opened_hall
from tests.support.hall import Hall, leave

GCM = "aes128-gcm@openssh.com"
OURS = [b"aes256-gcm@openssh.com", b"aes128-gcm@openssh.com", b"aes256-ctr", b"aes128-ctr"]
OF_OPENSSH_9 = [
    *("chacha20-poly1305@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr"),
    *("aes128-gcm@openssh.com", "aes256-gcm@openssh.com"),
]


def kexinit(there: list[bytes], back: list[bytes]) -> bytes:
    lists = [[b"curve25519-sha256"], [b"ssh-ed25519"], there, back, [], [], [b"none"], [b"none"], [], []]
    return bytes(16) + b"".join(NameList(names) for names in lists) + b"\0" + UInt32(0)


@pytest.mark.parametrize(
    ("there", "back", "offered"),
    [
        ([b"aes128-ctr", b"aes128-gcm@openssh.com"], None, OURS[:2]),
        ([b"aes128-ctr"], None, OURS),
        ([b"aes128-gcm@openssh.com", b"aes128-ctr"], [b"aes128-ctr"], OURS),
        ([b"aes128-ctr", b"aes512-gcm@openssh.com"], None, OURS),
        ([], None, OURS),
    ],
    ids=["has both", "has no GCM", "has GCM one way", "has another GCM", "has nothing"],
)
def test_counter_mode_is_kept_from_those_who_have_gcm_both_ways(
    there: list[bytes], back: list[bytes] | None, offered: list[bytes]
):
    assert for_client(OURS, kexinit(there, there if back is None else back)) == offered


def test_an_offer_that_is_cut_short_anywhere_is_met_with_all_of_ours():
    whole = kexinit(OURS, OURS)
    needed = 16 + sum(len(NameList(names)) for names in ([b"curve25519-sha256"], [b"ssh-ed25519"], OURS, OURS))
    assert all(for_client(OURS, whole[:end]) == OURS for end in range(needed))
    assert for_client(OURS, whole[:needed]) == OURS[:2]


async def test_a_client_that_prefers_counter_mode_gets_gcm_if_it_has_that(hall: Hall):
    connection, _ = await hall.connect(encryption_algs=OF_OPENSSH_9)
    async with connection:
        assert connection.get_extra_info("send_cipher") == connection.get_extra_info("recv_cipher") == GCM


async def test_a_cipher_that_a_setting_turns_on_stays_the_first_choice_of_who_prefers_it(store: Store):
    async with opened_hall(store, offer=Offer(chacha20=True)) as hall:
        connection, _ = await hall.connect(encryption_algs=OF_OPENSSH_9)
        assert connection.get_extra_info("recv_cipher") == CHACHA20
        await leave(connection)


async def test_keys_can_be_changed_by_either_side_after_that(hall: Hall, ours: list[Connection]):
    connection, _ = await hall.connect(encryption_algs=OF_OPENSSH_9)
    async with connection, connection.start_sftp_client() as sftp:
        first = list(await sftp.listdir("/"))
        for asks, _ in itertools.product((connection, ours[-1]), range(2)):
            asks._send_kexinit()  # noqa: SLF001  (as either does by itself after a GiB)
            asks._kexinit_sent = True  # noqa: SLF001
            assert list(await sftp.listdir("/")) == first
        assert connection.get_extra_info("recv_cipher") == GCM


async def test_who_waits_for_our_offer_is_shown_all_of_it_and_may_take_any(hall: Hall):
    async with holding_back(hall.port) as port:
        connection, _ = await dataclasses.replace(hall, port=port).connect(encryption_algs=OF_OPENSSH_9)
        async with connection, connection.start_sftp_client() as sftp:
            assert connection.get_extra_info("recv_cipher") == "aes128-ctr"
            assert await sftp.listdir("/")


@asynccontextmanager
async def holding_back(port: int) -> AsyncIterator[int]:
    """Keep what a client says after its version until the server at *port* made its offer."""

    async def carry(near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        far_in, far_out = await asyncio.open_connection("127.0.0.1", port)
        near_out.write(await far_in.readline())
        far_out.write(await near_in.readline())
        near_out.write(await far_in.read(1))
        await asyncio.gather(pipe(far_in, near_out), pipe(near_in, far_out))

    async def pipe(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(1 << 16):
            target.write(data)
        target.close()

    async with await asyncio.start_server(carry, "127.0.0.1", 0) as relay:
        yield relay.sockets[0].getsockname()[1]


async def test_who_leaves_while_waited_for_leaves_nothing_behind(hall: Hall):
    _, writer = await hall.dial()
    writer.write(b"SSH-2.0-leaves\r\n")
    await writer.drain()
    writer.close()
    await hall.seen_off()
