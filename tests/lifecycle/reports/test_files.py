"""Which files leave soon, and which nobody came for."""

from datetime import date, timedelta

import pytest

from mft.lifecycle.reports.room import Reports
from mft.policy.retention import FINANCIAL
from mft.vfs.workspace import Ended
from tests.support.world import OPERATOR, World, get, p, put

HOME = "/Distribution/northwind"


@pytest.fixture
def roster(world: World) -> str:
    """A report that the plan published for the delegate."""
    put(world.operator, f"{HOME}/roster.csv", b"12345678")
    return f"{HOME}/roster.csv"


def waiting(reports: Reports, age: timedelta = timedelta(0)) -> list[str]:
    return [str(one.path) for one in reports.unfetched(age)]


@pytest.mark.fact("0.3")
def test_files_that_leave_are_summed_by_day_and_folder(world, reports):
    world.operator.make_folder(p(f"{HOME}/reports"))
    put(world.operator, f"{HOME}/a.csv", b"123")
    put(world.operator, f"{HOME}/b.csv", b"4567")
    put(world.operator, f"{HOME}/reports/c.csv", b"8")
    world.clock.advance(days=1)
    put(world.operator, "/Partners/acme/Outbound/d.csv", b"90")
    world.clock.advance(days=82)
    # Received 83 and 82 days ago, 90 days kept.
    found = reports.expiring(timedelta(days=7))
    day = date(2026, 11, 22) + timedelta(days=90)
    assert [(one.day, str(one.folder), one.files, one.bytes) for one in found] == [
        (day, HOME, 2, 7),
        (day, f"{HOME}/reports", 1, 1),
    ]
    assert [one.organization for one in reports.expiring(timedelta(days=8))] == ["northwind", "northwind", "acme"]
    assert [str(one.folder) for one in reports.expiring(timedelta(days=8), "acme")] == ["/Partners/acme/Outbound"]
    assert reports.expiring(timedelta(days=7, microseconds=-1)) == []


@pytest.mark.usefixtures("roster")
def test_what_has_left_already_is_not_told_swept_or_not(world, reports):
    world.clock.advance(days=90, microseconds=-1)
    assert [one.days_left for one in reports.expiring_files(timedelta(days=1))] == [1]
    world.clock.advance(microseconds=1)
    assert reports.expiring_files(timedelta(days=1)) == []
    assert reports.expiring(timedelta(days=1)) == []
    assert waiting(reports) == []
    world.sweep.run()
    assert reports.expiring_files(timedelta(days=1)) == []


def test_a_hold_puts_a_files_leaving_off_for_ever_or_to_its_end(world, reports, roster):
    end = world.clock.now() + timedelta(days=100)
    world.holds.put(OPERATOR, p(roster), "asked for", end)
    assert reports.expiring_files(timedelta(days=99)) == []
    (leaving,) = reports.expiring_files(timedelta(days=100))
    assert (leaving.leaves_at, leaving.days_left) == (end, 100)
    world.holds.lift(OPERATOR, p(roster))
    world.holds.put(OPERATOR, p(roster), "asked for", world.clock.now() + timedelta(days=5))
    assert [one.days_left for one in reports.expiring_files(timedelta(days=99))] == [90]
    world.holds.lift(OPERATOR, p(roster))
    world.holds.put(OPERATOR, p(roster), "for ever")
    assert reports.expiring_files(timedelta(days=999)) == []
    world.clock.advance(days=200)
    assert [(one.leaves_at, one.days_left) for one in reports.unfetched(timedelta(0))] == [(None, None)]


@pytest.mark.usefixtures("roster")
def test_each_class_leaves_by_its_own_term(world, reports):
    world.operator.make_folder(p(f"{HOME}/money"))
    world.folders.set_retention(OPERATOR, p(f"{HOME}/money"), FINANCIAL)
    put(world.operator, f"{HOME}/money/remit.csv", b"1")
    assert [one.path.name for one in reports.expiring_files(timedelta(days=90))] == ["roster.csv"]
    assert [one.path.name for one in reports.expiring_files(timedelta(days=549))] == ["roster.csv", "remit.csv"]


def test_a_work_name_is_nobodys_but_its_owners(world, reports):
    put(world.as_("alice"), f"{HOME}/x.tmp", b"1")
    assert waiting(reports) == []
    assert reports.expiring(timedelta(days=2)) == []


def test_a_file_is_fetched_when_somebody_of_the_organization_has_taken_it_whole(world, reports, roster):
    assert waiting(reports) == [roster]
    assert get(world.operator, roster) == b"12345678"
    # The plan looking at its own file is nobody of the organization.
    assert waiting(reports) == [roster]
    download = world.as_("alice").open_download(p(roster))
    download.read(0, 3)
    download.close(Ended.CLOSED)
    assert waiting(reports) == [roster]
    get(world.as_("alice"), roster)
    assert waiting(reports) == []


def test_what_an_organization_puts_waits_for_anybody_but_who_put_it(world, reports):
    inbound = "/Partners/acme/Inbound/claims.837"
    put(world.as_("bot"), "/Inbound/claims.837", b"ISA")
    assert waiting(reports) == [inbound]
    get(world.as_("bot"), "/Inbound/claims.837")
    assert waiting(reports) == [inbound]
    get(world.operator, inbound)
    assert waiting(reports) == []


def test_what_waits_is_told_oldest_first_with_its_age_and_the_days_it_has_left(world, reports, roster):
    world.clock.advance(days=3, hours=5)
    put(world.operator, f"{HOME}/b.csv", b"1")
    world.clock.advance(hours=1)
    found = reports.unfetched(timedelta(0))
    assert [(one.path.name, one.age_days, one.days_left, one.put_by) for one in found] == [
        ("roster.csv", 3, 87, "olivia"),
        ("b.csv", 0, 90, "olivia"),
    ]
    assert waiting(reports, timedelta(days=1)) == [roster]
    assert reports.unfetched(timedelta(0), "southwind") == []


def test_a_new_version_is_to_be_fetched_anew(world, reports, roster):
    get(world.as_("alice"), roster)
    put(world.operator, roster, b"87654321")
    assert waiting(reports) == [roster]


def test_folders_are_found_however_many_there_are(world, reports, monkeypatch):
    monkeypatch.setattr("mft.store.reports.files._AT_ONCE", 2)
    for number in range(5):
        world.operator.make_folder(p(f"{HOME}/f{number}"))
        put(world.operator, f"{HOME}/f{number}/x", b"1")
    assert sorted(waiting(reports)) == [f"{HOME}/f{number}/x" for number in range(5)]
