"""Who comes to the house: organizations, accounts, and what an account proves itself with."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Address
from typing import Final
from unicodedata import normalize

from mft.model.directory import Setup
from mft.model.errors import Invalid
from mft.model.ids import AccountId, AllowlistEntryId, CredentialId, OrganizationId
from mft.model.network import AddressRange
from mft.model.path import VirtualPath
from mft.model.session import Door

_SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]{1,62})[a-z0-9]", re.ASCII)
_NAME: Final = re.compile(r"[a-z0-9._-]{3,64}", re.ASCII)
_NO_ADDRESS: Final = frozenset('<>()[],;:\\"')
"""What an address has in quotation marks only, which no mailbox of a person needs (RFC 5321, 4.1.2)."""
_LONGEST_ADDRESS: Final = 254
"""RFC 5321, 4.5.3.1.3, without the angle brackets."""

INBOUND: Final = "Inbound"
"""A partner's folder for what comes from the partner to the plan."""
OUTBOUND: Final = "Outbound"
"""A partner's folder for what goes from the plan to the partner."""


class OrganizationKind(StrEnum):
    """What an organization is to the health plan."""

    DELEGATE = "delegate"  # A care-coordination agency; reads /Distribution/<name>.
    PARTNER = "partner"  # A clearinghouse or trading partner; /Partners/<name>/Inbound and Outbound.
    PROVIDER = "provider"  # A provider group; treated as a delegate in the tree.
    PAYER = "payer"  # The health plan itself.


@dataclass(frozen=True, slots=True)
class Organization:
    """A delegate agency, trading partner, provider group or payer.  Quotas of None are unlimited."""

    id: OrganizationId
    name: str
    title: str
    kind: OrganizationKind
    enabled: bool
    created_at: datetime
    created_by: str
    quota_bytes: int | None
    quota_files: int | None
    seats: int | None = None
    """How many people may have an account (fact 0.5)."""
    administrator: str | None = None
    """The mail address of who answers for its people; while None nobody is asked."""
    portal_any_address: bool = False
    """Whether its people may come to the portal from addresses that are not on their lists."""

    @property
    def home(self) -> VirtualPath:
        """The catalog folder that is this organization's own."""
        top = "Partners" if self.kind is OrganizationKind.PARTNER else "Distribution"
        return VirtualPath((top, self.name))


class AccountState(StrEnum):
    """Where an account stands.  Dormancy is no state: it is decided at use from the last sign-on."""

    ACTIVE = "active"
    DISABLED = "disabled"  # By an operator; can be enabled again.
    PURGED = "purged"  # Credentials and addresses destroyed; the name is never handed out again.


class Purpose(StrEnum):
    """Who sits behind an account."""

    PERSON = "person"
    UNATTENDED = "unattended"  # A batch job; has its own dormancy term.


class Method(StrEnum):
    """What a caller can prove themselves with; those that SSH has are named as in RFC 4252."""

    PASSWORD = "password"  # noqa: S105  (the name of a method)
    PUBLIC_KEY = "publickey"
    TOTP = "totp"  # A code of an authenticator (RFC 6238), or a recovery code in its place.
    PROVIDER = "provider"  # A provider of identities that vouches for the person, and for their second factor.


SSH_METHODS: Final = frozenset({Method.PASSWORD, Method.PUBLIC_KEY})
"""What can be proven over SSH, and so be required of an account there."""


@dataclass(frozen=True, slots=True)
class Account:
    """One person or one unattended job.  Never shared."""

    id: AccountId
    name: str
    email: str
    organization: OrganizationId
    purpose: Purpose
    state: AccountState
    required: frozenset[Method]
    """Methods that must *all* be proven; empty means that any one will do."""
    created_at: datetime
    created_by: str
    last_signon_at: datetime | None
    failures: int
    """Consecutive failed password attempts from addresses on the account's own list."""
    person: str = ""
    """The full name; empty once purged, as e-mail, phone and contact are."""
    phone: str = ""
    contact: str = ""
    """A mail address that gets the warnings instead of the account's own; for unattended jobs."""
    last_signon_door: Door | None = None
    last_signon_source: IPv4Address | None = None
    recertify_by: datetime | None = None
    """From then on it is refused until its administrator keeps it; None while nobody is asked."""
    purged_at: datetime | None = None
    purged_why: str = ""
    external_id: str = ""
    """Who this is elsewhere: the user id in the directory, and what the provider's claim has to say."""
    setup: Setup | None = None
    """How their directory password stands with SFTP; None while they never set it up."""

    @property
    def used_at(self) -> datetime:
        """When the term of disuse began that runs now: the last sign-on, by any door and method, else the creation."""
        return self.last_signon_at or self.created_at

    @property
    def warned_at(self) -> str:
        """The mail address that warnings about this account go to."""
        return self.contact or self.email


