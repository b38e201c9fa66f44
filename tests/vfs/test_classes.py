"""Retention classes: the age runs from receipt here, to the second, whoever looks and whether or not anything swept."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

import pytest
from sqlalchemy import insert

from mft.audit.search import Wanted, search
from mft.model.errors import NotFound, Unavailable
from mft.policy.retention import FINANCIAL, STANDARD, Months, RetentionClass, RetentionTerms
from mft.store import catalog
from mft.store.engine import Store
from mft.store.tables import entry, version
from mft.vfs.classes import Share
from mft.vfs.workspace import Files, Rules
from tests.support.clock import MovingClock
from tests.support.world import OPERATOR, World, furnished, get, names, p, put

HOME = "/Distribution/northwind"
FILE = f"{HOME}/report.csv"
REMITS = RetentionClass("remits")
SECOND = timedelta(seconds=1)

EIGHTEEN = {
    # Written out by hand: received, and the day eighteen calendar months later.
    (2026, 11, 22): (2028, 5, 22),
    (2026, 8, 31): (2028, 2, 29),  # February of a leap year ends a 31 August.
    (2026, 8, 30): (2028, 2, 29),
    (2026, 8, 29): (2028, 2, 29),
    (2026, 8, 28): (2028, 2, 28),
    (2025, 8, 31): (2027, 2, 28),  # And of a common one.
    (2025, 8, 29): (2027, 2, 28),
    (2028, 2, 29): (2029, 8, 29),
    (2027, 2, 28): (2028, 8, 28),
    (2026, 10, 31): (2028, 4, 30),
    (2026, 12, 31): (2028, 6, 30),
    (2027, 1, 31): (2028, 7, 31),
    (2027, 3, 31): (2028, 9, 30),
    (2027, 6, 30): (2028, 12, 30),
    (2027, 7, 1): (2029, 1, 1),
}


def past_noon(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 12, 34, 56, 789_000, tzinfo=UTC)


def months_later(day: datetime, count: int) -> datetime:
    """Count months on one's fingers: a month at a time, then as far into it as it goes."""
    year, month = day.year, day.month
    for _ in range(count):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    leap = (year % 4 == 0 and year % 100 != 0) or year % 400 == 0
    days = {2: 29 if leap else 28, 4: 30, 6: 30, 9: 30, 11: 30}.get(month, 31)
    return day.replace(year=year, month=month, day=min(day.day, days))


def furnished_at(store: Store, folder: Path, at: datetime) -> World:
    """Return the small house with its clock at *at*."""
    house = World(store, folder, clock=MovingClock(at))
    house.add_organization("northwind")
    house.add_account("alice", "northwind")
    house.grant("alice", "/Distribution/northwind")
    return house


def look(world: World, moment: datetime, path: str = FILE) -> bool:
    """Return whether a stranger to the server's insides finds *path* at *moment*: listed, told and opened alike."""
    world.clock.jump(seconds=(moment - world.clock.now()) / SECOND)
    alice = world.as_("alice")
    listed = p(path).name in names(alice, str(p(path).parent))
    try:
        told = alice.stat(p(path)).size == 1
        opened = get(alice, path) == b"x"
    except NotFound:
        told = opened = False
    assert listed is told is opened
    return listed


def around(world: World, moment: datetime, path: str = FILE) -> tuple[bool, bool, bool]:
    """Return whether *path* is there a second before *moment*, at it and a second after."""
    before, at, after = (look(world, moment + step * SECOND, path) for step in (-1, 0, 1))
    return before, at, after


@pytest.mark.fact("0.3")
@pytest.mark.fact("0.4")
@pytest.mark.parametrize("received", [(2026, 11, 22), (2027, 12, 31)], ids=str)
def test_a_report_is_there_for_ninety_days_and_no_second_longer(
    store: Store, tmp_path: Path, received: tuple[int, int, int]
):
    at = past_noon(*received)
    world = furnished_at(store, tmp_path, at)
    put(world.as_("alice"), FILE, b"x")
    assert around(world, at + timedelta(seconds=90 * 86_400)) == (True, False, False)


