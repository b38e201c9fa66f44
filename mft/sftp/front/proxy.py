"""The PROXY header of a load balancer: who is really calling.  Versions 1 and 2, HAProxy's specification.

Whoever may send this header can claim any address, so that it is read only on listeners that demand
it and only from named peers (mft.sftp.front.reception).  Exactly the header is read and not a byte
of SSH; whatever is not plainly right closes the connection.
"""

import asyncio
import socket
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Final

from mft.model.errors import Invalid
from mft.model.network import AddressRange, parse_address, source_of
from mft.policy.allowlist import AllowlistRules, Unfit, judge

_V1: Final = b"PROXY "
_V1_SHORTEST: Final = len(b"PROXY UNKNOWN\r\n")
_V1_LONGEST: Final = 107
_V1_WORDS: Final = 6  # PROXY, family, source, destination, two ports.
_V2: Final = b"\r\n\r\n\x00\r\nQUIT\n"
_V2_FIXED: Final = 16
_V2_LONGEST: Final = 512
_LOCAL: Final = 0x20
_PROXIED: Final = 0x21
_MAX_PORT: Final = 65_535
_TAKES_ANY: Final = AllowlistRules()


async def read_source(sock: socket.socket, trial: tuple[AddressRange, ...]) -> IPv4Address | None:
    """Read the header from *sock*, non-blocking, and return the source it names; None: a health check.

    Raises Invalid if it is no header we accept, or if the peer leaves before its end.
    """
    loop = asyncio.get_running_loop()
    header = b""
    while wanted := missing(header):
        arrived = await loop.sock_recv(sock, wanted)
        if not arrived:
            raise Invalid("the connection ended inside the PROXY header")
        header += arrived
    return parse(header, trial)


def missing(header: bytes) -> int:
    """Return how many bytes can be read without reading past the header that begins so; 0: it is whole.

    Raises Invalid as soon as no header can begin so.
    """
    if _V2.startswith(header[: len(_V2)]):
        return _missing_v2(header)
    if not _V1.startswith(header[: len(_V1)]):
        raise Invalid("the connection does not begin with a PROXY header")
    if b"\r\n" in header:
        return 0
    if len(header) >= _V1_LONGEST:
        raise Invalid(f"a PROXY header of version 1 is at most {_V1_LONGEST} bytes long")
    # The length is not told: beyond the shortest header only single bytes are safe to read.
    return max(_V1_SHORTEST - len(header), 1)


def _missing_v2(header: bytes) -> int:
    if not header:
        return min(_V1_SHORTEST, _V2_FIXED)
    if len(header) < _V2_FIXED:
        return _V2_FIXED - len(header)
    length = int.from_bytes(header[14:16], "big")
    if length > _V2_LONGEST:
        raise Invalid(f"a PROXY header of version 2 declares {length} bytes; at most {_V2_LONGEST} are read")
    return _V2_FIXED + length - len(header)


def parse(header: bytes, trial: tuple[AddressRange, ...] = ()) -> IPv4Address | None:
    """Return the source that a whole *header* names, or None if the balancer knocks for itself.

    Only an address that could stand on an allowlist is a source (*trial* networks count as public).
    Raises Invalid.
    """
    source = _parse_v2(header) if header.startswith(_V2) else _parse_v1(header)
    if source is not None:
        number = int(source)
        fit = judge(AddressRange(number, number), 0, _TAKES_ANY, trial)
        if isinstance(fit, Unfit):
            raise Invalid(f"the PROXY header names {source}, which is no public address")
    return source


def _parse_v1(header: bytes) -> IPv4Address | None:
    line, end, beyond = header.partition(b"\r\n")
    if not end or beyond or len(header) > _V1_LONGEST or not line.isascii():
        raise Invalid("a PROXY header of version 1 is one line of ASCII")
    words = line.decode("ascii").split(" ")
    if words[:2] == ["PROXY", "UNKNOWN"]:
        return None
    family = _V1_FAMILIES.get(words[1]) if len(words) == _V1_WORDS else None
    if words[0] != "PROXY" or family is None:
        raise Invalid("a PROXY header of version 1 names TCP4 or TCP6, two addresses and two ports")
    for port in words[4:]:
        if not port.isdecimal() or str(int(port)) != port or int(port) > _MAX_PORT:
            raise Invalid("a PROXY header of version 1 names a port that is none")
    family(words[3])
    return family(words[2])


def _mapped(text: str) -> IPv4Address:
    """Return the IPv4 address inside *text*, ``::ffff:a.b.c.d``; other IPv6 has no place on any list."""
    source = source_of(text) if ":" in text and "%" not in text else None
    if source is None:
        raise Invalid("the PROXY header names an IPv6 address; every rule here speaks of IPv4")
    return source


_V1_FAMILIES: Final[dict[str, Callable[[str], IPv4Address]]] = {"TCP4": parse_address, "TCP6": _mapped}


def _parse_v2(header: bytes) -> IPv4Address | None:
    if len(header) < _V2_FIXED or missing(header):
        raise Invalid("the PROXY header is not as long as it says")
    if header[12] == _LOCAL:
        return None
    if header[12] != _PROXIED:
        raise Invalid(f"the PROXY header has version and command {header[12]:#04x}; 0x20 and 0x21 are known")
    family, addresses = header[13], header[_V2_FIXED:]
    size = _V2_SIZES.get(family)
    if size is None:
        raise Invalid(f"the PROXY header names the address family {family:#04x}; TCP over IPv4 is served")
    if len(addresses) < size:
        raise Invalid("the PROXY header ends inside its addresses")
    if family == _V2_TCP4:
        return IPv4Address(addresses[:4])
    if addresses[:12] != _MAPPED_PREFIX:
        raise Invalid("the PROXY header names an IPv6 address; every rule here speaks of IPv4")
    return IPv4Address(addresses[12:16])


_V2_TCP4: Final = 0x11
_V2_SIZES: Final = {_V2_TCP4: 12, 0x21: 36}
"""Length of two addresses and two ports, by family; what follows are extensions, which decide nothing."""
_MAPPED_PREFIX: Final = bytes(10) + b"\xff\xff"
