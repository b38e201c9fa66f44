"""What the portal knows of a browser: the visit, how far it came, and what proved who it is."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Address

from mft.model.ids import AccountId, CredentialId, SessionId


class Stage(StrEnum):
    """How far a visit came.  A stage is only ever moved forward together with a fresh token."""

    OPEN = "open"  # Nobody yet; the forms need something to be bound to.
    PROVING = "proving"  # A password or a provider is right; the second factor, or the enrolment, is due.
    SIGNED_IN = "signed_in"


class Factor(StrEnum):
    """What was proven, for the attestation and the trail."""

    PASSWORD = "password"  # noqa: S105  (the name of a factor)
    TOTP = "totp"
    RECOVERY_CODE = "recovery-code"
    OIDC = "oidc"  # A provider that vouches for MFA in acr or amr.


class LinkPurpose(StrEnum):
    """What a one-time link that goes out by mail is good for."""

    PASSWORD = "password"  # noqa: S105  (a purpose's name)
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Visit:
    """One browser's cookie, as the store keeps it.  The token itself is nowhere."""

    token_sha256: bytes
    stage: Stage
    account: AccountId | None
    session: SessionId | None
    proven: frozenset[CredentialId]
    factors: tuple[str, ...]
    source: IPv4Address
    began_at: datetime
    touched_at: datetime
    signed_in_at: datetime | None
    attempts: int
    oidc: str | None
    """JSON while the browser is away at the provider; opaque to everything but the sign-in room."""
