"""What ``mft simulate`` said, held against what then happens on a copy where nobody does anything."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import select

from mft.lifecycle.expected import Expected
from mft.model.event import Action
from mft.model.path import VirtualPath
from mft.policy.desk_outlook import DeskChange
from mft.policy.file_outlook import FileChange
from mft.policy.outlook import Change
from mft.policy.trail import event_in
from mft.store.tables import audit_event
from tests.lifecycle.scenario.life import Life
from tests.lifecycle.scenario.oracle import OPERATOR
from tests.lifecycle.scenario.script import FOLDERS
from tests.lifecycle.scenario.server import Server

AHEAD = 40
NIGHT = ("requests", "reviews", "accounts", "sweep")
"""Who is told of which file hangs on what people take, and is not foretold: no digests here."""
DAY = timedelta(days=1)
Files = dict[str, frozenset[str]]
Said = Counter[tuple[str, str]]

UNCHANGED = (FileChange.NAMED, FileChange.HOLD_ENDS, Change.ADDRESS_ENDS, Change.TEMPORARY_ENDS)
"""What no audit event and no listing tells of; the last two are held against the oracle instead."""
EVENTS = {
    Action.ACCOUNT_PURGED: Change.PURGE,
    Action.ACCOUNT_SUSPENDED: Change.SUSPENSION,
    Action.REVIEW_OPENED: DeskChange.REVIEW_OPENS,
}


def check_foretelling(life: Life, copy: Server) -> int:
    """Let the days pass on *copy* with nothing but the jobs; return how many things happened as foretold."""
    now = life.server.clock.now()
    first = now.replace(hour=0, minute=0, second=0, microsecond=0) + DAY
    last = first + (AHEAD - 1) * DAY
    foretold = life.server.house.outlook.house(last)
    _check_ends(life, foretold, now, last)
    promised = _by_night(foretold)
    happened = 0
    there = _there(copy)
    # A request whose time is over is expired already; a job that notes it changes nothing.
    over = {copy.requests[label] for label, state, _ in copy.standing() if state == "expired"}
    for night in (first + number * DAY for number in range(AHEAD)):
        said, there = _pass_a_day(copy, night, there)
        said = Counter({key: count for key, count in said.items() if key[1] not in over})
        if night == first:  # What was over already, and not swept, is foretold for the next pass.
            said.update((FileChange.EXPIRES, sheet.folder) for sheet in life.oracle.files.over(now))
        expected = promised.get(night, Counter())
        if copy.house.retention.halted():  # What is over is not there all the same; it waits to be destroyed.
            expected = Counter({key: count for key, count in expected.items() if key[0] != FileChange.DESTROYED})
        life.agree(f"what was foretold for {night:%Y-%m-%d}", dict(said), dict(expected))
        happened += said.total()
    return happened


def _by_night(foretold: list[Expected]) -> dict[datetime, Said]:
    """Return what each night will find: all that came since the midnight before."""
    nights: dict[datetime, Said] = {}
    for one in foretold:
        midnight = one.at.replace(hour=0, minute=0, second=0, microsecond=0)
        night = midnight if one.at == midnight else midnight + DAY
        if not one.what.startswith(tuple(UNCHANGED)):
            nights.setdefault(night, Counter())[one.what, one.subject] += one.count
    return nights


def _pass_a_day(copy: Server, night: datetime, before: Files) -> tuple[Said, Files]:
    """Let the day before *night* pass, do the scheduled work; return what happened and which files are there yet."""
    late = _late(copy)
    number = copy.newest_event()
    copy.later(night)
    said: Said = Counter()
    there = _there(copy)
    for folder, names in there.items():
        if gone := before[folder] - names:
            said[FileChange.EXPIRES, folder] += len(gone)
    for what, name, subject in _late(copy) - late:
        said[f"{DeskChange.REQUEST_OVERDUE}: {what} {name}", subject] += 1
    copy.night(*NIGHT)
    said.update(_told(copy, number))
    return said, there


def _there(copy: Server) -> Files:
    """Return all files that are there, by folder, work names among them."""
    found = {folder: set(copy.seen_by(OPERATOR, folder)) for folder in FOLDERS}
    for name in copy.bringers():
        for folder in FOLDERS:
            if "/Inbound" in folder:
                found[folder] |= {each for each in copy.seen_by(name, folder) if each.endswith(".part")}
    return {folder: frozenset(names) for folder, names in found.items()}


def _late(copy: Server) -> set[tuple[str, str, str]]:
    numbers = copy.requests
    listed = {one.id: one for one in copy.house.requests.listing()}
    return {
        (listed[numbers[label]].kind, listed[numbers[label]].name, numbers[label])
        for label, _, late in copy.standing()
        if late
    }


def _told(copy: Server, after: int) -> Iterator[tuple[str, str]]:
    """Yield what the trail tells of since the event number *after*, in an outlook's words."""
    query = select(audit_event.c.body).where(audit_event.c.number > after).order_by(audit_event.c.number)
    with copy.house.store.read() as connection:
        events = [event_in(body)[3] for body in connection.execute(query).scalars()]
    for event in events:
        if event.action in EVENTS:
            yield EVENTS[event.action], event.subject
        elif event.action is Action.ACCOUNT_WARNED:
            yield f"{Change.WARNING} ({event.detail['days']} days before)", event.subject
        elif event.action is Action.REQUEST_EXPIRED:
            yield _expired(copy, str(event.detail["request"]))
        elif event.action is Action.FILE_DESTROYED:
            yield FileChange.DESTROYED, str(VirtualPath.parse(event.subject).parent)


def _expired(copy: Server, number: str) -> tuple[str, str]:
    request = copy.house.requests.get(number)
    return f"{DeskChange.REQUEST_EXPIRES}: {request.kind} {request.name}", request.id


def _check_ends(life: Life, foretold: list[Expected], now: datetime, last: datetime) -> None:
    """Hold the ends of temporary passwords and addresses against the oracle's dates."""
    said = Counter(
        (one.what.split(" (")[0], one.subject, one.at) for one in foretold if one.what.startswith(UNCHANGED[2:])
    )
    known = Counter(
        (str(what), person.name, at)
        for person in life.oracle.living()
        for what, at in (
            (Change.TEMPORARY_ENDS, person.lapses),
            *((Change.ADDRESS_ENDS, entry.until) for entry in person.addresses),
        )
        if at is not None and now < at <= min(person.ends, last)
    )
    life.agree("the ends that are foretold", dict(said), dict(known))
