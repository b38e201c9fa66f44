"""What an outlook says is what then happens; and it touches nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from mft.lifecycle.outlook import FARTHEST, Expected, Outlook, OutlookRules
from mft.model.account import Purpose
from mft.model.errors import Invalid, NotFound
from mft.policy.file_outlook import FileChange
from mft.policy.retention import FINANCIAL, STANDARD, Months, RetentionTerms
from mft.policy.signon import Terms
from mft.store.engine import Store
from mft.store.tables import access_request, metadata
from mft.vfs.workspace import Ended
from tests.support.gate import build_gate
from tests.support.passes import Calendar
from tests.support.world import OPERATOR, PUT, World, furnished, p, put

HOME = "/Distribution/northwind"
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
RULES = OutlookRules(Terms(), RetentionTerms(), timedelta(days=30))


def outlook(world: World) -> Outlook:
    return Outlook(world.store, world.clock, RULES)


def dump(store: Store) -> dict[str, list[tuple[object, ...]]]:
    with store.read() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(table.select())), key=repr)
            for table in metadata.sorted_tables
        }


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    """The tree's small house."""
    return furnished(store, tmp_path)


@pytest.fixture
def busy(world: World) -> World:
    """A folder in which something of every kind waits for its end."""
    alice = world.as_("alice")
    for folder in ("eop", "eop/old"):
        world.operator.make_folder(p(f"{HOME}/{folder}"))
    world.folders.set_retention(OPERATOR, p(f"{HOME}/eop"), FINANCIAL)
    world.folders.set_retention(OPERATOR, p(f"{HOME}/eop/old"), STANDARD)
    for name in ("1", "2", "held", "forever", "gone", "eop/report", "eop/old/x", "w.part"):
        put(alice, f"{HOME}/{name}", b"12345")
    world.holds.put(OPERATOR, p(f"{HOME}/held"), "claim", world.clock.now() + 200 * DAY)
    world.holds.put(OPERATOR, p(f"{HOME}/forever"), "a lawsuit")
    handle = alice.open_upload(p(f"{HOME}/broken"), PUT)
    handle.write(0, b"123")
    handle.interrupt(Ended.CUT)
    alice.remove(p(f"{HOME}/gone"))
    world.clock.advance(hours=0.5)
    return world


def test_each_file_leaves_to_the_second_when_it_was_foretold(busy: World):
    start = busy.clock.now()
    told = outlook(busy).folder(p(HOME), start + 1000 * DAY)
    leaving = sorted((one.at, one.subject) for one in told if one.what == FileChange.EXPIRES)
    received = start - timedelta(minutes=30)
    assert [subject.removeprefix(f"{HOME}/") for _, subject in leaving] == [
        "w.part",
        "1",
        "2",
        "eop/old/x",
        "held",
        "eop/report",
    ]
    assert leaving[-1][0] == Months(18).after(received)
    for at, subject in leaving:
        busy.clock.jump(seconds=(at - SECOND - busy.clock.now()) / SECOND)
        assert busy.as_("alice").stat(p(subject)).size == 5
        busy.clock.jump(seconds=1)
        with pytest.raises(NotFound):
            busy.as_("alice").stat(p(subject))
    busy.clock.jump(seconds=(start + 1000 * DAY - busy.clock.now()) / SECOND)
    assert busy.as_("alice").stat(p(f"{HOME}/forever")).size == 5


