"""The PROXY header: exactly the specification's, exactly its bytes, and nothing spoofed."""

import asyncio
import socket
import struct
from ipaddress import IPv4Address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mft.model.errors import Invalid
from mft.model.network import AddressRange
from mft.sftp.front.proxy import missing, parse, read_source

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
CALLER = IPv4Address("8.8.4.4")
LOOPBACK = (AddressRange.parse("127.0.0.0/8"),)
V1 = b"PROXY TCP4 8.8.4.4 1.1.1.1 40000 22\r\n"


def v2(
    command: int = 0x21, family: int = 0x11, body: bytes | None = None, length: int | None = None, more: bytes = b""
) -> bytes:
    if body is None:
        body = CALLER.packed + IPv4Address("1.1.1.1").packed + struct.pack(">HH", 40000, 22)
    body += more
    return SIGNATURE + struct.pack(">BBH", command, family, len(body) if length is None else length) + body


def v6(source: bytes) -> bytes:
    return source + source + struct.pack(">HH", 40000, 22)


MAPPED = bytes(10) + b"\xff\xff" + CALLER.packed

ACCEPTED = {
    "v1": (V1, CALLER),
    "v1 lowest port": (b"PROXY TCP4 8.8.4.4 1.1.1.1 0 0\r\n", CALLER),
    "v1 mapped": (b"PROXY TCP6 ::ffff:8.8.4.4 ::ffff:1.1.1.1 40000 22\r\n", CALLER),
    "v1 mapped, written in hexadecimal": (b"PROXY TCP6 ::ffff:808:404 ::ffff:101:101 40000 22\r\n", CALLER),
    "v1 unknown": (b"PROXY UNKNOWN\r\n", None),
    "v1 unknown with addresses": (b"PROXY UNKNOWN ffff:f:f:f:f:f:f:ffff ffff::1 65535 65535\r\n", None),
    "v2": (v2(), CALLER),
    "v2 with extensions": (v2(more=b"\x04\x00\x03abc"), CALLER),
    "v2 mapped": (v2(family=0x21, body=v6(MAPPED)), CALLER),
    "v2 local": (v2(command=0x20), None),
    "v2 local without addresses": (v2(command=0x20, family=0x00, body=b""), None),
    "v2 as long as any": (v2(more=bytes(500)), CALLER),
}

