"""How long a file stays, and whether it still is there.  Pure.

Validity is decided at use: an expired file is not there, swept or not.  The client's own time of
modification is never read here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from mft.model.errors import Invalid


class RetentionClass(StrEnum):
    """What a folder's files are, as far as keeping them goes."""

    STANDARD = "standard"  # 90 days (fact 0.3).
    FINANCIAL = "financial"  # Financial reports, 18 months (fact 3.11).


@dataclass(frozen=True, slots=True)
class RetentionTerms:
    """The numbers; the defaults are the documents' facts."""

    standard: timedelta = timedelta(days=90)
    financial: timedelta = timedelta(days=548)
    unfinished: timedelta = timedelta(hours=24)
    """For an upload that broke off, and for a work name never renamed."""
    undo: timedelta = timedelta(hours=1)
    """Between a person's deletion and the destruction."""

    def of(self, retention: RetentionClass) -> timedelta:
        """Return how long a file of the class *retention* stays."""
        return {RetentionClass.STANDARD: self.standard, RetentionClass.FINANCIAL: self.financial}[retention]


def class_of(way: Iterable[str | None]) -> RetentionClass:
    """Return the class that holds in a folder; *way* is what each folder from the root down says."""
    named = [name for name in way if name is not None]
    return RetentionClass(named[-1]) if named else RetentionClass.STANDARD


def parse_class(text: str) -> RetentionClass:
    """Return the class named *text*.  Raises Invalid."""
    try:
        return RetentionClass(text)
    except ValueError:
        raise Invalid(f"{text!r} is not a retention class; use {', '.join(RetentionClass)}") from None


def expiry(received_at: datetime, retention: RetentionClass, terms: RetentionTerms, *, work: bool = False) -> datetime:
    """Return when a file received at *received_at* will not be there any more.

    A file under a work name was never handed over, so it goes like an upload that broke off.
    """
    return received_at + (terms.unfinished if work else terms.of(retention))


def present(expires_at: datetime, hold: str | None, now: datetime) -> bool:
    """Return whether a file is there at *now*; one on hold is, whatever its term."""
    return hold is not None or now < expires_at


def resumable(touched_at: datetime, terms: RetentionTerms, now: datetime) -> bool:
    """Return whether an upload last touched at *touched_at* is still kept for its owner."""
    return now < touched_at + terms.unfinished
