"""When a letter is tried again, when it is given up, and whom a digest of files tells what.  Pure.

An outage of the mail server uses up no letter's patience: only an answer about the letter itself does.
"""

from datetime import datetime, timedelta
from typing import Final

from mft.model.account import Account, AccountState, Organization
from mft.policy.dormancy import purge_at
from mft.policy.signon import Terms

_PAUSES: Final = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
_LATER: Final = timedelta(hours=4)
LONGEST_OUTAGE_PAUSE: Final = timedelta(minutes=15)
"""A server that was down is asked at least this often, so that nothing waits long once it is up."""
PATIENCE: Final = timedelta(days=5)
"""How long a letter is tried that the server puts off, as RFC 5321, 4.5.4.1 advises: 4 to 5 days."""

FILE_DAYS: Final = (1, 7)
"""How many days before a file ends a digest names it, the most urgent first."""
BEAT: Final = timedelta(days=1)
"""Nobody is written to twice within this: a digest also names what reaches its day before the next one."""


def pause_after(attempts: int) -> timedelta:
    """Return how long a letter rests after it was tried *attempts* times, 1 or more."""
    return _PAUSES[attempts - 1] if attempts <= len(_PAUSES) else _LATER


def pause_of_server(outages: int) -> timedelta:
    """Return how long the server is left alone after *outages* in a row, 1 or more."""
    return min(pause_after(outages), LONGEST_OUTAGE_PAUSE)


def given_up(queued_at: datetime, now: datetime) -> bool:
    """Return whether a letter queued at *queued_at* that the server put off at *now* is not tried again."""
    return now >= queued_at + PATIENCE


def windows(now: datetime) -> tuple[tuple[int, datetime], ...]:
    """Return, for each of FILE_DAYS, until when a file ends that a digest written at *now* names so."""
    return tuple((days, now + timedelta(days=days) + BEAT) for days in FILE_DAYS)


def told_of_files(account: Account, organization: Organization, terms: Terms, now: datetime) -> bool:
    """Return whether *account* gets digests at *now*: who could not sign on to fetch a file is not told of it."""
    return (
        account.state is AccountState.ACTIVE
        and organization.enabled
        and bool(account.warned_at)
        and now < purge_at(account, terms)
        and (account.recertify_by is None or now < account.recertify_by)
    )
