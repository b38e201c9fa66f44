"""Twelve jumps of the clock, four rules each: nothing ends for good by a wrong clock, and the breaker says so.

An hour before its end each of these is asked about; then the clock jumps, every job runs, the clock
comes back, every job runs again.  What was valid still is, and ends when its time is over.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from mft.audit.search import Wanted, search
from mft.model.event import Action
from mft.policy.breaker import Cause
from mft.policy.requests import overdue, state_of
from mft.store import halts
from tests.lifecycle import beginnings as a
from tests.lifecycle.conftest import OpenServer
from tests.lifecycle.scenario.papers import Paper
from tests.lifecycle.scenario.server import Server

BEGIN = datetime(2027, 3, 1, 9, 30, 15, 250_000, tzinfo=UTC)
HOUR = timedelta(hours=1)

JUMPS = {
    "61 minutes ahead": timedelta(minutes=61),
    "a day ahead": timedelta(days=1),
    "49 hours ahead": timedelta(hours=49),
    "15 days ahead": timedelta(days=15),
    "91 days ahead": timedelta(days=91),
    "121 days ahead": timedelta(days=121),
    "600 days ahead": timedelta(days=600),
    "10 years ahead": timedelta(days=3652),
    "61 minutes back": -timedelta(minutes=61),
    "3 days back": -timedelta(days=3),
    "121 days back": -timedelta(days=121),
    "5 years back": -timedelta(days=1826),
}
NEVER = (
    *(Action.FILE_EXPIRED, Action.FILE_DESTROYED, Action.UPLOAD_EXPIRED, Action.ACCOUNT_PURGED),
    *(Action.ACCOUNT_WARNED, Action.ACCOUNT_SUSPENDED, Action.REQUEST_EXPIRED, Action.REVIEW_OPENED),
)
"""What scheduled work must not do by a wrong clock: none of it can be taken back."""


def requested(server: Server) -> Callable[[], str]:
    """Submit a request; ask whether it is late, and whether it can still be decided."""
    a.alice(server)
    paper = Paper(
        label="one",
        kind="add",
        name="bella",
        house=a.HOUSE,
        person="Bella Best",
        email="bella@mail.example",
        phone="612-555-0100",
        addresses=(("8.8.4.4", None),),
    )
    assert server.submit(paper) == "done"

    def ask() -> str:
        (one,) = server.house.requests.listing()
        now = server.clock.now()
        return f"{state_of(one, now)}{', overdue' if overdue(one, now) else ''}"

    return ask


RULES: dict[str, tuple[timedelta, Callable[[Server], Callable[[], str]], str, str]] = {
    "48 hours": (timedelta(hours=48), a.temporary, "replace", "out"),
    "120 days": (timedelta(days=120), a.never_used, "in", "out"),
    "90 days": (timedelta(days=90), a.kept("standard"), "there", "gone"),
    "14 days": (timedelta(days=14), requested, "submitted", "submitted, overdue"),
}


def told(server: Server, *actions: Action) -> list[str]:
    """The trail's events of *actions*."""
    return [f"{one.event.action} {one.event.subject}" for each in actions for one in _events(server, each)]


def _events(server: Server, action: Action):
    return search(server.house.store, Wanted(action=action.value))


def everything(server: Server) -> None:
    """Let every job run that comes by the clock."""
    server.night(*server.jobs)


def stands_still(server: Server) -> bool:
    with server.house.store.read() as connection:
        return Cause.CLOCK in halts.standing(connection)


@pytest.mark.parametrize("jump", JUMPS)
@pytest.mark.parametrize("rule", RULES)
def test_a_clock_that_jumps_and_comes_back_has_ended_nothing(open_server: OpenServer, rule: str, jump: str):
    lasts, stage, before, after = RULES[rule]
    server = open_server(BEGIN)
    ask = stage(server)
    server.later(BEGIN + lasts - HOUR)
    everything(server)
    known = told(server, *NEVER)
    server.clock.jump(seconds=JUMPS[jump].total_seconds())
    everything(server)
    assert stands_still(server)
    server.clock.advance(minutes=20)
    everything(server)
    assert told(server, *NEVER) == known
    server.clock.jump(seconds=-JUMPS[jump].total_seconds())
    server.clock.advance(minutes=20)
    everything(server)
    assert not stands_still(server)
    assert told(server, Action.RETENTION_HALTED, Action.RETENTION_RESUMED) == [
        "retention.halted clock",
        "retention.resumed clock",
    ]
    assert ask() == before
    # Whoever signed on has another 120 days.
    server.later((server.clock.now() if before == "in" else BEGIN) + lasts)
    assert ask() == after


@pytest.mark.parametrize("jump", ["61 minutes ahead", "91 days ahead"])
def test_what_a_person_deleted_keeps_its_hour_though_the_clock_jumps(open_server: OpenServer, jump: str):
    server = open_server(BEGIN)
    undelete = a.deleted(server)
    everything(server)
    server.clock.jump(seconds=JUMPS[jump].total_seconds())
    everything(server)
    server.clock.jump(seconds=-JUMPS[jump].total_seconds())
    everything(server)
    assert undelete() == "done"
