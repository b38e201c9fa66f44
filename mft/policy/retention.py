"""How long a file stays, and whether it still is there.  Pure.

Validity is decided at use: an expired file is not there, swept or not.  The client's own time of
modification is never read here.
"""

import calendar
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NewType

from mft.model.errors import Invalid, Unavailable
from mft.model.file import Hold

RetentionClass = NewType("RetentionClass", str)
"""What a folder's files are, as far as keeping them goes; the settings name the classes."""

STANDARD: Final = RetentionClass("standard")
FINANCIAL: Final = RetentionClass("financial")

_MONTHS_A_YEAR: Final = 12


@dataclass(frozen=True, slots=True)
class Months:
    """A term in calendar months: it ends on the same day of a later month, or on that month's last."""

    count: int

    def after(self, moment: datetime) -> datetime:
        """Return *moment* this many months later: 31 August and 18 months make 28 or 29 February."""
        years, month = divmod(moment.month - 1 + self.count, _MONTHS_A_YEAR)
        year = moment.year + years
        day = min(moment.day, calendar.monthrange(year, month + 1)[1])
        return moment.replace(year=year, month=month + 1, day=day)


Term = timedelta | Months


def end_of(term: Term, since: datetime) -> datetime:
    """Return when *term* is over that began at *since*."""
    return term.after(since) if isinstance(term, Months) else since + term


def _documented() -> Mapping[RetentionClass, Term]:
    return {STANDARD: timedelta(days=90), FINANCIAL: Months(18)}


@dataclass(frozen=True, slots=True)
class RetentionTerms:
    """The numbers; the defaults are the documents' facts 0.3 and 3.11."""

    classes: Mapping[RetentionClass, Term] = field(default_factory=_documented)
    """Always holds ``standard``."""
    unfinished: timedelta = timedelta(hours=24)
    """For an upload that broke off, and for a work name never renamed."""
    undo: timedelta = timedelta(hours=1)
    """Between a person's deletion and the destruction."""

    def of(self, retention: RetentionClass) -> Term:
        """Return how long a file of the class *retention* stays.  Raises Unavailable for one nobody knows."""
        try:
            return self.classes[retention]
        except KeyError:
            raise Unavailable(
                f"a folder is of the retention class {retention}, which the settings do not know; add it there"
            ) from None

    def named(self, text: str) -> RetentionClass:
        """Return the class named *text*.  Raises Invalid."""
        found = RetentionClass(text)
        if found not in self.classes:
            raise Invalid(f"{text!r} is not a retention class; use {', '.join(self.classes)}")
        return found


def class_of(way: Iterable[str | None]) -> RetentionClass:
    """Return the class that holds in a folder; *way* is what each folder from the root down says."""
    named = [name for name in way if name is not None]
    return RetentionClass(named[-1]) if named else STANDARD


def expiry(received_at: datetime, retention: RetentionClass, terms: RetentionTerms, *, work: bool = False) -> datetime:
    """Return when a file received at *received_at* will not be there any more.

    A file under a work name was never handed over, so it goes like an upload that broke off.
    """
    return received_at + terms.unfinished if work else end_of(terms.of(retention), received_at)


def holds(hold: Hold | None, now: datetime) -> bool:
    """Return whether *hold* keeps a file at *now*."""
    return hold is not None and (hold.until is None or now < hold.until)


def present(expires_at: datetime, hold: Hold | None, now: datetime) -> bool:
    """Return whether a file is there at *now*; one on hold is, whatever its term."""
    return now < expires_at or holds(hold, now)


def leaves_at(expires_at: datetime, hold: Hold | None) -> datetime | None:
    """Return from when a file is not there any more; None while a hold without an end keeps it."""
    if hold is None:
        return expires_at
    return None if hold.until is None else max(expires_at, hold.until)


def resumable(touched_at: datetime, terms: RetentionTerms, now: datetime) -> bool:
    """Return whether an upload last touched at *touched_at* is still kept for its owner."""
    return now < touched_at + terms.unfinished
