"""May this caller come in?  One answer for every door; pure.

SFTP by password, SFTP by key, the password change, the portal and the re-check of live sessions
all ask ``decide``.  What the caller is told is the same for every refusal (fact 0.16); the reason
is for the audit trail.  A credential is weighed before the account's state, so that a caller who
holds no secret learns nothing from how the answer came about.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Address
from itertools import chain
from typing import Final

from mft.model.account import (
    SSH_METHODS,
    Account,
    AccountState,
    AllowlistEntry,
    Credential,
    CredentialKind,
    Method,
    Organization,
    Purpose,
)
from mft.model.directory import SetupState
from mft.model.ids import CredentialId
from mft.model.session import Door
from mft.policy.setup import SetupTerms, counts, lives_in_directory, look_due, state_at, too_old

SENTENCE: Final = "Invalid username/password or not allowed to sign on from this location"
"""What every refused caller is told, byte for byte (fact 0.16)."""

FORGOTTEN_AFTER: Final = timedelta(minutes=15)
"""A pair of source and name starts afresh after so long without a failure."""
LONGEST_PAUSE: Final = timedelta(seconds=30)
_FIRST_PAUSE: Final = timedelta(milliseconds=500)
_FIRST_SLOWED: Final = 4


class Reason(StrEnum):
    """Why a caller was refused.  Never shown to the caller."""

    UNKNOWN_ACCOUNT = "unknown_account"  # No account answers to that name.
    SECRET_MISMATCH = "secret_mismatch"  # noqa: S105  Nothing on file matches the key or password.
    CREDENTIAL_REVOKED = "credential_revoked"  # It was proven once and is no longer on file.
    CREDENTIAL_EXPIRED = "credential_expired"
    KEY_WAITING = "key_waiting"  # The key is right, its owner added it, and nobody has approved it yet.
    TEMPORARY_EXPIRED = "temporary_expired"  # The temporary password is older than its 48 hours.
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_PURGED = "account_purged"
    ACCOUNT_LOCKED = "account_locked"  # Too many wrong passwords in a row from its own addresses.
    ACCOUNT_DORMANT = "account_dormant"  # No sign-on for 120 days, swept or not.
    NOT_RECERTIFIED = "not_recertified"  # Its organization did not say in time that it is still needed.
    ORGANIZATION_DISABLED = "organization_disabled"
    SOURCE_NOT_LISTED = "source_not_listed"  # Outside every address on the account's list.
    WRONG_DOOR = "wrong_door"  # A directory's password in the portal, or one's own where the directory's is asked for.
    SETUP_MISSING = "setup_missing"  # The directory's password was never set up, or not agreed to in its current words.
    SETUP_STALE = "setup_stale"  # It was changed in the directory since.
    SETUP_REVOKED = "setup_revoked"  # By an operator, or since the directory knows them no more.
    SETUP_UNKNOWN = "setup_unknown"  # The directory has not answered about them for a day.
    SESSION_ENDED = "session_ended"  # A live session whose end was asked for; never a sign-on's reason.
    PROVIDER_UNFIT = "provider_unfit"  # What came from the provider of identities cannot be relied on.
    MFA_MISSING = "mfa_missing"  # The provider vouches for the person and not for a second factor.
    NOT_LINKED = "not_linked"  # The person whom the provider vouches for is nobody here, or not this account's.
    CANNOT_TELL = "cannot_tell"  # Something needed to decide did not answer.


@dataclass(frozen=True, slots=True)
class Terms:
    """The numbers the decision turns on; the settings' defaults are the documents' facts."""

    dormant_after: timedelta = timedelta(days=120)
    dormant_after_unattended: timedelta = timedelta(days=120)
    max_failures: int = 100
    directory: bool = False
    """Whether there is a directory where people's passwords live."""
    setup: SetupTerms = field(default_factory=SetupTerms)

    def disuse(self, purpose: Purpose) -> timedelta:
        """Return how long an account of *purpose* may go unused (fact 0.15)."""
        return self.dormant_after_unattended if purpose is Purpose.UNATTENDED else self.dormant_after

    def dormant_from(self, account: Account) -> datetime:
        """Return the moment from which *account* is refused for disuse; an operator's edit never moves it."""
        return account.used_at + self.disuse(account.purpose)


