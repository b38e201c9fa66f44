"""The clock of an access request, to the second (fact 0.11)."""

from datetime import UTC, datetime, timedelta

import pytest

from mft.model.account import Purpose
from mft.model.ids import OrganizationId, RequestId
from mft.model.request import AccessRequest, RequestKind, RequestState
from mft.policy.requests import RequestTerms, days_left, overdue, state_of, urgency

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
TERMS = RequestTerms()
SECOND = timedelta(seconds=1)


def request(state: RequestState = RequestState.SUBMITTED, submitted_at: datetime = START) -> AccessRequest:
    return AccessRequest(
        id=RequestId("req_1"),
        kind=RequestKind.ADD,
        state=state,
        organization=OrganizationId("org_1"),
        name="jdoe",
        account=None,
        purpose=Purpose.PERSON,
        person="Jane Doe",
        email="jane@example.org",
        phone="+1 555 010 4477",
        reason="care coordination",
        addresses=(),
        signature=None,
        submitted_by="maria",
        submitted_at=submitted_at,
        due_at=submitted_at + TERMS.due,
        expires_at=submitted_at + TERMS.expires,
    )


@pytest.mark.fact("0.11")
@pytest.mark.parametrize(
    ("after", "late", "left"),
    [
        (timedelta(0), False, 14),
        (SECOND, False, 14),
        (timedelta(days=13), False, 1),
        (timedelta(days=14) - SECOND, False, 1),
        (timedelta(days=14), True, 0),
        (timedelta(days=14) + SECOND, True, 0),
        (timedelta(days=15), True, -1),
        (timedelta(days=15) + SECOND, True, -1),
    ],
)
def test_fourteen_days_from_submission_it_is_overdue(after, late, left):
    assert (overdue(request(), START + after), days_left(request(), START + after)) == (late, left)


@pytest.mark.parametrize(
    ("after", "state"),
    [
        (TERMS.expires - SECOND, RequestState.SUBMITTED),
        (TERMS.expires, RequestState.EXPIRED),
        (TERMS.expires + SECOND, RequestState.EXPIRED),
    ],
)
def test_nobody_decides_upon_what_was_attested_too_long_ago(after, state):
    assert state_of(request(), START + after) is state
    assert overdue(request(), START + after) is (state is RequestState.SUBMITTED)


@pytest.mark.parametrize("state", [state for state in RequestState if state is not RequestState.SUBMITTED])
def test_what_is_decided_is_neither_late_nor_expired_later(state):
    late = START + TERMS.expires + SECOND
    assert state_of(request(state), late) is state
    assert not overdue(request(state), late)


def test_overdue_comes_first_then_what_waits_then_what_is_decided():
    now = START + timedelta(days=20)
    later = request(submitted_at=START + timedelta(days=1))
    waiting = request(submitted_at=now - SECOND)
    denied = request(RequestState.DENIED, START - timedelta(days=9))
    expired = request(submitted_at=now - TERMS.expires)
    found = sorted([expired, denied, waiting, later, request()], key=lambda one: urgency(one, now))
    assert found == [request(), later, waiting, expired, denied]
