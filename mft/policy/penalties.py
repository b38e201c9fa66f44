"""How long a source that misbehaves before signing on is kept out.  Pure.

OpenSSH's table (PerSourcePenalties): each offence adds to a debt of time that runs off by itself;
once the debt reaches a minimum, the source is refused until all of it has run off.  A source that
some account lists owes less for a wrong password: behind it sits an office, and one laptop must not
lock out the clinic (docs/decisions/0007-an-office-pays-less.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Address
from types import MappingProxyType
from typing import Final

from mft.model.network import AddressRange


class Offence(StrEnum):
    """What a source is charged for."""

    CRASH = "crash"  # It met an exception that nobody foresaw.
    REFUSED = "refused"  # A password or signed key was refused.
    UNKNOWN_NAME = "unknown_name"  # The same, for a name that no account has.
    TOO_SLOW = "too_slow"  # It took longer to sign on than anybody is given.
    NO_ATTEMPT = "no_attempt"  # It connected and left without trying to sign on.


COSTS: Final[Mapping[Offence, timedelta]] = MappingProxyType(
    {
        Offence.CRASH: timedelta(seconds=90),
        Offence.REFUSED: timedelta(seconds=5),
        # The same as a wrong password, or the penalty would tell which names exist.
        Offence.UNKNOWN_NAME: timedelta(seconds=5),
        Offence.TOO_SLOW: timedelta(seconds=10),
        Offence.NO_ATTEMPT: timedelta(seconds=1),
    }
)
"""OpenSSH's numbers."""

LISTED_COSTS: Final[Mapping[Offence, timedelta]] = MappingProxyType(
    {**COSTS, Offence.REFUSED: timedelta(seconds=1), Offence.UNKNOWN_NAME: timedelta(seconds=1)}
)
"""What a source that stands on some account's list owes instead."""


@dataclass(frozen=True, slots=True)
class PenaltyRules:
    """The table and its bounds."""

    costs: Mapping[Offence, timedelta] = field(default_factory=lambda: COSTS)
    listed_costs: Mapping[Offence, timedelta] = field(default_factory=lambda: LISTED_COSTS)
    minimum: timedelta = timedelta(seconds=15)
    """A smaller debt keeps nobody out."""
    maximum: timedelta = timedelta(minutes=10)
    """No debt is larger, whatever was done."""
    tracked: int = 65_536
    """Sources remembered at a time; beyond it the one that is free soonest is forgotten."""
    exempt: tuple[AddressRange, ...] = ()
    """Sources never charged: monitoring, and load balancers that knock to see whether we live."""


@dataclass(frozen=True, slots=True)
class Penalty:
    """What one source owes.  It is kept out from *since* until *until*; below the minimum the two are one."""

    source: IPv4Address
    since: datetime
    until: datetime
    reason: Offence
    """The latest offence."""
    offences: int
    """How many went into this debt."""

    def stands(self, now: datetime) -> bool:
        """Return whether the source is kept out at *now*."""
        return self.since <= now < self.until

    @property
    def enforced(self) -> bool:
        """Whether the debt ever reached the minimum."""
        return self.since < self.until


def charge(
    owed: Penalty | None, source: IPv4Address, offence: Offence, now: datetime, rules: PenaltyRules, *, listed: bool
) -> Penalty | None:
    """Return what *source* owes after *offence* at *now*, given what it *owed*; None if it is exempt."""
    if any(network.contains(source) for network in rules.exempt):
        return None
    if owed is None or owed.until <= now:
        owed = Penalty(source, now, now, offence, 0)
    cost = (rules.listed_costs if listed else rules.costs)[offence]
    until = min(owed.until + cost, now + rules.maximum)
    since = until
    if owed.enforced:
        since = owed.since
    elif until - now >= rules.minimum:
        since = now
    return Penalty(source, since, until, offence, owed.offences + 1)
