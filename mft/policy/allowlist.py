"""Which addresses may stand on an account's list, and which of them wait for a second person.  Pure.

Only public IPv4 addresses may be listed (facts 0.7, 0.8).  What is public is told by a table of our
own: the standard library's ``is_private`` and ``is_global`` differ between releases and call
multicast, and whole networks that merely touch private ones, public.  Whether a listed address
admits somebody is not decided here but in mft.policy.signon.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final

from mft.model.network import AddressRange

SPECIAL: Final = {
    AddressRange.parse(prefix): what
    for prefix, what in {
        # IANA IPv4 Special-Purpose Address Registry, and multicast, which has a registry of its own.
        "0.0.0.0/8": "this network",
        "10.0.0.0/8": "private use",
        "100.64.0.0/10": "shared by a provider's customers",
        "127.0.0.0/8": "loopback",
        "169.254.0.0/16": "link local",
        "172.16.0.0/12": "private use",
        "192.0.0.0/24": "protocol assignments",
        "192.0.2.0/24": "documentation",
        # Routed, but nobody signs on from an anycast service; refusing these four is our choice.
        "192.31.196.0/24": "AS112 service",
        "192.52.193.0/24": "multicast tunnelling service",
        "192.88.99.0/24": "6to4 relay",
        "192.175.48.0/24": "AS112 service",
        "192.168.0.0/16": "private use",
        "198.18.0.0/15": "benchmarking",
        "198.51.100.0/24": "documentation",
        "203.0.113.0/24": "documentation",
        "224.0.0.0/4": "multicast",
        "240.0.0.0/4": "reserved",
    }.items()
}
"""The 18 special-purpose prefixes; an entry that overlaps any of them is refused."""


@dataclass(frozen=True, slots=True)
class AllowlistRules:
    """How many addresses are too many; the settings' defaults are the same."""

    approval_above_entry: int = 256
    approval_above_list: int = 4096
    refuse_above: int = 65_536


@dataclass(frozen=True, slots=True)
class Fit:
    """It may be listed at once."""


@dataclass(frozen=True, slots=True)
class NeedsApproval:
    """It may be listed once another person has approved it; until then it admits nobody."""

    why: str


@dataclass(frozen=True, slots=True)
class Unfit:
    """It is never listed."""

    why: str


Judgement = Fit | NeedsApproval | Unfit


def judge(
    addresses: AddressRange, listed_total: int, rules: AllowlistRules, trial: tuple[AddressRange, ...]
) -> Judgement:
    """Return whether *addresses* may join a list that holds *listed_total* addresses already.

    The networks in *trial* count as public: they are loopback on a machine that tries the product out.
    """
    for special, what in SPECIAL.items():
        if _uncovered(addresses, special, trial):
            return Unfit(f"{addresses} overlaps {special} ({what}); only public IPv4 addresses can be listed")
    if addresses.size > rules.refuse_above:
        return Unfit(f"{addresses} holds {addresses.size:,} addresses; an entry holds at most {rules.refuse_above:,}")
    if addresses.size > rules.approval_above_entry:
        return NeedsApproval(
            f"{addresses} holds {addresses.size:,} addresses; more than {rules.approval_above_entry:,} "
            "wait for another person's approval"
        )
    total = listed_total + addresses.size
    if total > rules.approval_above_list:
        return NeedsApproval(
            f"the list would hold {total:,} addresses; more than {rules.approval_above_list:,} "
            "wait for another person's approval"
        )
    return Fit()


def special_use(address: IPv4Address, trial: tuple[AddressRange, ...]) -> str | None:
    """Return what *address* is set aside for, so that it cannot be listed; None if it is public."""
    one = AddressRange(int(address), int(address))
    return next((what for special, what in SPECIAL.items() if _uncovered(one, special, trial)), None)


def _uncovered(addresses: AddressRange, special: AddressRange, trial: Iterable[AddressRange]) -> bool:
    """Return whether some address lies in both *addresses* and *special*, and in no network of *trial*."""
    if not addresses.overlaps(special):
        return False
    rest = [AddressRange(max(addresses.first, special.first), min(addresses.last, special.last))]
    for network in trial:
        rest = [piece for part in rest for piece in _without(part, network)]
    return bool(rest)


def _without(part: AddressRange, taken: AddressRange) -> Iterator[AddressRange]:
    """Yield what of *part* lies outside *taken*."""
    if not part.overlaps(taken):
        yield part
        return
    if part.first < taken.first:
        yield AddressRange(part.first, taken.first - 1)
    if taken.last < part.last:
        yield AddressRange(taken.last + 1, part.last)
