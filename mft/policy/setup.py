"""Whose password lives in a directory, and whether it still opens SFTP (facts 2.2, 2.5).  Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from mft.model.account import METHOD_OF, Account, AccountState, CredentialKind, Method, OrganizationKind
from mft.model.directory import Setup, SetupState, Standing
from mft.model.session import Door
from mft.policy.portal import sees_setup


@dataclass(frozen=True, slots=True)
class SetupTerms:
    """The numbers."""

    look_again: timedelta = timedelta(minutes=15)
    """The directory is asked at a sign-on when it was last asked longer ago."""
    unanswered: timedelta = timedelta(hours=24)
    """While the directory is down a known verifier works this long since it last answered."""
    text: str = "sftp-setup-1"
    """The version of the attestation that people agree to now."""
    renew_by: datetime | None = None
    """From then on who agreed to another version only is refused; None: nobody is asked again."""
    attempts: int = 5
    """Tries of one person within a quarter of an hour, at whatever browser."""
    attempts_of_source: int = 20
    """The same from one address, whoever they are."""


_OWN: Final = frozenset({CredentialKind.TEMPORARY, CredentialKind.PASSWORD})
_PASSWORDS: Final = {
    # The door, and whether the account lives in the directory.
    (Door.SFTP, False): _OWN,
    (Door.SFTP, True): frozenset({CredentialKind.DIRECTORY}),
    (Door.PORTAL, False): _OWN,
    (Door.PORTAL, True): _OWN,
}
"""The passwords that count.  Of each row an account has one at most, so that every attempt costs one hash."""


def lives_in_directory(account: Account, kind: OrganizationKind, *, configured: bool) -> bool:
    """Return whether SFTP takes the directory's password of *account*, of an organization of *kind*, not its own.

    *configured* says whether the settings name a directory.

    Of an organization whose people do not see the setup page nobody does: they could never set up.
    Who was set up once stays there when the directory is taken out of the settings: then their password
    is refused after a day, and nothing that was never meant to opens SFTP in its place.
    """
    return sees_setup(kind) and (account.setup is not None or (configured and bool(account.external_id)))


def counts(kind: CredentialKind, door: Door, *, in_directory: bool) -> bool:
    """Return whether a credential of *kind*, if it is a password, is one that counts at *door*.

    That turns on whether the account lives *in* the *directory*.  What other kinds open, the doors' demands say.
    """
    if METHOD_OF[kind] is not Method.PASSWORD:
        return True
    return kind in _PASSWORDS.get((door, in_directory), frozenset())


def same_user(typed: str, external_id: str) -> bool:
    """Return whether *typed* is the user id of whoever is signed in; nobody is who has none."""
    return bool(external_id) and typed.strip().casefold() == external_id.casefold()


def state_after(setup: Setup | None, said: Standing) -> SetupState | None:
    """Return the state once the directory *said* something: any other mark is stale, nobody there is revoked.

    Whom it never knew cannot vanish from it: an account may be made before the person is.
    """
    if setup is None:
        known = bool(said.mark) or said.enabled
        return (SetupState.UNATTESTED if said.enabled else SetupState.REVOKED) if known else None
    if not said.enabled:
        return SetupState.REVOKED
    if setup.state is SetupState.ACTIVE and said.mark != setup.mark:
        return SetupState.STALE
    return setup.state


def may_be_looked_at(account: Account, kind: OrganizationKind) -> bool:
    """Return whether there is anything to ask a directory about *account*, of an organization of *kind*."""
    return sees_setup(kind) and bool(account.external_id) and account.state is not AccountState.PURGED


def look_due(setup: Setup, now: datetime, terms: SetupTerms) -> bool:
    """Return whether the directory is to be asked about *setup* at *now*."""
    return setup.checked_at is None or now >= setup.checked_at + terms.look_again


def too_old(setup: Setup, now: datetime, terms: SetupTerms) -> bool:
    """Return whether nobody knows any more at *now* if the password still holds."""
    return setup.checked_at is None or now >= setup.checked_at + terms.unanswered


def must_renew_by(setup: Setup | None, terms: SetupTerms) -> datetime | None:
    """Return until when the current text has to be agreed to; None where there is nothing to renew."""
    if setup is None or not setup.text_version or setup.text_version == terms.text:
        return None
    return terms.renew_by


def outdated(setup: Setup, now: datetime, terms: SetupTerms) -> bool:
    """Return whether *setup* rests on a text that is no longer enough at *now*."""
    due = must_renew_by(setup, terms)
    return due is not None and now >= due


def state_at(setup: Setup | None, now: datetime, terms: SetupTerms) -> SetupState | None:
    """Return how *setup* stands at *now*: one that rests on an outdated text is unattested."""
    if setup is None:
        return None
    return SetupState.UNATTESTED if setup.state is SetupState.ACTIVE and outdated(setup, now, terms) else setup.state
