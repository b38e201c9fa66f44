"""The account pass: warnings once each, then the purge; a sign-on starts anew, and the breaker stops what is odd."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from mft.accounts.details import NewDetails
from mft.audit.trail import Trail
from mft.lifecycle.account_pass import AccountPass, Passed
from mft.model.account import AccountState, Purpose
from mft.model.event import Action, Event
from mft.model.ids import PlanId
from mft.policy.breaker import BreakerRules
from mft.policy.signon import Admit, Reason, Refuse, Terms
from mft.retention.breaker import Breaker
from mft.store import accounts, releases
from mft.store.engine import Connection, Store
from tests.support.gate import OLGA
from tests.support.passes import LEE, Calendar, over

pytestmark = pytest.mark.fact("0.15")

NOTHING = Passed(0, 0, 0)
WARNED = Passed(1, 0, 0)
OFFSETS = {"-1 s": {"seconds": -1}, "-1 us": {"microseconds": -1}, "0": {}, "+1 s": {"seconds": 1}}


@pytest.fixture
def calendar(store: Store) -> Iterator[Calendar]:
    made = over(store)
    yield made
    made.gate.offload.close()


@pytest.fixture
def any_calendar(any_store: Store) -> Iterator[Calendar]:
    made = over(any_store)
    yield made
    made.gate.offload.close()


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("days", [30, 14, 7, 1])
def test_each_warning_is_given_at_its_moment_and_not_before(calendar: Calendar, days: int, offset: str):
    calendar.gate.account()
    calendar.gate.clock.advance(days=120 - days, seconds=-60)
    calendar.run()
    before = len(calendar.letters())
    calendar.gate.clock.advance(seconds=60)
    calendar.gate.clock.advance(**OFFSETS[offset])
    assert calendar.run() == (NOTHING if offset.startswith("-") else WARNED)
    written = calendar.letters("account-dormant")[before:]
    assert [(to, words["days"]) for _, to, words in written] == (
        [] if offset.startswith("-") else [("alice@example.org", days)]
    )


def test_a_clock_that_comes_back_as_a_pass_begins_purges_nobody(calendar: Calendar, monkeypatch: pytest.MonkeyPatch):
    calendar.gate.account()
    calendar.run()
    calendar.gate.clock.jump(days=730)
    look = Breaker.look

    def look_at_the_right_clock(breaker: Breaker) -> None:
        calendar.gate.clock.jump(days=-730)
        look(breaker)

    monkeypatch.setattr(Breaker, "look", look_at_the_right_clock)
    assert calendar.run() == NOTHING
    assert not calendar.purged()


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize(
    ("changes", "lasts"),
    [({}, 120), ({"purpose": Purpose.UNATTENDED}, 45), ({"last_signon_at": None}, 120)],
    ids=["person", "unattended", "never signed on"],
)
async def test_the_purge_comes_with_the_end_of_the_term_and_not_before(
    store: Store, offset: str, changes: dict, lasts: int
):
    calendar = over(store, terms=Terms(dormant_after_unattended=timedelta(days=45)))
    calendar.gate.account(**changes)
    if changes != {"last_signon_at": None}:
        calendar.gate.clock.advance(days=10)
        assert isinstance((await calendar.gate.enter()).verdict, Admit)
    calendar.gate.clock.advance(days=lasts)
    calendar.gate.clock.advance(**OFFSETS[offset])
    assert (calendar.run().purged, calendar.purged()) == ((0, False) if offset.startswith("-") else (1, True))
    calendar.gate.offload.close()


def test_both_are_told_once_each_time_however_many_passes_and_processes_there_are(any_calendar: Calendar):
    calendar = any_calendar
    calendar.gate.account()
    calendar.name_administrator()
    others = [calendar.another_process() for _ in range(2)]
    for _ in range(120 * 2):
        calendar.gate.clock.advance(hours=12)
        for each in others:
            each.run()
    assert calendar.letters("account-dormant") == []  # Those that were not sent yet went with it.
    assert [one.detail["days"] for one in calendar.events(Action.ACCOUNT_WARNED)] == [30, 14, 7, 1]
    assert {one.detail["letters"] for one in calendar.events(Action.ACCOUNT_WARNED)} == {2}
    assert len(calendar.events(Action.ACCOUNT_PURGED)) == 1
    assert calendar.to("account-purged") == ["alice@example.org"]


def test_the_administrators_letter_names_the_account_and_the_day(calendar: Calendar):
    calendar.gate.account()
    calendar.name_administrator()
    calendar.gate.clock.advance(days=106)
    calendar.run()
    words = {"name": "alice", "organization": "Northwind Clinic", "days": 14, "ends_on": "2027-03-22 09:00 UTC"}
    assert calendar.letters("account-dormant-admin") == [("account-dormant-admin", LEE, words)]
    assert calendar.letters("account-dormant") == [("account-dormant", "alice@example.org", words)]


def test_passes_at_the_same_time_warn_once_and_purge_once(any_calendar: Calendar):
    calendar = any_calendar
    for number in range(12):
        calendar.gate.account(f"user-{number}", password=None, allow=None)
    passes = [calendar.another_process() for _ in range(8)]

    def all_at_once() -> list[Passed]:
        with ThreadPoolExecutor(len(passes)) as pool:
            return list(pool.map(AccountPass.run, passes))

    calendar.gate.clock.advance(days=119)
    assert sum(one.warned for one in all_at_once()) == 12
    assert len(calendar.events(Action.ACCOUNT_WARNED)) == len(calendar.letters("account-dormant")) == 12
    calendar.gate.clock.advance(days=1)
    assert sum(one.purged for one in all_at_once()) == 12
    assert len(calendar.events(Action.ACCOUNT_PURGED)) == len(calendar.letters("account-purged")) == 12


def test_after_an_outage_the_most_urgent_warning_is_given_with_the_days_that_are_left(calendar: Calendar):
    calendar.gate.account()
    calendar.gate.clock.advance(days=116, hours=5)
    assert calendar.run() == WARNED
    assert [words["days"] for *_, words in calendar.letters()] == [4]
    assert calendar.run() == NOTHING


async def test_a_sign_on_starts_the_warnings_anew(calendar: Calendar):
    calendar.gate.account()
    calendar.gate.clock.advance(days=119)
    assert calendar.run() == WARNED
    assert isinstance((await calendar.gate.enter()).verdict, Admit)
    assert calendar.run() == NOTHING
    calendar.gate.clock.advance(days=89)
    assert calendar.run() == NOTHING
    calendar.gate.clock.advance(days=1)
    assert calendar.run() == WARNED
    assert [one.detail["days"] for one in calendar.events(Action.ACCOUNT_WARNED)] == [1, 30]


def test_an_unattended_job_has_its_own_days_and_its_contact_is_told(store: Store):
    calendar = over(store, terms=Terms(dormant_after_unattended=timedelta(days=20)))
    calendar.gate.account("bot", purpose=Purpose.UNATTENDED, contact="batch@northwind.example")
    calendar.gate.clock.advance(days=5)
    assert calendar.run() == NOTHING  # Nobody is warned of an end before it is nearer than it ever was.
    calendar.gate.clock.advance(days=1)
    assert calendar.run() == WARNED
    calendar.gate.clock.advance(days=14)
    assert calendar.run() == Passed(0, 0, 1)
    assert calendar.to("account-purged") == ["batch@northwind.example"]
    calendar.gate.offload.close()


async def test_from_120_days_on_a_sign_on_is_refused_though_no_pass_came_by(calendar: Calendar):
    calendar.gate.account()
    calendar.gate.clock.advance(days=120)
    assert (await calendar.gate.enter()).verdict == Refuse(Reason.ACCOUNT_DORMANT)
    assert not calendar.purged()
    assert calendar.run().purged == 1
    assert (await calendar.gate.enter()).verdict == Refuse(Reason.ACCOUNT_PURGED)


def test_an_operators_edit_counts_as_no_use(calendar: Calendar):
    calendar.gate.account()
    calendar.gate.clock.advance(days=119, hours=23)
    calendar.details.change(OLGA, "alice", NewDetails(person="Alice Ng", phone="612-555-0100"))
    calendar.gate.unlock("alice")
    calendar.gate.move("alice", AccountState.ACTIVE, AccountState.DISABLED)
    calendar.gate.move("alice", AccountState.DISABLED, AccountState.ACTIVE)
    calendar.gate.clock.advance(hours=1)
    assert calendar.run().purged == 1


def test_too_many_at_once_are_left_and_an_alarm_stands_until_a_plan_releases_them(store: Store):
    calendar = over(store, rules=BreakerRules(accounts=3))
    victims = [calendar.gate.account(f"user-{number}", password=None).id for number in range(5)]
    calendar.gate.clock.advance(days=120)
    assert calendar.run().purged == 0
    assert [one.subject for one in calendar.events(Action.RETENTION_HALTED)] == ["accounts"]
    moment = calendar.gate.clock.now()
    with store.write() as connection:
        plan = [(releases.ACCOUNT, one) for one in victims[:4]]
        releases.add(connection, PlanId("plan"), moment, plan, by="olga", at=moment)
    assert calendar.run().purged == 5  # Four by the plan; one that is left is no crowd.
    assert len(calendar.events(Action.RETENTION_RESUMED)) == 1
    with store.read() as connection:
        assert releases.open_victims(connection, "account", 9) == []


async def test_a_released_account_that_somebody_used_since_stays(store: Store):
    calendar = over(store, rules=BreakerRules(accounts=1))
    kept = calendar.gate.account().id
    calendar.gate.clock.advance(days=119)
    assert isinstance((await calendar.gate.enter()).verdict, Admit)
    moment = calendar.gate.clock.now() + timedelta(days=200)  # A plan that was made by a wrong clock.
    with store.write() as connection:
        releases.add(connection, PlanId("plan"), moment, [("account", kept)], by="olga", at=moment)
    assert calendar.run().purged == 0
    assert not calendar.purged()
    with store.read() as connection:
        assert releases.open_victims(connection, "account", 9) == []
    calendar.gate.offload.close()


@pytest.mark.parametrize("jump", [{"days": 400}, {"days": 110}, {"days": -3}], ids=["ahead", "into warnings", "back"])
def test_a_clock_that_jumped_purges_nobody_and_tells_nobody(calendar: Calendar, jump: dict[str, float]):
    calendar.gate.account()
    calendar.gate.clock.advance(days=1)
    assert calendar.run() == NOTHING
    calendar.gate.clock.jump(**jump)
    assert calendar.run() == NOTHING
    assert calendar.another_process().run() == NOTHING
    assert calendar.letters() == []
    calendar.gate.clock.jump(**{unit: -by for unit, by in jump.items()})
    calendar.gate.clock.advance(days=89)
    assert calendar.run() == WARNED


class Killed(BaseException):
    """The process is no more."""


@pytest.mark.parametrize("lived", range(7))
def test_a_pass_that_was_killed_is_taken_up_where_it_ended(
    calendar: Calendar, monkeypatch: pytest.MonkeyPatch, lived: int
):
    """Die at each act in turn: three warnings, then three purges, each in a transaction of its own."""
    monkeypatch.setattr("mft.lifecycle.account_pass._PAGE", 1)
    for number in range(3):
        calendar.gate.account(f"user-{number}", password=None, allow=None)
    acts = iter(range(lived))
    record = Trail.record

    def dies(trail: Trail, connection: Connection, event: Event, at: datetime) -> None:
        record(trail, connection, event, at)
        if next(acts, None) is None:
            raise Killed

    with monkeypatch.context() as patched, suppress(Killed):
        patched.setattr(Trail, "record", dies)
        calendar.gate.clock.advance(days=119)
        calendar.run()
        calendar.gate.clock.advance(days=1)
        calendar.run()
    calendar.gate.clock.advance(days=1)
    calendar.another_process().run()
    assert sorted(one.subject for one in calendar.events(Action.ACCOUNT_PURGED)) == ["user-0", "user-1", "user-2"]
    assert len(calendar.letters("account-purged")) == 3
    assert len(calendar.events(Action.ACCOUNT_WARNED)) == min(lived, 3)


def test_who_was_not_answered_for_is_noted_once(calendar: Calendar):
    account = calendar.gate.account()
    calendar.name_administrator()
    since = calendar.gate.clock.now() + timedelta(days=30)
    with calendar.gate.store.write() as connection:
        accounts.suspend(connection, account.id, since)
    calendar.gate.clock.advance(days=30, microseconds=-1)
    assert calendar.run() == NOTHING
    calendar.gate.clock.advance(microseconds=1)
    assert calendar.run() == Passed(0, 1, 0)
    assert calendar.run() == calendar.another_process().run() == NOTHING
    assert calendar.to("account-suspended") == ["alice@example.org", LEE]
    [event] = calendar.events(Action.ACCOUNT_SUSPENDED)
    assert (event.subject, event.detail["since"]) == ("alice", since.isoformat())


def test_an_address_that_is_both_gets_one_letter(calendar: Calendar):
    calendar.gate.account()
    calendar.name_administrator("alice@example.org")
    calendar.gate.clock.advance(days=90)
    calendar.run()
    assert [template for template, *_ in calendar.letters()] == ["account-dormant"]


def test_what_a_purge_destroyed_is_not_in_the_databases_log_either(calendar: Calendar):
    calendar.gate.account(person="Alice Unmistakable")
    calendar.gate.clock.advance(days=120)
    assert calendar.run().purged == 1
    database = Path(str(calendar.gate.store.engine.url.database))
    held = database.read_bytes() + database.with_name(f"{database.name}-wal").read_bytes()
    assert b"Unmistakable" not in held
