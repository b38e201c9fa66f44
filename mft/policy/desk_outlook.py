"""What will become of access requests and recertifications if nobody does anything.  Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mft.model.request import AccessRequest, RequestState
from mft.policy.requests import overdue, state_of


class DeskChange(StrEnum):
    """What happens by itself at the desks where people decide."""

    REQUEST_OVERDUE = "access request overdue"
    REQUEST_EXPIRES = "access request expires"
    REVIEW_OPENS = "recertification opens"


@dataclass(frozen=True, slots=True)
class DeskTransition:
    """One thing that will happen."""

    at: datetime
    what: DeskChange
    rule: str
    """The fact or the setting that causes it."""


def request_transitions(request: AccessRequest, now: datetime) -> Iterator[DeskTransition]:
    """Yield what will become of *request* after *now*."""
    if state_of(request, now) is not RequestState.SUBMITTED:
        return
    if not overdue(request, now):
        yield DeskTransition(request.due_at, DeskChange.REQUEST_OVERDUE, "fact 0.11: terms.request_due")
    yield DeskTransition(request.expires_at, DeskChange.REQUEST_EXPIRES, "terms.request_expires")


def review_openings(months_asked: Iterable[str], now: datetime, until: datetime) -> Iterator[datetime]:
    """Yield when an organization's recertifications will open after *now*, to *until* at most.

    *months_asked* are the calendar months, as in ``2026-11``, that it was asked in already.  One that this
    month still owes opens at once.
    """
    asked = set(months_asked)
    opens = now
    while opens <= until:
        if f"{opens:%Y-%m}" not in asked:
            yield opens
        first = opens.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        opens = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
