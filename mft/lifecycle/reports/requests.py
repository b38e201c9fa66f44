"""How long access requests wait: the 14 days, kept or not (fact 0.11).  Reads only."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from mft.lifecycle.reports.view import View
from mft.model.request import AccessRequest, RequestState
from mft.policy.requests import overdue, state_of
from mft.store import requests

_DECIDED: Final = frozenset({RequestState.APPROVED, RequestState.DENIED})


@dataclass(frozen=True, slots=True)
class Waits:
    """What became of one organization's requests."""

    organization: str
    submitted: int
    open: int
    overdue: int
    """Open and late."""
    in_time: int
    """Approved or denied before they were due."""
    late: int
    """Approved or denied later."""
    expired: int
    """Nobody decided, until it was too late to."""
    withdrawn: int
    longest: timedelta | None
    """How long the longest waited: an open one until now.  What was withdrawn does not count."""
    median: timedelta | None
    """How long those that were decided waited, the one in the middle; None if there is none."""


def waits(view: View, since: datetime | None, until: datetime | None) -> list[Waits]:
    """Return what became of the requests that were submitted from *since* to *until*, by organization."""
    submitted: dict[str, list[AccessRequest]] = defaultdict(list)
    for one in requests.listing(view.connection, view.within):
        if (since is None or since <= one.submitted_at) and (until is None or one.submitted_at < until):
            submitted[view.name(one.organization)].append(one)
    return [_waits(name, submitted[name], view.now) for name in sorted(submitted)]


def _waits(name: str, submitted: Sequence[AccessRequest], now: datetime) -> Waits:
    states = [state_of(one, now) for one in submitted]
    decided = [one for one, state in zip(submitted, states, strict=True) if state in _DECIDED]
    in_time = sum(_ended(one, now) < one.due_at for one in decided)
    waited = [
        _ended(one, now) - one.submitted_at
        for one, state in zip(submitted, states, strict=True)
        if state is not RequestState.WITHDRAWN
    ]
    return Waits(
        organization=name,
        submitted=len(submitted),
        open=states.count(RequestState.SUBMITTED),
        overdue=sum(overdue(one, now) for one in submitted),
        in_time=in_time,
        late=len(decided) - in_time,
        expired=states.count(RequestState.EXPIRED),
        withdrawn=states.count(RequestState.WITHDRAWN),
        longest=max(waited, default=None),
        median=_middle([_ended(one, now) - one.submitted_at for one in decided]),
    )


def _ended(request: AccessRequest, now: datetime) -> datetime:
    """Return until when *request* waited."""
    return request.decided_at or min(now, request.expires_at)


def _middle(waited: list[timedelta]) -> timedelta | None:
    return timedelta(seconds=median(one.total_seconds() for one in waited)) if waited else None
