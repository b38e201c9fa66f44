"""People whose password lives elsewhere: what a directory says of them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Person:
    """The password was right.  *mark* is the directory's own note of when it was set.

    Marks are only ever compared for being the same: two machines' clocks are never compared.
    """

    user: str
    mark: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """The password was not right, or there is nobody of that name: the directory does not say which."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a directory says of a person without their password."""

    user: str
    mark: str
    enabled: bool
    """False for disabled, locked for good, or gone."""


class SetupState(StrEnum):
    """Where the synced credential of a person of a directory stands (facts 2.2-2.9)."""

    UNATTESTED = "unattested"  # Never set up, or a newer attestation text is due.
    ACTIVE = "active"
    STALE = "stale"  # The directory's password changed since: set up again.
    REVOKED = "revoked"  # By an operator, or disabled or gone in the directory.


@dataclass(frozen=True, slots=True)
class Setup:
    """The synced credential as the account's row keeps it."""

    state: SetupState
    mark: str
    checked_at: datetime | None
    """When the directory last answered about this person."""
    text_version: str


@dataclass(frozen=True, slots=True)
class Attestation:
    """Who agreed to which text, when, from where, proven how."""

    text_version: str
    text_sha256: bytes
    directory_user: str
    at: datetime
    source: str
    session: str
    factors: tuple[str, ...]
