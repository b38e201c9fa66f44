"""Behind a load balancer: the caller is who the header says, and only who may say so is believed."""

import asyncio
import socket
import struct
from ipaddress import IPv4Address

import asyncssh
import pytest

from mft.model.event import Action
from mft.model.network import AddressRange
from mft.policy.penalties import Offence
from mft.sftp.front.listener import Entrance
from tests.support.gate import SECRET
from tests.support.hall import Client, Hall, OpenHall

BALANCER = "127.0.0.50"
CALLER = "8.8.4.4"
SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
BEHIND = Entrance(proxy_from=(AddressRange.parse(BALANCER),))


def v1(source: str = CALLER) -> bytes:
    return f"PROXY TCP4 {source} 1.1.1.1 40000 22\r\n".encode()


def v2(source: str = CALLER, command: int = 0x21) -> bytes:
    body = IPv4Address(source).packed + IPv4Address("1.1.1.1").packed + struct.pack(">HH", 40000, 22)
    return SIGNATURE + struct.pack(">BBH", command, 0x11, len(body)) + body


def mapped(source: str = CALLER) -> bytes:
    address = bytes(10) + b"\xff\xff" + IPv4Address(source).packed
    return SIGNATURE + struct.pack(">BBH", 0x21, 0x21, 36) + address * 2 + struct.pack(">HH", 40000, 22)


async def through(hall: Hall, header: bytes, peer: str = BALANCER, client: Client | None = None) -> Client:
    """Sign on as a caller whose balancer sends *header*."""
    sock = socket.socket()
    sock.setblocking(False)
    sock.bind((peer, 0))
    loop = asyncio.get_running_loop()
    await loop.sock_connect(sock, ("127.0.0.1", hall.port))
    await loop.sock_sendall(sock, header)
    client = client or Client([SECRET], [])
    options = asyncssh.SSHClientConnectionOptions(
        username="alice",
        known_hosts=None,
        config=None,
        agent_path=None,
        client_keys=None,
        client_factory=lambda: client,
    )
    connection = await asyncssh.connect(sock=sock, options=options)
    connection.close()
    await connection.wait_closed()
    return client


@pytest.fixture
async def behind(open_hall: OpenHall) -> Hall:
    hall = await open_hall(entrance=BEHIND, proxy_header=0.3)
    hall.gate.account("alice", allow=CALLER)
    return hall


@pytest.mark.parametrize("header", [v1(), v2(), mapped()], ids=["v1", "v2", "v2 mapped"])
async def test_the_header_s_source_is_the_caller_s(behind: Hall, header: bytes):
    await through(behind, header)
    [admitted] = behind.events(Action.SIGNON_ADMITTED)
    assert admitted.detail["source"] == CALLER


async def test_the_header_s_source_is_what_the_list_is_asked_for(behind: Hall):
    client = Client([SECRET], [])
    with pytest.raises(asyncssh.Error):
        await through(behind, v2("8.8.4.5"), client=client)
    assert len(client.banners) == 1
    [refused] = behind.events(Action.SIGNON_REFUSED)
    assert (refused.detail["reason"], refused.detail["source"]) == ("source_not_listed", "8.8.4.5")


async def test_penalties_are_the_caller_s_and_not_the_balancer_s(behind: Hall):
    behind.charge("8.8.4.5", Offence.CRASH)
    assert await behind.greeting(BALANCER, v2("8.8.4.5")) == b""
    assert await behind.greeting(BALANCER, v2(CALLER)) == b"SSH-2.0-MFT\r\n"


async def test_places_are_the_caller_s_too(behind: Hall):
    held = [await behind.dial(BALANCER) for _ in range(8)]
    for _, writer in held:
        writer.write(v2())
    lines = await asyncio.gather(*(asyncio.wait_for(reader.readline(), 5) for reader, _ in held))
    assert sum(bool(line) for line in lines) == 5
    assert await behind.greeting(BALANCER, v2("8.8.4.9"))
    for _, writer in held:
        writer.close()


async def test_nobody_else_s_header_is_believed(behind: Hall):
    for peer in ("127.0.0.1", "127.0.0.51"):
        assert await behind.greeting(peer, v2()) == b""


async def test_without_a_header_nothing_is_said(behind: Hall):
    assert await behind.greeting(BALANCER, b"SSH-2.0-OpenSSH_9.2\r\n") == b""


async def test_a_header_that_does_not_come_is_waited_for_so_long_and_no_longer(behind: Hall):
    async with asyncio.timeout(3):
        assert await behind.greeting(BALANCER) == b""
        assert await behind.greeting(BALANCER, v2()[:20]) == b""


async def test_a_header_sent_slowly_is_too_slow(behind: Hall):
    reader, writer = await behind.dial(BALANCER)

    async def trickle() -> None:
        for byte in v1():
            writer.write(bytes([byte]))
            await asyncio.sleep(0.05)

    trickling = asyncio.create_task(trickle())
    async with asyncio.timeout(3):
        assert await reader.read() == b""
    trickling.cancel()
    writer.close()


@pytest.mark.parametrize("first", [v1(), v2()], ids=["v1", "v2"])
@pytest.mark.parametrize("second", [v1("9.9.9.9"), v2("9.9.9.9")], ids=["v1", "v2"])
async def test_a_second_header_closes(behind: Hall, first: bytes, second: bytes):
    with pytest.raises((asyncssh.Error, OSError)):
        await through(behind, first + second)
    assert behind.events(Action.SIGNON_ADMITTED) == []


@pytest.mark.parametrize("header", [v2(command=0x20), b"PROXY UNKNOWN\r\n"], ids=["v2", "v1"])
async def test_a_health_check_hears_no_ssh_and_costs_nothing(behind: Hall, header: bytes):
    for _ in range(30):
        assert await behind.greeting(BALANCER, header) == b""
    await behind.seen_off()
    assert behind.penalties.list() == []
    assert await behind.greeting(BALANCER, v2()) == b"SSH-2.0-MFT\r\n"


@pytest.mark.parametrize("source", ["10.0.0.1", "192.168.1.1", "0.0.0.0", "224.0.0.1"])  # noqa: S104
async def test_a_source_that_no_list_can_hold_is_nobody(behind: Hall, source: str):
    assert await behind.greeting(BALANCER, v1(source)) == b""
    assert await behind.greeting(BALANCER, v2(source)) == b""


@pytest.mark.parametrize("header", [v1(), v2()], ids=["v1", "v2"])
async def test_on_a_direct_listener_a_header_closes_the_connection(hall: Hall, header: bytes):
    with pytest.raises((asyncssh.Error, OSError)):
        await through(hall, header, peer="127.0.0.1")
    assert hall.events(Action.SIGNON_ADMITTED) == []