class CredentialKind(StrEnum):
    """The kinds of credential.

    An account has at most one password of its own, temporary or not, one of a directory, one TOTP in use
    and one identity.
    """

    TEMPORARY = "temporary"  # Issued by the service desk; opens nothing but its own replacement.
    PASSWORD = "password"  # noqa: S105  (the name of a kind)
    KEY = "key"
    TOTP = "totp"  # The second factor; opens nothing by itself.
    DIRECTORY = "directory"  # A directory's password, synced by SFTP Account Setup/Update (fact 2.2); for SFTP only.
    IDENTITY = "identity"  # A person of a provider that they sign in to the portal with; it has no verifier.


METHOD_OF: Final = {
    CredentialKind.TEMPORARY: Method.PASSWORD,
    CredentialKind.PASSWORD: Method.PASSWORD,
    CredentialKind.KEY: Method.PUBLIC_KEY,
    CredentialKind.TOTP: Method.TOTP,
    CredentialKind.DIRECTORY: Method.PASSWORD,
    CredentialKind.IDENTITY: Method.PROVIDER,
}


@dataclass(frozen=True, slots=True)
class Credential:
    """Something an account proves itself with.  The secret is never a field; *verifier* checks one.

    *verifier* is a PHC string (Argon2id) for passwords, the OpenSSH line for keys, and for a TOTP its
    secret wrapped by the master key.
    """

    id: CredentialId
    kind: CredentialKind
    verifier: str
    fingerprint: str
    """``SHA256:…`` for keys, empty for passwords."""
    label: str
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    waiting: bool = False
    """A key that its owner added and that somebody else has to approve: it opens nothing until then."""

    @property
    def method(self) -> Method:
        """The method this credential proves."""
        return METHOD_OF[self.kind]


@dataclass(frozen=True, slots=True)
class AllowlistEntry:
    """Addresses an account may sign on from, and who vouched for them (facts 0.7, 0.10, 0.14)."""

    id: AllowlistEntryId
    addresses: AddressRange
    added_by: str
    added_at: datetime
    reason: str
    until: datetime | None
    approved_by: str | None
    """None while a wide entry waits for a second person; a waiting entry admits nobody."""
    last_seen_at: datetime | None

    def stands(self, now: datetime) -> bool:
        """Return whether this entry admits anybody at *now*."""
        return self.approved_by is not None and (self.until is None or now < self.until)


def checked_account_name(text: str) -> str:
    """Return *text* if it can name an account.  Raises Invalid."""
    if not _NAME.fullmatch(text):
        raise Invalid(f"{text!r} cannot be a user name; use 3 to 64 of a-z 0-9 . _ -")
    return text


def checked_organization_name(text: str) -> str:
    """Return *text* if it can name an organization and its folder.  Raises Invalid."""
    if not _SLUG.fullmatch(text):
        raise Invalid(f"{text!r} cannot be an organization's name; use 3 to 64 of a-z 0-9 . _ -, no edge punctuation")
    return text


def checked_email(text: str) -> str:
    """Return *text* as it is kept if it looks like one mail address: lower-cased, and each character in one form.

    Nobody gets a second address by writing the first in other letters that look the same.  Raises Invalid.
    """
    address = normalize("NFKC", text).strip().lower()
    local, _, domain = address.rpartition("@")
    labels = domain.split(".")
    strange = any(not ch.isprintable() or ch.isspace() or ch in _NO_ADDRESS for ch in address)
    if strange or "@" in local or not local or len(labels) == 1 or not all(labels) or len(address) > _LONGEST_ADDRESS:
        raise Invalid(f"{text[:_LONGEST_ADDRESS]!r} is not an e-mail address")
    return address
