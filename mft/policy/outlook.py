"""What will become of an account if nobody does anything, and what bars it already.  Pure.

Foretold by the very rules that sign-ons and the account pass ask: nothing here decides anything of its
own.  Each line names its rule, the fact or the setting, so that people can ask about it.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from mft.model.account import Account, AccountState, CredentialKind, Purpose
from mft.model.directory import SetupState
from mft.policy.dormancy import purge_at, warn_days, warning_due
from mft.policy.setup import must_renew_by
from mft.policy.signon import Dossier, Reason, Terms, setup_bar


class Change(StrEnum):
    """What happens to an account by itself."""

    TEMPORARY_ENDS = "temporary password ends"
    CREDENTIAL_ENDS = "password or key ends"
    ADDRESS_ENDS = "address ends"
    WARNING = "warning of the purge"
    SETUP_ENDS = "directory password refused until the new text is agreed to"
    SUSPENSION = "suspended until somebody keeps it"
    PURGE = "purged"


class Standing(StrEnum):
    """What bars an account or one of its addresses now, until somebody acts."""

    PURGED = "purged"
    DISABLED = "disabled"
    ORGANIZATION_DISABLED = "its organization is disabled"
    LOCKED = "locked"
    SUSPENDED = "suspended"
    DORMANT = "refused for disuse"
    NOTHING_TO_PROVE = "has nothing to sign on with"
    TEMPORARY_ENDED = "its temporary password has ended"
    NO_ADDRESS = "no address admits it"
    ADDRESS_WAITS = "address waits for approval"
    KEY_WAITS = "key waits for approval"
    SETUP_MISSING = "the directory password was not set up for SFTP"
    SETUP_STALE = "the directory password was changed since it was set up for SFTP"
    SETUP_REVOKED = "its setup for SFTP is revoked"
    SETUP_UNKNOWN = "the directory has not answered about it for a day"


@dataclass(frozen=True, slots=True)
class Transition:
    """One thing that will happen, or is due already and waits for the next pass."""

    at: datetime
    what: Change
    rule: str
    """The fact or the setting that causes it."""
    detail: str = ""
    """Which address, how many days before: what tells it from others of its kind."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One thing that stands in the way now and does not end by itself."""

    what: Standing
    rule: str
    detail: str = ""
    keeps_out: bool = True
    """Whether SFTP is closed to the account for it; an address or a key that waits leaves the others."""


_TEMPORARY: Final = "fact 0.12: terms.temporary_password when it was issued"
_ENTRY_ENDS: Final = "fact 0.17: the end that was given when the address was added"
_SETUP: Final = {
    Reason.SETUP_MISSING: (Standing.SETUP_MISSING, "facts 2.2, 2.9: SFTP Account Setup/Update in the portal"),
    Reason.SETUP_STALE: (Standing.SETUP_STALE, "fact 2.2: SFTP Account Setup/Update in the portal"),
    Reason.SETUP_REVOKED: (Standing.SETUP_REVOKED, "an operator's act, or the directory's word; mft setup resync"),
    Reason.SETUP_UNKNOWN: (Standing.SETUP_UNKNOWN, "directory.unanswered; mft doctor, then mft setup resync"),
}
_RENEWAL: Final = "directory.attest_again_by: the current text was not agreed to"
_KEYS_WAIT: Final = "portal.keys_wait; mft account keys approve"
_REVIEW: Final = "terms.review_answer: asked of the organization's administrator, and not answered"


def account_transitions(dossier: Dossier, now: datetime, told: Collection[int] = ()) -> tuple[Transition, ...]:
    """Return what will become of the account behind *dossier*, the earliest first, if nobody does anything.

    *told* are the warnings given already for the purge that comes.  What would come after the purge is
    left out, since nothing is left then for it to happen to; a purged account has no future at all.
    """
    account = dossier.account
    if account.state is AccountState.PURGED:
        return ()
    ends_at = purge_at(account, dossier.terms)
    before = (one for one in _until_the_purge(dossier, now, told, ends_at) if one.at <= max(ends_at, now))
    purge = Transition(ends_at, Change.PURGE, disuse_rule(account.purpose, dossier.terms))
    return (*sorted(before, key=lambda one: (one.at, one.what, one.detail)), purge)