@dataclass(frozen=True, slots=True)
class Dossier:
    """All that is known about an account when it signs on, gathered in one query."""

    account: Account
    organization: Organization
    credentials: tuple[Credential, ...]
    allowlist: tuple[AllowlistEntry, ...]
    terms: Terms

    @property
    def in_directory(self) -> bool:
        """Whether SFTP takes the directory's password, and not the account's own."""
        return lives_in_directory(self.account, self.organization.kind, configured=self.terms.directory)

    def dormant_from(self) -> datetime:
        """Return the moment from which a sign-on is refused for disuse."""
        return self.terms.dormant_from(self.account)

    def admits(self, source: IPv4Address, now: datetime) -> AllowlistEntry | None:
        """Return the entry that lists *source* at *now*; an empty list admits nobody (fact 0.14)."""
        return next((e for e in self.allowlist if e.stands(now) and e.addresses.contains(source)), None)


@dataclass(frozen=True, slots=True)
class Admit:
    """Come in."""

    credentials: tuple[Credential, ...]
    entry: AllowlistEntry | None
    """What lists the source; None only where the door lets the list be."""


@dataclass(frozen=True, slots=True)
class MustReplace:
    """The temporary password is right and opens nothing but its own replacement (fact 0.12)."""

    credential: Credential


@dataclass(frozen=True, slots=True)
class AlsoNeeds:
    """One factor is proven; *method* must be too."""

    method: Method


@dataclass(frozen=True, slots=True)
class Refuse:
    """Stay out."""

    reason: Reason


Verdict = Admit | MustReplace | AlsoNeeds | Refuse


@dataclass(frozen=True, slots=True)
class Demand:
    """What a door asks, beyond what an account requires of itself."""

    ways: tuple[frozenset[Method], ...]
    """All of one of these must be proven; what stands in none of them opens nothing here."""
    stands_for: frozenset[Method] = frozenset()
    """What an account may be required to prove elsewhere: each of this door's ways, of two factors, stands for it."""
    may_let_the_list_be: bool = False
    """Whether an organization may allow its people any address here."""


DEMANDS: Final[Mapping[Door, Demand]] = {
    Door.SFTP: Demand(ways=(frozenset({Method.PASSWORD}), frozenset({Method.PUBLIC_KEY}))),
    Door.PORTAL: Demand(
        ways=(frozenset({Method.PASSWORD, Method.TOTP}), frozenset({Method.PROVIDER})),
        stands_for=SSH_METHODS,
        may_let_the_list_be=True,
    ),
}
"""The doors that people sign on at; nobody signs on at another."""


def decide(
    dossier: Dossier | None,
    proven: AbstractSet[CredentialId],
    source: IPv4Address,
    now: datetime,
    door: Door,
    tried: Method | None = None,
) -> Verdict:
    """Return the verdict on a caller at *door* from *source* who proved the credentials *proven* at *now*.

    What was *tried* just now, right or wrong, says which reason is the true one where nothing could be right.
    A temporary password is replaced before the door asks for its second factor, as it is over SFTP.
    """
    if dossier is None:
        return Refuse(Reason.UNKNOWN_ACCOUNT)
    held = tuple(c for c in dossier.credentials if c.id in proven)
    reason = next(chain(_unproven(dossier, held, proven, now, door, tried), bars(dossier, source, now, door)), None)
    if reason is not None:
        return Refuse(reason)
    methods = frozenset(c.method for c in held)
    required = dossier.account.required - DEMANDS[door].stands_for
    if not required <= methods:
        return AlsoNeeds(min(required - methods))
    for credential in held:
        if credential.kind is CredentialKind.TEMPORARY:
            return MustReplace(credential)
    missing = _missing(DEMANDS[door], methods)
    if missing:
        return AlsoNeeds(min(missing))
    return Admit(held, dossier.admits(source, now))


def _missing(demand: Demand, methods: AbstractSet[Method]) -> AbstractSet[Method]:
    """Return what is missing of the way that was gone furthest; nothing if one was gone to its end."""
    if any(way <= methods for way in demand.ways):
        return frozenset()
    return max(demand.ways, key=lambda way: len(way & methods)) - methods