REFUSED = {
    "nothing": b"",
    "ssh": b"SSH-2.0-OpenSSH_9.2\r\n",
    "http": b"GET / HTTP/1.1\r\n\r\n",
    "v1 small letters": V1.lower(),
    "v1 without a family": b"PROXY 8.8.4.4 1.1.1.1 40000 22\r\n",
    "v1 over UDP": b"PROXY UDP4 8.8.4.4 1.1.1.1 40000 22\r\n",
    "v1 without a destination": b"PROXY TCP4 8.8.4.4 40000 22\r\n",
    "v1 with a word more": b"PROXY TCP4 8.8.4.4 1.1.1.1 40000 22 x\r\n",
    "v1 with two blanks": b"PROXY  TCP4 8.8.4.4 1.1.1.1 40000 22\r\n",
    "v1 with a tab": b"PROXY TCP4\t8.8.4.4 1.1.1.1 40000 22\r\n",
    "v1 octal": b"PROXY TCP4 010.8.4.4 1.1.1.1 40000 22\r\n",
    "v1 short address": b"PROXY TCP4 8.8.4 1.1.1.1 40000 22\r\n",
    "v1 bad destination": b"PROXY TCP4 8.8.4.4 1.1.1.256 40000 22\r\n",
    "v1 port too large": b"PROXY TCP4 8.8.4.4 1.1.1.1 65536 22\r\n",
    "v1 signed port": b"PROXY TCP4 8.8.4.4 1.1.1.1 +400 22\r\n",
    "v1 port with zeros": b"PROXY TCP4 8.8.4.4 1.1.1.1 00400 22\r\n",
    "v1 not ASCII": "PROXY TCP4 8.8.4.\uff14 1.1.1.1 40000 22\r\n".encode(),
    "v1 line feed only": b"PROXY TCP4 8.8.4.4 1.1.1.1 40000 22\n",
    "v1 IPv6": b"PROXY TCP6 2001:4860:4860::8888 2001:4860::1 40000 22\r\n",
    "v1 IPv4 as IPv6": b"PROXY TCP6 8.8.4.4 1.1.1.1 40000 22\r\n",
    "v1 IPv6 as IPv4": b"PROXY TCP4 ::ffff:8.8.4.4 ::ffff:1.1.1.1 40000 22\r\n",
    "v1 with a zone": b"PROXY TCP6 ::ffff:8.8.4.4%eth0 ::ffff:1.1.1.1 40000 22\r\n",
    "v1 unspecified source": b"PROXY TCP4 0.0.0.0 1.1.1.1 40000 22\r\n",
    "v1 private source": b"PROXY TCP4 10.0.0.1 1.1.1.1 40000 22\r\n",
    "v1 loopback source": b"PROXY TCP4 127.0.0.1 1.1.1.1 40000 22\r\n",
    "v1 multicast source": b"PROXY TCP4 224.0.0.1 1.1.1.1 40000 22\r\n",
    "v1 broadcast source": b"PROXY TCP4 255.255.255.255 1.1.1.1 40000 22\r\n",
    "v1 and SSH behind it": V1 + b"SSH-2.0-x\r\n",
    "v1 twice": V1 + V1,
    "v1 too long": b"PROXY UNKNOWN " + b"x" * 92 + b"\r\n",
    "v2 version 1": v2(command=0x11),
    "v2 version 3": v2(command=0x31),
    "v2 command 2": v2(command=0x22),
    "v2 over UDP": v2(family=0x12),
    "v2 unspecified family": v2(family=0x00),
    "v2 unix socket": v2(family=0x31, body=bytes(216)),
    "v2 IPv6": v2(family=0x21, body=v6(bytes.fromhex("20014860486000000000000000008888"))),
    "v2 addresses cut short": v2(body=CALLER.packed),
    "v2 IPv6 cut short": v2(family=0x21, body=MAPPED),
    "v2 longer than it says": v2(length=4),
    "v2 shorter than it says": v2(length=400),
    "v2 too long": v2(more=bytes(501)),
    "v2 head cut short": v2()[:14],
    "v2 private source": v2(body=IPv4Address("192.168.7.7").packed + bytes(8)),
    "v2 unspecified source": v2(body=bytes(12)),
    "v2 mapped private source": v2(family=0x21, body=v6(bytes(10) + b"\xff\xff\x0a\x00\x00\x01")),
    "v2 twice": v2() + v2(),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_a_header_of_the_specification_names_its_source(case: str):
    header, source = ACCEPTED[case]
    assert missing(header) == 0
    assert parse(header) == source


@pytest.mark.parametrize("case", REFUSED)
def test_anything_else_names_nobody(case: str):
    with pytest.raises(Invalid):
        parse(REFUSED[case])


def test_for_a_trial_loopback_counts_as_public():
    header = b"PROXY TCP4 127.0.0.9 127.0.0.1 40000 22\r\n"
    assert parse(header, LOOPBACK) == IPv4Address("127.0.0.9")


async def read(*pieces: bytes, ends: bool = True) -> tuple[IPv4Address | None, bytes]:
    """Return what the header in *pieces* names, and what is left unread behind it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        reading = asyncio.create_task(read_source(ours, ()))
        for piece in pieces:
            theirs.sendall(piece)
            await asyncio.sleep(0)
        if ends:
            theirs.shutdown(socket.SHUT_WR)
        source = await asyncio.wait_for(reading, 5)
        try:
            return source, ours.recv(1 << 16)
        except BlockingIOError:
            return source, b""


@pytest.mark.parametrize("case", ACCEPTED)
async def test_not_a_byte_behind_the_header_is_read(case: str):
    header, source = ACCEPTED[case]
    assert await read(header + b"SSH-2.0-client\r\n") == (source, b"SSH-2.0-client\r\n")


@pytest.mark.parametrize("case", ACCEPTED)
async def test_a_header_may_arrive_byte_by_byte(case: str):
    header, source = ACCEPTED[case]
    assert await read(*(header[at : at + 1] for at in range(len(header)))) == (source, b"")


@pytest.mark.parametrize("case", ACCEPTED)
async def test_a_header_cut_anywhere_names_nobody(case: str):
    header, _ = ACCEPTED[case]
    for end in range(len(header)):
        with pytest.raises(Invalid):
            await read(header[:end])


@pytest.mark.parametrize("start", [b"SSH-2.0-x", b"GET / HTTP", b"PROXX", b"\r\n\r\nSSH-", b"\x16\x03\x01"])
async def test_what_is_no_header_is_known_before_the_peer_says_more(start: bytes):
    with pytest.raises(Invalid):
        await read(start + bytes(16), ends=False)


async def test_a_line_without_an_end_is_given_up_after_107_bytes():
    with pytest.raises(Invalid):
        await read(b"PROXY UNKNOWN " + b"x" * 500, ends=False)


@given(st.binary(max_size=600))
@example(SIGNATURE)
@example(b"PROXY TCP4 " + b"1" * 5000 + b".1.1.1 1.1.1.1 1 1\r\n")
@example(b"PROXY TCP4 8.8.4.4 1.1.1.1 " + b"9" * 60 + b" 1\r\n")
def test_no_bytes_do_more_than_be_refused(header: bytes):
    for parsed in (header, SIGNATURE + header, b"PROXY " + header + b"\r\n", b"PROXY TCP4 " + header + b"\r\n"):
        try:
            source = parse(parsed)
        except Invalid:
            continue
        assert source is None or isinstance(source, IPv4Address)


@given(st.sampled_from(sorted(ACCEPTED)), st.integers(0, 600), st.integers(0, 255))
def test_a_changed_byte_spoofs_no_private_source(case: str, at: int, byte: int):
    header = bytearray(ACCEPTED[case][0])
    header[at % len(header)] = byte
    try:
        source = parse(bytes(header))
    except Invalid:
        return
    assert source is None or not (source.is_loopback or source.is_multicast or source in _PRIVATE)


class _Private:
    """10/8, 172.16/12 and 192.168/16, said without our own table."""

    def __contains__(self, address: IPv4Address) -> bool:
        first, second = address.packed[:2]
        return first == 10 or (first == 172 and 16 <= second < 32) or (first, second) == (192, 168)


_PRIVATE = _Private()


@given(st.binary(max_size=700))
def test_reading_always_comes_to_an_end(arrives: bytes):
    """Whatever arrives, each round asks for at least a byte and never for more than a header's rest."""
    header = b""
    for _ in range(700):
        try:
            wanted = missing(header)
        except Invalid:
            return
        if not wanted:
            return
        assert len(header) + wanted <= 16 + 512
        taken = arrives[len(header) : len(header) + wanted]
        if not taken:
            return
        header += taken
    pytest.fail("700 rounds were not enough")
