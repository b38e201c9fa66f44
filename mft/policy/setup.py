"""Whether a synced directory password still opens SFTP (facts 2.2, 2.5).  Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mft.model.directory import Setup, SetupState, Standing


@dataclass(frozen=True, slots=True)
class SetupTerms:
    """The numbers."""

    look_again: timedelta = timedelta(minutes=15)
    """The directory is asked at a sign-on when it was last asked longer ago."""
    unanswered: timedelta = timedelta(hours=24)
    """While the directory is down a known verifier works this long since it last answered."""


def state_after(setup: Setup, said: Standing) -> SetupState:
    """Return the state once the directory *said* something: any other mark is stale, nobody there is revoked."""
    if setup.state is SetupState.REVOKED:
        return SetupState.REVOKED
    if not said.enabled:
        return SetupState.REVOKED
    if setup.state is SetupState.ACTIVE and said.mark != setup.mark:
        return SetupState.STALE
    return setup.state


def look_due(setup: Setup, now: datetime, terms: SetupTerms) -> bool:
    """Return whether the directory is to be asked about *setup* at *now*."""
    return setup.checked_at is None or now >= setup.checked_at + terms.look_again


def too_old(setup: Setup, now: datetime, terms: SetupTerms) -> bool:
    """Return whether nobody knows any more at *now* if the password still holds."""
    return setup.checked_at is None or now >= setup.checked_at + terms.unanswered