@pytest.mark.fact("3.11")
@pytest.mark.parametrize(("received", "gone"), EIGHTEEN.items(), ids=str)
def test_a_financial_report_is_there_for_eighteen_calendar_months_and_no_second_longer(
    store: Store, tmp_path: Path, received: tuple[int, int, int], gone: tuple[int, int, int]
):
    at, ends = past_noon(*received), past_noon(*gone)
    assert months_later(at, 18) == ends
    world = furnished_at(store, tmp_path, at)
    world.folders.set_retention(OPERATOR, p(HOME), FINANCIAL)
    put(world.as_("alice"), FILE, b"x")
    assert around(world, ends) == (True, False, False)


@pytest.mark.parametrize("received", EIGHTEEN, ids=str)
def test_what_becomes_financial_later_has_the_same_end_from_its_receipt(
    any_store: Store, tmp_path: Path, received: tuple[int, int, int]
):
    at = past_noon(*received)
    world = furnished_at(any_store, tmp_path, at)
    put(world.as_("alice"), FILE, b"x")
    world.clock.advance(days=89)
    world.folders.set_retention(OPERATOR, p(HOME), FINANCIAL)
    assert world.as_("alice").stat(p(FILE)).expires_at == months_later(at, 18)


def test_a_work_name_is_its_owners_for_a_day_and_no_second_longer(world: World):
    put(world.as_("alice"), f"{FILE}.part", b"x")
    assert around(world, world.clock.now() + timedelta(hours=24), f"{FILE}.part") == (True, False, False)


def own_class(world: World) -> None:
    """Let the settings know a class of the payer's own."""
    terms = RetentionTerms(classes={STANDARD: timedelta(days=90), FINANCIAL: Months(18), REMITS: Months(1)})
    parts = world.files.parts
    world.files = Files(parts.store, parts.blobs, parts.master, parts.trail, parts.clock, Rules(terms=terms), "n1")


def test_a_class_of_ones_own_goes_by_the_settings_and_below_until_a_folder_says_otherwise(world: World):
    own_class(world)
    received = world.clock.now()
    for folder in ("a", "a/b", "a/c"):
        world.operator.make_folder(p(f"{HOME}/{folder}"))
    world.folders.set_retention(OPERATOR, p(f"{HOME}/a"), REMITS)
    world.folders.set_retention(OPERATOR, p(f"{HOME}/a/c"), STANDARD)
    ends = {}
    for folder in ("", "a/", "a/b/", "a/c/"):
        put(world.operator, f"{HOME}/{folder}x", b"x")
        ends[folder] = world.operator.stat(p(f"{HOME}/{folder}x")).expires_at
    quarter, month = received + timedelta(days=90), datetime(2026, 12, 22, 9, 0, tzinfo=UTC)
    assert ends == {"": quarter, "a/": month, "a/b/": month, "a/c/": quarter}


def test_a_change_of_class_is_shown_before_it_is_made_and_touches_nothing(any_store: Store, tmp_path: Path):
    world = furnished(any_store, tmp_path)
    own_class(world)
    alice, first = world.as_("alice"), world.clock.now()
    for folder in ("a", "a/kept"):
        world.operator.make_folder(p(f"{HOME}/{folder}"))
    world.folders.set_retention(OPERATOR, p(f"{HOME}/a/kept"), FINANCIAL)
    for path, content in (("a/old", b"1"), ("a/held", b"22"), ("a/kept/1", b"333"), ("a/w.part", b"x")):
        put(alice, f"{HOME}/{path}", content)
    world.holds.put(OPERATOR, p(f"{HOME}/a/held"), "a lawsuit")
    world.clock.advance(days=40)
    put(alice, f"{HOME}/a/new", b"55555")
    before = [world.operator.stat(p(f"{HOME}/{path}")) for path in ("a/old", "a/new", "a/held", "a/kept/1")]

    shown = world.folders.plan_retention(p(f"{HOME}/a"), REMITS)
    assert (shown.was, shown.becomes) == (STANDARD, REMITS)
    new_end = months_later(first + timedelta(days=40), 1)
    assert shown.touched == Share(STANDARD, REMITS, 3, 8, gone=1, gone_bytes=1, earliest_end=new_end)
    assert shown.apart == (Share(FINANCIAL, FINANCIAL, 1, 3, 0, 0, months_later(first, 18)),)
    assert before == [world.operator.stat(p(f"{HOME}/{path}")) for path in ("a/old", "a/new", "a/held", "a/kept/1")]

    assert world.folders.set_retention(OPERATOR, p(f"{HOME}/a"), REMITS) == shown
    assert names(alice, f"{HOME}/a") == ["held", "kept", "new"]
    assert world.operator.stat(p(f"{HOME}/a/new")).expires_at == new_end
    assert world.operator.stat(p(f"{HOME}/a/kept/1")) == before[-1]
    assert search(world.store, Wanted(action="folder.changed"))[0].event.detail == {
        "retention": "remits",
        "was": "standard",
        "files": 3,
        "gone": 1,
        "gone_bytes": 1,
        "earliest_end": new_end.isoformat(),
    }