def _unproven(
    dossier: Dossier,
    held: tuple[Credential, ...],
    proven: AbstractSet[CredentialId],
    now: datetime,
    door: Door,
    tried: Method | None,
) -> Iterator[Reason]:
    """Yield what is amiss with the credentials; one is valid while ``now < expires_at``."""
    if dossier.account.state is AccountState.PURGED:
        # Its credentials are destroyed, so nothing can be proven; the trail still tells the true reason.
        yield Reason.ACCOUNT_PURGED
    if door is Door.SFTP and (tried is Method.PASSWORD or any(c.kind is CredentialKind.DIRECTORY for c in held)):
        yield from filter(None, (setup_bar(dossier, now),))
    if not proven:
        yield Reason.SECRET_MISMATCH
    if len(held) != len(proven):
        yield Reason.SETUP_REVOKED if _revoked(dossier, door) else Reason.CREDENTIAL_REVOKED
    if not all(counts(c.kind, door, in_directory=dossier.in_directory) for c in held):
        yield Reason.WRONG_DOOR
    if any(credential.waiting for credential in held):
        yield Reason.KEY_WAITING
    for credential in held:
        if credential.expires_at is not None and now >= credential.expires_at:
            temporary = credential.kind is CredentialKind.TEMPORARY
            yield Reason.TEMPORARY_EXPIRED if temporary else Reason.CREDENTIAL_EXPIRED


def setup_bar(dossier: Dossier, now: datetime) -> Reason | None:
    """Return why SFTP takes no password at *now* of somebody who lives in the directory; None for anybody else."""
    setup, terms = dossier.account.setup, dossier.terms.setup
    if not dossier.in_directory:
        return None
    if setup is None or state_at(setup, now, terms) is SetupState.UNATTESTED:
        return Reason.SETUP_MISSING
    if setup.state is SetupState.ACTIVE:
        return Reason.SETUP_UNKNOWN if too_old(setup, now, terms) else None
    return Reason.SETUP_REVOKED if setup.state is SetupState.REVOKED else Reason.SETUP_STALE


def awaits_directory(
    dossier: Dossier, proven: AbstractSet[CredentialId], source: IPv4Address, now: datetime, door: Door
) -> bool:
    """Return whether all that is left is what the directory says, and it was not asked lately.

    So it is asked about nobody who could not come in anyhow: who guesses sees no difference, and who
    floods us does not flood the directory.
    """
    setup = dossier.account.setup
    if door is not Door.SFTP or setup is None or not look_due(setup, now, dossier.terms.setup):
        return False
    asked = replace(dossier, account=replace(dossier.account, setup=replace(setup, checked_at=now)))
    return isinstance(decide(asked, proven, source, now, door), Admit)


def _revoked(dossier: Dossier, door: Door) -> bool:
    setup = dossier.account.setup
    return door is Door.SFTP and setup is not None and setup.state is SetupState.REVOKED


def bars(dossier: Dossier, source: IPv4Address, now: datetime, door: Door) -> Iterator[Reason]:
    """Yield everything that bars the account at *now* from *source* at *door*, whatever is proven."""
    account = dossier.account
    anywhere = DEMANDS[door].may_let_the_list_be and dossier.organization.portal_any_address
    found = (
        (account.state is AccountState.PURGED, Reason.ACCOUNT_PURGED),
        (account.state is AccountState.DISABLED, Reason.ACCOUNT_DISABLED),
        (not dossier.organization.enabled, Reason.ORGANIZATION_DISABLED),
        (account.failures >= dossier.terms.max_failures, Reason.ACCOUNT_LOCKED),
        (now >= dossier.dormant_from(), Reason.ACCOUNT_DORMANT),
        (_revoked(dossier, door), Reason.SETUP_REVOKED),
        (account.recertify_by is not None and now >= account.recertify_by, Reason.NOT_RECERTIFIED),
        (not anywhere and dossier.admits(source, now) is None, Reason.SOURCE_NOT_LISTED),
    )
    return (reason for barred, reason in found if barred)


def pause_before_answer(failures: int) -> timedelta:
    """Return how long an attempt waits after *failures* of the same name from the same source.

    The fourth failure within FORGOTTEN_AFTER is answered half a second late, each further one twice
    as late as the one before, none later than LONGEST_PAUSE.  It hangs on what was tried, never on
    whether such an account exists, so that it tells nothing and no stranger can lock a name.
    """
    late = failures + 1 - _FIRST_SLOWED
    if late < 0:
        return timedelta(0)
    return min(_FIRST_PAUSE * (1 << min(late, 16)), LONGEST_PAUSE)
