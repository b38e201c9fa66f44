"""The fourteen days: how long access requests wait."""

from datetime import timedelta

import pytest

from mft.lifecycle.reports.room import Reports
from mft.model.account import Purpose
from mft.model.ids import RequestId, new_id
from mft.model.request import AccessRequest, RequestKind, RequestState
from mft.store import requests
from tests.support.world import World


def submit(world: World, organization: str = "northwind") -> RequestId:
    now, number = world.clock.now(), RequestId(new_id("req"))
    request = AccessRequest(
        id=number,
        kind=RequestKind.ADD,
        state=RequestState.SUBMITTED,
        organization=world.organizations[organization].id,
        name=number.lower(),
        account=None,
        purpose=Purpose.PERSON,
        person="Ada",
        email="",
        phone="",
        reason="new",
        addresses=(),
        signature=None,
        submitted_by="olivia",
        submitted_at=now,
        due_at=now + timedelta(days=14),
        expires_at=now + timedelta(days=90),
    )
    with world.store.write() as connection:
        requests.add(connection, request)
    return number


def decide(world: World, number: RequestId, state: RequestState = RequestState.APPROVED) -> None:
    with world.store.write() as connection:
        assert requests.decide(connection, number, state, "olivia", world.clock.now(), "")


@pytest.mark.fact("0.11")
def test_a_request_is_late_from_the_moment_it_was_due(world: World, reports: Reports):
    in_time, late, _ = submit(world), submit(world), submit(world)
    world.clock.advance(days=14, microseconds=-1)
    (found,) = reports.requests()
    assert (found.open, found.overdue) == (3, 0)
    decide(world, in_time, RequestState.DENIED)
    world.clock.advance(microseconds=1)
    decide(world, late)
    (found,) = reports.requests()
    assert (found.submitted, found.open, found.overdue, found.in_time, found.late) == (3, 1, 1, 1, 1)


def test_the_longest_wait_counts_what_is_open_and_the_median_what_was_decided(world, reports):
    first, second, third = submit(world), submit(world), submit(world)
    gone = submit(world)
    world.clock.advance(days=2)
    decide(world, first)
    world.clock.advance(days=2)
    decide(world, second)
    world.clock.advance(days=6)
    decide(world, gone, RequestState.WITHDRAWN)
    (found,) = reports.requests()
    assert (found.longest, found.median, found.withdrawn) == (timedelta(days=10), timedelta(days=3), 1)
    decide(world, third)
    (found,) = reports.requests()
    assert (found.longest, found.median) == (timedelta(days=10), timedelta(days=4))


def test_what_nobody_decided_in_time_is_expired_noted_or_not(world, reports):
    submit(world)
    world.clock.advance(days=200)
    (found,) = reports.requests()
    assert (found.open, found.overdue, found.expired, found.longest) == (0, 0, 1, timedelta(days=90))
    assert found.median is None


def test_each_organization_has_its_line_and_the_period_is_that_of_submission(world, reports):
    submit(world, "southwind")
    start = world.clock.now()
    world.clock.advance(days=1)
    submit(world)
    assert [one.organization for one in reports.requests()] == ["northwind", "southwind"]
    assert [one.organization for one in reports.requests(until=world.clock.now())] == ["southwind"]
    assert [one.organization for one in reports.requests(since=start + timedelta(microseconds=1))] == ["northwind"]
    assert [one.organization for one in reports.requests(organization="southwind")] == ["southwind"]