def test_each_day_the_sweep_destroys_what_was_foretold_for_it(busy: World):
    start = busy.clock.now()
    told = outlook(busy).house(start + 600 * DAY)
    foretold: dict[int, list[int]] = {}
    for one in told:
        kind = {FileChange.EXPIRES: 0, FileChange.DROPPED: 1, FileChange.DESTROYED: 2}.get(one.what)
        if kind is not None:
            foretold.setdefault((one.at - start) // DAY, [0, 0, 0])[kind] += one.count
    happened: dict[int, list[int]] = {}
    for day in range(601):
        swept = busy.sweep.run()
        if swept.expired or swept.uploads or swept.destroyed:
            happened[day - 1] = [swept.expired, swept.uploads, swept.destroyed]
        busy.clock.advance(days=1)
    assert happened == foretold


def test_files_are_counted_by_day_and_folder_unless_one_folder_is_asked_about(busy: World):
    start = busy.clock.now()
    expiring = [one for one in outlook(busy).house(start + 95 * DAY) if one.what == FileChange.EXPIRES]
    assert [(one.subject, one.count, one.bytes) for one in expiring] == [
        (HOME, 1, 5),
        (HOME, 2, 10),
        (f"{HOME}/eop/old", 1, 5),
    ]
    assert expiring[1].rule == "fact 0.3: retention.standard = 90 days from receipt"
    named = [one for one in outlook(busy).folder(p(f"{HOME}/eop"), start + 95 * DAY) if one.what == FileChange.NAMED]
    assert [(one.at - start, one.subject) for one in named] == [
        (82 * DAY + timedelta(hours=23.5), f"{HOME}/eop/old/x"),
        (88 * DAY + timedelta(hours=23.5), f"{HOME}/eop/old/x"),
    ]


def test_an_outlook_touches_nothing(busy: World):
    busy.clock.advance(days=100)
    before = dump(busy.store)
    until = busy.clock.now() + FARTHEST
    for found in (
        outlook(busy).house(until),
        outlook(busy).folder(p(HOME), until),
        outlook(busy).account("bot", until),
    ):
        assert found
    assert dump(busy.store) == before


def test_an_outlook_is_the_same_on_both_databases(any_store: Store, tmp_path: Path):
    world = furnished(any_store, tmp_path)
    put(world.as_("alice"), f"{HOME}/1", b"x")
    found = outlook(world).folder(p(HOME), world.clock.now() + 91 * DAY)
    assert [one.what for one in found].count(FileChange.NAMED) == 2
    assert found[-1].at == world.clock.now() + 90 * DAY


@pytest.mark.parametrize("days", [0, -1, 3654])
def test_an_outlook_goes_to_a_day_that_is_to_come_within_ten_years(world: World, days: int):
    with pytest.raises(Invalid, match="ten years"):
        outlook(world).house(world.clock.now() + days * DAY)
    with pytest.raises(NotFound):
        outlook(world).folder(p(f"{HOME}/none"), world.clock.now() + DAY)
    with pytest.raises(NotFound):
        outlook(world).account("nobody", world.clock.now() + DAY)


@pytest.fixture
def calendar(store: Store) -> Iterator[Calendar]:
    gate = build_gate(store)
    yield Calendar(gate)
    gate.offload.close()


def lines(calendar: Calendar, days: int, name: str | None = None) -> list[Expected]:
    now = calendar.gate.clock.now()
    room = Outlook(calendar.gate.store, calendar.gate.clock, RULES)
    return room.house(now + days * DAY) if name is None else room.account(name, now + days * DAY)


@pytest.mark.fact("0.15")
def test_an_account_is_warned_and_purged_on_the_days_that_were_foretold(calendar: Calendar):
    calendar.gate.account("alice")
    calendar.gate.account("bob", purpose=Purpose.UNATTENDED)
    start = calendar.gate.clock.now()
    told = lines(calendar, 200)
    foretold = sorted(((one.at - start) // DAY, one.subject, one.what.startswith("purged")) for one in told)
    happened = []
    for day in range(200):
        before = {name: calendar.gate.current(name).purged_at for name in ("alice", "bob")}
        calendar.run()
        warned = [line.event.subject for line in calendar.gate.lines() if line.event.action == "account.warned"]
        fresh = warned[len([one for one in happened if not one[2]]) :]
        happened += [(day, name, False) for name in fresh]
        happened += [
            (day, name, True) for name in before if before[name] is None and calendar.gate.current(name).purged_at
        ]
        calendar.gate.clock.advance(days=1)
    assert sorted(happened) == foretold
    assert [day for day, name, purged in foretold if purged] == [120, 120]


def test_who_is_asked_about_and_not_answered_for_is_suspended_when_it_was_foretold(calendar: Calendar):
    calendar.gate.account("alice")
    calendar.name_administrator()
    calendar.reviews.open_due()
    calendar.gate.account("newcomer")
    told = lines(calendar, 100)
    opens = [one.at for one in told if one.what == "recertification opens"]
    assert opens == [datetime(2026, 12, 1, tzinfo=UTC), *(datetime(2027, month, 1, tzinfo=UTC) for month in (1, 2, 3))]
    suspended = {one.subject: one.at for one in told if one.what.startswith("suspended")}
    assert suspended == {
        "alice": calendar.gate.clock.now() + 30 * DAY,
        "newcomer": datetime(2026, 12, 31, tzinfo=UTC),
    }
    while calendar.gate.clock.now() < datetime(2026, 12, 2, tzinfo=UTC):
        calendar.reviews.open_due()
        calendar.gate.clock.advance(hours=1)
    assert calendar.gate.current("newcomer").recertify_by == suspended["newcomer"]
    assert calendar.gate.current("alice").recertify_by == suspended["alice"]


def test_no_review_is_foretold_for_whom_nobody_is_left_or_who_has_no_administrator(calendar: Calendar):
    calendar.gate.account("alice")
    assert not [one for one in lines(calendar, 400) if one.what == "recertification opens"]
    calendar.name_administrator()
    last = [one.at for one in lines(calendar, 400) if one.what == "recertification opens"][-1]
    assert last == datetime(2027, 3, 1, tzinfo=UTC)  # Alice is purged on 22 March.


@pytest.mark.fact("0.11")
def test_a_request_becomes_overdue_and_expires_in_an_outlook(calendar: Calendar):
    now, organization = calendar.gate.clock.now(), calendar.gate.organization()
    row = {
        "id": "req_1",
        "kind": "add",
        "state": "submitted",
        "organization": organization.id,
        "name": "bob",
        "purpose": "person",
        "reason": "new",
        "submitted_by": "olga",
        "submitted_at": now,
        "due_at": now + 14 * DAY,
        "expires_at": now + 90 * DAY,
    }
    with calendar.gate.store.write() as connection:
        connection.execute(insert(access_request).values(row))
    found = [(one.at - now, one.what, one.subject) for one in lines(calendar, 91)]
    assert found == [
        (14 * DAY, "access request overdue: add bob", "req_1"),
        (90 * DAY, "access request expires: add bob", "req_1"),
    ]
    calendar.gate.clock.advance(days=20)
    assert [one.what for one in lines(calendar, 91)] == ["access request expires: add bob"]
    calendar.gate.account("alice")
    assert {one.subject for one in lines(calendar, 200, "alice")} == {"alice"}