def account_bars(dossier: Dossier, now: datetime) -> tuple[Bar, ...]:
    """Return what keeps the account behind *dossier* out at *now*, or an address of its, until somebody acts."""
    account, terms = dossier.account, dossier.terms
    if account.state is AccountState.PURGED:
        return (Bar(Standing.PURGED, account.purged_why or disuse_rule(account.purpose, terms)),)
    usable = (one for one in dossier.credentials if not one.waiting)
    valid = [one for one in usable if one.expires_at is None or now < one.expires_at]
    setup = tuple(_setup_bars(dossier, now, has_key=any(one.kind is CredentialKind.KEY for one in valid)))
    temporary = any(one.kind is CredentialKind.TEMPORARY and one not in valid for one in dossier.credentials)
    found = (
        (account.state is AccountState.DISABLED, Bar(Standing.DISABLED, "an operator's act; mft account enable")),
        (not dossier.organization.enabled, Bar(Standing.ORGANIZATION_DISABLED, "an operator's act; mft org enable")),
        (account.failures >= terms.max_failures, Bar(Standing.LOCKED, f"terms.max_failures = {terms.max_failures}")),
        (account.recertify_by is not None and now >= account.recertify_by, Bar(Standing.SUSPENDED, _REVIEW)),
        (now >= dossier.dormant_from(), Bar(Standing.DORMANT, disuse_rule(account.purpose, terms))),
        (temporary, Bar(Standing.TEMPORARY_ENDED, _TEMPORARY)),
        (not (valid or temporary or setup), Bar(Standing.NOTHING_TO_PROVE, "fact 0.12; mft account temp-password")),
        (not any(e.stands(now) for e in dossier.allowlist), Bar(Standing.NO_ADDRESS, "fact 0.14; mft allow add")),
    )
    return (*(bar for stands, bar in found if stands), *setup, *_waiting(dossier))


def _setup_bars(dossier: Dossier, now: datetime, *, has_key: bool) -> Iterator[Bar]:
    """Yield why SFTP takes no password of somebody who lives in the directory; all but a revocation leaves a key."""
    reason = setup_bar(dossier, now)
    if reason is not None:
        what, rule = _SETUP[reason]
        yield Bar(what, rule, keeps_out=not has_key or what is Standing.SETUP_REVOKED)


def _waiting(dossier: Dossier) -> Iterator[Bar]:
    """Yield what waits for somebody's approval."""
    rule = "allowlist.approval_above_entry or allowlist.approval_above_list"
    for entry in dossier.allowlist:
        if entry.approved_by is None:
            yield Bar(Standing.ADDRESS_WAITS, rule, str(entry.addresses), keeps_out=False)
    for key in dossier.credentials:
        if key.waiting:
            yield Bar(Standing.KEY_WAITS, _KEYS_WAIT, key.fingerprint, keeps_out=False)


def disuse_rule(purpose: Purpose, terms: Terms) -> str:
    """Return the rule of disuse in words: the fact, the setting and its days."""
    setting = "terms.dormancy_unattended" if purpose is Purpose.UNATTENDED else "terms.dormancy"
    return f"fact 0.15: {setting} = {terms.disuse(purpose) / timedelta(days=1):g} days since the last sign-on"


def _until_the_purge(dossier: Dossier, now: datetime, told: Collection[int], ends_at: datetime) -> Iterator[Transition]:
    for credential in dossier.credentials:
        if credential.expires_at is not None and credential.expires_at > now:
            temporary = credential.kind is CredentialKind.TEMPORARY
            kind = Change.TEMPORARY_ENDS if temporary else Change.CREDENTIAL_ENDS
            yield Transition(credential.expires_at, kind, _TEMPORARY if temporary else "the end it was given")
    for entry in dossier.allowlist:
        if entry.until is not None and entry.until > now:
            yield Transition(entry.until, Change.ADDRESS_ENDS, _ENTRY_ENDS, str(entry.addresses))
    setup = dossier.account.setup
    renew_by = must_renew_by(setup, dossier.terms.setup)
    if setup is not None and setup.state is SetupState.ACTIVE and renew_by is not None and renew_by > now:
        yield Transition(renew_by, Change.SETUP_ENDS, _RENEWAL)
    recertify_by = dossier.account.recertify_by
    if recertify_by is not None and recertify_by > now:
        yield Transition(recertify_by, Change.SUSPENSION, _REVIEW)
    yield from _warnings(dossier.account, dossier.terms, now, told, ends_at)


def _warnings(
    account: Account, terms: Terms, now: datetime, told: Collection[int], ends_at: datetime
) -> Iterator[Transition]:
    rule = disuse_rule(account.purpose, terms)
    days = warn_days(terms.disuse(account.purpose))
    overdue = warning_due(ends_at, told, now, days)
    for each in days:
        at = now if each == overdue else ends_at - timedelta(days=each)
        if at > now or each == overdue:
            yield Transition(at, Change.WARNING, rule, f"{each} days before")