def test_what_has_gone_stays_gone_whatever_class_its_folder_becomes(world: World):
    put(world.as_("alice"), FILE, b"x")
    world.clock.advance(days=90)
    assert world.folders.set_retention(OPERATOR, p(HOME), FINANCIAL).touched.files == 0
    assert names(world.as_("alice"), HOME) == []


def test_inheriting_again_gives_back_the_term_of_the_folder_above(world: World):
    put(world.as_("alice"), FILE, b"x")
    received = world.clock.now()
    world.folders.set_retention(OPERATOR, p("/Distribution"), FINANCIAL)
    world.folders.set_retention(OPERATOR, p(HOME), STANDARD)
    assert world.operator.stat(p(FILE)).expires_at == received + timedelta(days=90)
    change = world.folders.set_retention(OPERATOR, p(HOME), None)
    assert (change.was, change.becomes) == (STANDARD, FINANCIAL)
    assert world.operator.stat(p(FILE)).expires_at == months_later(received, 18)


def test_a_file_brought_back_has_the_term_of_what_its_folder_became(world: World):
    put(world.as_("alice"), FILE, b"x")
    received = world.clock.now()
    world.as_("alice").remove(p(FILE))
    world.folders.set_retention(OPERATOR, p(HOME), FINANCIAL)
    world.history.undelete(OPERATOR, p(FILE))
    assert world.operator.stat(p(FILE)).expires_at == months_later(received, 18)


def test_a_class_that_the_settings_forgot_is_refused_and_can_be_mended(world: World):
    with world.store.write() as connection:
        step = catalog.resolve(connection, p(HOME)).step
        assert step is not None
        catalog.set_rules(connection, step.id, "forever", None)
    with pytest.raises(Unavailable, match="forever"):
        put(world.as_("alice"), FILE, b"x")
    assert world.folders.set_retention(OPERATOR, p(HOME), STANDARD).was == "forever"
    put(world.as_("alice"), FILE, b"x")


@pytest.mark.timeout(120)
def test_a_hundred_thousand_files_become_financial_while_a_client_waits(world: World):
    put(world.as_("alice"), FILE, b"x")
    with world.store.write() as connection:
        row = dict(connection.execute(version.select()).mappings().one())
        place = connection.execute(entry.select().where(entry.c.id == row["entry"])).mappings().one()
        numbers = range(1000, 101_000)
        connection.execute(insert(entry), [dict(place) | {"id": n, "name": f"f{n}"} for n in numbers])
        days = [timedelta(days=n % 80) for n in numbers]
        connection.execute(
            insert(version),
            [
                row | {"id": n, "entry": n, "blob": f"{n:032x}", "received_at": row["received_at"] - lapse}
                for n, lapse in zip(numbers, days, strict=True)
            ],
        )
    began = perf_counter()
    assert world.folders.set_retention(OPERATOR, p(HOME), FINANCIAL).touched.files == 100_001
    assert perf_counter() - began < 8  # Writers that stand in line give up after ten.
    ends = world.operator.stat(p(f"{HOME}/f1000")).expires_at
    assert ends == months_later(world.clock.now() - timedelta(days=1000 % 80), 18)
