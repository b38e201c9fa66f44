"""What went in and out, by account, folder and organization, and how much lay here how long."""

from datetime import date, timedelta

import pytest

from mft.lifecycle.reports.traffic import Moved, Period
from mft.store.tables import version
from mft.vfs.workspace import Ended
from tests.support.world import World, get, p, put

HOME = "/Distribution/northwind"
MONDAY = date(2026, 11, 23)


def last(world: World, days: int) -> Period:
    return Period(world.clock.now() - timedelta(days=days), world.clock.now() + timedelta(microseconds=1))


@pytest.fixture
def busy(world: World) -> World:
    """On Sunday the plan puts two files; on Monday alice takes one of them, and some of the other."""
    put(world.operator, f"{HOME}/a.csv", b"12345678")
    put(world.operator, f"{HOME}/b.csv", bytes(300_000))
    put(world.as_("bot"), "/Inbound/c.837", b"ISA")
    world.clock.advance(days=1)
    alice = world.as_("alice")
    get(alice, f"{HOME}/a.csv")
    get(alice, f"{HOME}/a.csv")
    download = alice.open_download(p(f"{HOME}/b.csv"))
    taken = len(download.read(0, 1000))
    assert taken == 1000
    download.close(Ended.CUT)
    return world


def test_each_accounts_day_counts_what_came_in_and_what_went_out_whole_or_in_part(busy, reports):
    found = reports.transfers_by_account(last(busy, 7))
    assert [(one.day, one.organization, one.account, one.moved) for one in found] == [
        (MONDAY - timedelta(days=1), "acme", "bot", Moved(uploads=1, uploaded_bytes=3)),
        (MONDAY - timedelta(days=1), "northwind", "olivia", Moved(uploads=2, uploaded_bytes=300_008)),
        (MONDAY, "northwind", "alice", Moved(0, 0, whole=2, whole_bytes=16, partial=1, partial_bytes=1000)),
    ]


def test_the_period_begins_with_its_first_moment_and_ends_before_its_last(busy, reports):
    def seen(since: timedelta, until: timedelta) -> int:
        return len(reports.transfers_by_account(Period(start + since, start + until)))

    start, tick, day = busy.clock.now() - timedelta(days=1), timedelta(microseconds=1), timedelta(days=1)
    assert (seen(0 * day, tick), seen(tick, day), seen(-day, 0 * day), seen(day, day + tick)) == (2, 0, 0, 1)
    assert [one.account for one in reports.transfers_by_account(last(busy, 7), "acme")] == ["bot"]


def test_what_has_gone_from_a_folder_still_counts_there(busy, reports):
    busy.as_("alice").remove(p(f"{HOME}/a.csv"))
    found = reports.transfers_by_folder(last(busy, 7))
    assert [(one.day, str(one.folder), one.moved.uploads, one.moved.whole, one.moved.partial) for one in found] == [
        (MONDAY - timedelta(days=1), "/Partners/acme/Inbound", 1, 0, 0),
        (MONDAY - timedelta(days=1), HOME, 2, 0, 0),
        (MONDAY, HOME, 0, 2, 1),
    ]
    assert [one.account for one in found] == ["", "", ""]


def test_an_organizations_exposure_is_its_bytes_times_the_days_they_lay_here(world, reports):
    put(world.operator, f"{HOME}/a.csv", bytes(1000))
    world.clock.advance(days=2)
    put(world.operator, f"{HOME}/b.csv", bytes(500))
    world.clock.advance(days=2)
    found = {one.organization: one for one in reports.exposure(last(world, 30))}
    assert found["northwind"].byte_days == 1000 * 4 + 500 * 2
    assert found["southwind"].byte_days == 0
    # Within the last day each lay here for one; in the day before both did too.
    (day,) = reports.exposure(last(world, 1), "northwind")
    assert (day.byte_days, day.byte_days_before) == (1500, 1500)
    (days,) = reports.exposure(last(world, 3), "northwind")
    assert (days.byte_days, days.byte_days_before) == (1000 * 3 + 500 * 2, 1000)


def test_what_is_to_come_exposes_nobody_yet(world, reports):
    put(world.operator, f"{HOME}/a.csv", bytes(1000))
    now = world.clock.now()
    assert {one.byte_days for one in reports.exposure(Period(now, now + timedelta(days=9)))} == {0}


def test_a_file_exposes_nobody_from_when_nobody_can_read_it_any_more(world, reports):
    put(world.operator, f"{HOME}/a.csv", bytes(1000))
    world.clock.advance(days=1)
    world.as_("alice").remove(p(f"{HOME}/a.csv"))
    world.clock.advance(hours=1)
    world.sweep.run()
    world.clock.advance(days=10)
    (found,) = reports.exposure(last(world, 30), "northwind")
    assert found.byte_days == round(1000 * (1 + 1 / 24))


def test_no_amount_is_too_large_to_be_added_up(world, reports):
    put(world.operator, f"{HOME}/a.csv", b"1")
    put(world.operator, f"{HOME}/b.csv", b"1")
    petabyte = 10**15
    with world.store.write() as connection:
        # A size that no test can write.
        connection.execute(version.update().values(size=petabyte))
    world.clock.advance(days=365)
    (found,) = reports.exposure(last(world, 400), "northwind")
    assert found.byte_days == 2 * petabyte * 365
    assert found.moved.uploaded_bytes == 2 * petabyte


def test_an_organizations_line_also_says_what_it_moved_and_what_nobody_came_for(busy, reports):
    found = {one.organization: one for one in reports.exposure(last(busy, 7))}
    northwind = found["northwind"]
    assert northwind.moved == Moved(2, 300_008, 2, 16, 1, 1000)
    assert (northwind.unfetched_files, northwind.unfetched_bytes) == (1, 300_000)
    assert (found["acme"].unfetched_files, found["acme"].unfetched_bytes) == (1, 3)
    assert found["southwind"].moved == Moved()
