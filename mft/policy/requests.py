"""The clock of an access request: due, late, expired (fact 0.11).  Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mft.model.request import AccessRequest, RequestState
from mft.policy import dormancy


@dataclass(frozen=True, slots=True)
class RequestTerms:
    """The numbers."""

    due: timedelta = timedelta(days=14)
    """From submission; fact 0.11."""
    expires: timedelta = timedelta(days=90)
    """From submission: what was attested then is too old to act upon."""


def state_of(request: AccessRequest, now: datetime) -> RequestState:
    """Return where *request* stands at *now*: one that nobody decided in time is expired, tidied or not."""
    if request.state is RequestState.SUBMITTED and now >= request.expires_at:
        return RequestState.EXPIRED
    return request.state


def overdue(request: AccessRequest, now: datetime) -> bool:
    """Return whether *request* waits at *now* and should have been decided before."""
    return state_of(request, now) is RequestState.SUBMITTED and now >= request.due_at


def days_left(request: AccessRequest, now: datetime) -> int:
    """Return how many days are left to decide, a begun one counted whole; 0 on the first day after, then negative."""
    return dormancy.days_left(request.due_at, now)


def urgency(request: AccessRequest, now: datetime) -> tuple[bool, bool, datetime]:
    """Return what a list is sorted by: overdue first, then what waits, the earliest due date first."""
    waits = state_of(request, now) is RequestState.SUBMITTED
    return (not overdue(request, now), not waits, request.due_at)
