"""Access requests: who asks for access, for a change of it or for its end, and what became of that."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mft.model.account import Purpose
from mft.model.ids import AccountId, OrganizationId, RequestId


class RequestKind(StrEnum):
    """What is asked for (facts 0.6, 0.17)."""

    ADD = "add"  # A new account.
    REMOVE = "remove"  # The end of one.
    ADDRESSES = "addresses"  # More addresses for one; never instead of those it has.


class RequestState(StrEnum):
    """Where a request stands.  That it is late is no state: it is decided at use from its due date."""

    SUBMITTED = "submitted"
    APPROVED = "approved"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"  # Nobody decided in time; what was attested then is too old to act upon.


@dataclass(frozen=True, slots=True)
class AskedAddress:
    """An address, block or range that is asked for, as typed and found fit (facts 0.7-0.10)."""

    text: str
    reason: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Signature:
    """A confidentiality agreement that was accepted: which text, by whom, when, from where (fact 0.6)."""

    agreement: str
    """The text's name, such as ``confidentiality-2026-01``."""
    sha256: bytes
    by: str
    """The person's full name as they gave it."""
    at: datetime
    source: str
    """The source address, or the door where it was typed in for them."""


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """One request as it stands.  Personal fields are empty once the account was purged."""

    id: RequestId
    kind: RequestKind
    state: RequestState
    organization: OrganizationId
    name: str
    """The user name that is asked for, or that the request is about."""
    account: AccountId | None
    purpose: Purpose
    person: str
    email: str
    phone: str
    reason: str
    addresses: tuple[AskedAddress, ...]
    signature: Signature | None
    """None for a removal or more addresses, which need none."""
    submitted_by: str
    submitted_at: datetime
    due_at: datetime
    expires_at: datetime
    decided_by: str = ""
    decided_at: datetime | None = None
    decision: str = ""
    """The reason given."""
    contact: str = ""
    """Who gets the warnings of an unattended job; empty once decided, as are the keys."""
    keys: tuple[str, ...] = ()
    """Public keys for the new account, one line each."""
