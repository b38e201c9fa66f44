"""Addresses: one IPv4 source, and runs of addresses that may be listed."""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address
from typing import Final, Self

from mft.model.errors import Invalid

_DOTTED: Final = re.compile(r"(?:0|[1-9][0-9]{0,2})(?:\.(?:0|[1-9][0-9]{0,2})){3}", re.ASCII)
_PREFIX: Final = re.compile(r"[0-9]{1,2}", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class AddressRange:
    """All IPv4 addresses from *first* to *last*, both included, as 32-bit numbers."""

    first: int
    last: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the range that *text* names: ``a``, ``a/n`` or ``a-b`` (fact 0.10).  Raises Invalid.

        A mistyped host bit is refused with the network named, never masked away.
        """
        stripped = text.strip()
        if "-" in stripped:
            low, _, high = stripped.partition("-")
            first, last = int(parse_address(low.strip())), int(parse_address(high.strip()))
            if first > last:
                raise Invalid(f"{stripped}: the first address of a range comes after the last")
            return cls(first, last)
        if "/" in stripped:
            return cls._block(stripped)
        address = int(parse_address(stripped))
        return cls(address, address)

    @classmethod
    def _block(cls, text: str) -> Self:
        base, _, prefix = text.partition("/")
        address = parse_address(base)
        # IPv4Network would take a host mask such as 0.0.0.255 for a prefix.
        if not _PREFIX.fullmatch(prefix) or int(prefix) > 32:  # noqa: PLR2004  (bits in an IPv4 address)
            raise Invalid(f"{text}: the part behind the slash is a number from 0 to 32")
        network = IPv4Network((int(address), int(prefix)), strict=False)
        if network.network_address != address:
            raise Invalid(
                f"{text} names one address inside the network {network}; "
                f"write {address} for the address or {network} for the whole network"
            )
        return cls(int(network[0]), int(network[-1]))

    @property
    def size(self) -> int:
        """How many addresses this holds."""
        return self.last - self.first + 1

    def contains(self, source: IPv4Address) -> bool:
        """Return whether *source* lies in this range."""
        return self.first <= int(source) <= self.last

    def overlaps(self, other: "AddressRange") -> bool:
        """Return whether any address lies in both."""
        return self.first <= other.last and other.first <= self.last

    def within(self, other: "AddressRange") -> bool:
        """Return whether every address of this lies in *other*."""
        return other.first <= self.first and self.last <= other.last

    def __str__(self) -> str:
        """Return the shortest form people write: an address, a block, or ``a-b``."""
        if self.first == self.last:
            return str(IPv4Address(self.first))
        bits = self.size.bit_length() - 1
        if self.size == 1 << bits and self.first % self.size == 0:
            return f"{IPv4Address(self.first)}/{32 - bits}"
        return f"{IPv4Address(self.first)}-{IPv4Address(self.last)}"


def parse_address(text: str) -> IPv4Address:
    """Return the IPv4 address that *text* writes in plain dotted decimal.  Raises Invalid."""
    if not isinstance(text, str) or not _DOTTED.fullmatch(text):
        raise Invalid(f"{text!r} is not an IPv4 address; it looks like 8.8.8.8")
    try:
        return IPv4Address(text)
    except AddressValueError:
        raise Invalid(f"{text!r} is not an IPv4 address; each number is at most 255") from None


def source_of(peer: str) -> IPv4Address | None:
    """Return the IPv4 source behind *peer*, a socket's peer address, or None if it is not IPv4.

    ``::ffff:a.b.c.d`` is IPv4 that arrived on a dual-stack socket and is unmapped before anything
    compares it; any other IPv6 address has no source and is refused.
    """
    try:
        if ":" in peer:
            return IPv6Address(peer.partition("%")[0]).ipv4_mapped
        return IPv4Address(peer)
    except AddressValueError:
        return None
