"""The oracle's people: who may come in, when their time is over, who is told."""

from dataclasses import dataclass, field
from datetime import datetime

from tests.lifecycle.scenario.documents import (
    ACCOUNT_WARNINGS,
    DORMANT,
    DORMANT_UNATTENDED,
    TEMPORARY,
    warning,
)


@dataclass
class Listed:
    """A range of an account's list, by its first and last number."""

    first: int
    last: int
    until: datetime | None = None

    def admits(self, source: int, now: datetime) -> bool:
        return self.first <= source <= self.last and (self.until is None or now < self.until)


@dataclass
class Person:
    """One account, as the documents see it."""

    name: str
    house: str
    email: str
    created: datetime
    unattended: bool = False
    contact: str = ""
    used: datetime | None = None
    secret: str = ""
    """The label of its password or temporary password; nothing if it has none."""
    lapses: datetime | None = None
    """When *secret* lapses; None for one of the person's own."""
    keys: set[str] = field(default_factory=set)
    addresses: list[Listed] = field(default_factory=list)
    disabled: bool = False
    purged: datetime | None = None
    vouch_by: datetime | None = None
    """From then on it is refused, until somebody keeps it."""
    told: dict[datetime, set[int]] = field(default_factory=dict)
    """Which warnings were given, by the end they spoke of."""

    @property
    def ends(self) -> datetime:
        """The moment from which it is refused and will be purged."""
        return (self.used or self.created) + (DORMANT_UNATTENDED if self.unattended else DORMANT)

    @property
    def mail(self) -> str:
        return self.contact or self.email

    def barred(self, source: int, now: datetime) -> bool:
        """Whether nothing that could be proven would open the door."""
        return (
            self.purged is not None
            or self.disabled
            or now >= self.ends
            or self.suspended(now)
            or not any(entry.admits(source, now) for entry in self.addresses)
        )

    def suspended(self, now: datetime) -> bool:
        return self.vouch_by is not None and now >= self.vouch_by

    def knocks(self, proof: str, source: int, now: datetime) -> str:
        """Return what a caller who shows *proof*, the label of a password or key, is told: in, replace or out."""
        if self.barred(source, now):
            return "out"
        if proof in self.keys:
            return "in"
        if not proof or proof != self.secret or (self.lapses is not None and now >= self.lapses):
            return "out"
        return "in" if self.lapses is None else "replace"

    def reset(self, label: str, now: datetime) -> None:
        self.secret, self.lapses = label, now + TEMPORARY

    def admit(self, now: datetime) -> None:
        self.used = now

    def warn(self, now: datetime) -> int | None:
        """Return the warning that is given now, once."""
        if self.purged is not None:
            return None
        told = self.told.setdefault(self.ends, set())
        days = warning(self.ends, ACCOUNT_WARNINGS, told, now)
        if days is not None:
            told.add(days)
        return days

    def purge(self, now: datetime) -> None:
        self.purged = now
        self.secret, self.lapses, self.vouch_by = "", None, None
        self.keys.clear()
        self.addresses.clear()
