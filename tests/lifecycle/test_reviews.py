"""Recertification: asked once a month, reminded once, refused when nobody answers, admitted when somebody does."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from mft.lifecycle.reviews import Opened
from mft.model.errors import Conflict, NotFound
from mft.model.event import Action
from mft.model.review import Answer
from mft.policy.signon import Admit, Reason, Refuse
from mft.store.engine import Store
from tests.support.gate import OLGA
from tests.support.passes import LEE, Calendar, over

NOTHING = Opened(0, 0)


@pytest.fixture
def calendar(any_store: Store) -> Iterator[Calendar]:
    """A calendar on 22 November 2026 with one organization that has an administrator, and two accounts."""
    made = over(any_store)
    made.gate.account("alice")
    made.gate.account("bob")
    made.name_administrator()
    yield made
    made.gate.offload.close()


def waiting(calendar: Calendar) -> list[str]:
    summary, _ = calendar.reviews.latest("northwind")
    return [item.account.name for item in summary.items if item.waits]


async def verdict(calendar: Calendar, name: str = "alice") -> object:
    return (await calendar.gate.enter(name)).verdict


def test_it_is_asked_once_a_month_whatever_the_number_of_runs(calendar: Calendar):
    assert calendar.reviews.open_due() == Opened(1, 0)
    assert calendar.reviews.open_due() == calendar.reviewing().open_due() == NOTHING
    words = {
        "organization": "Northwind Clinic",
        "month": "2026-11",
        "due_on": "2026-12-22 09:00 UTC",
        "accounts": ["alice", "bob"],
    }
    assert calendar.letters() == [("review-opened", LEE, words)]
    [event] = calendar.events(Action.REVIEW_OPENED)
    assert (event.subject, event.detail["month"], event.detail["accounts"]) == ("northwind", "2026-11", 2)


@pytest.mark.parametrize(("offset", "opened"), [(-1, 0), (0, 1), (1, 1)])
def test_the_next_opens_with_the_first_microsecond_of_the_month(calendar: Calendar, offset: int, opened: int):
    calendar.reviews.open_due()
    turn = datetime(2026, 12, 1, tzinfo=UTC)
    calendar.gate.clock.advance(seconds=(turn - calendar.gate.clock.now()).total_seconds(), microseconds=offset)
    assert calendar.reviews.open_due() == Opened(opened, 0)


def test_nobody_is_asked_where_there_is_no_administrator_or_no_account(calendar: Calendar):
    calendar.gate.organization("southwind")
    calendar.name_administrator("sam@southwind.example", "southwind")
    calendar.name_administrator(None)
    assert calendar.reviews.open_due() == NOTHING
    assert calendar.gate.current().recertify_by is None
    calendar.name_administrator()
    assert calendar.reviews.open_due() == Opened(1, 0)


@pytest.mark.parametrize(
    ("offset", "admitted"), [({"seconds": -1}, 1), ({"microseconds": -1}, 1), ({}, 0), ({"seconds": 1}, 0)], ids=str
)
async def test_who_is_not_answered_for_is_refused_from_the_day_on_though_nothing_ran(
    calendar: Calendar, offset: dict[str, float], admitted: int
):
    calendar.reviews.open_due()
    calendar.gate.clock.advance(days=30)
    calendar.gate.clock.advance(**offset)
    if admitted:
        assert isinstance(await verdict(calendar), Admit)
    else:
        assert await verdict(calendar) == Refuse(Reason.NOT_RECERTIFIED)


async def test_who_is_kept_in_time_never_notices(calendar: Calendar):
    calendar.reviews.open_due()
    calendar.reviews.keep(OLGA, "northwind", "alice")
    assert waiting(calendar) == ["bob"]
    calendar.gate.clock.advance(days=31)
    assert calendar.run().suspended == 1
    assert isinstance(await verdict(calendar), Admit)
    assert await verdict(calendar, "bob") == Refuse(Reason.NOT_RECERTIFIED)
    [event] = calendar.events(Action.REVIEW_ANSWERED)
    assert (event.subject, event.detail) == ("alice", {"organization": "northwind", "answer": "keep", "late": False})


async def test_a_late_keep_lifts_the_suspension_and_the_next_month_asks_again(calendar: Calendar):
    calendar.reviews.open_due()
    calendar.gate.clock.advance(days=45)
    calendar.run()
    calendar.reviews.open_due()
    assert await verdict(calendar) == Refuse(Reason.NOT_RECERTIFIED)
    calendar.reviews.keep(OLGA, "northwind", "alice")
    assert isinstance(await verdict(calendar), Admit)
    assert calendar.events(Action.REVIEW_ANSWERED)[0].detail["late"] is True
    assert {
        item.answer for one in calendar.reviews.listing() for item in one.items if item.account.name == "alice"
    } == {Answer.KEEP}
    calendar.gate.clock.advance(days=26)
    assert calendar.reviews.open_due().opened == 1
    assert calendar.gate.current().recertify_by == calendar.gate.clock.now() + timedelta(days=30)
    calendar.gate.clock.advance(days=30)
    assert await verdict(calendar) == Refuse(Reason.NOT_RECERTIFIED)
    assert calendar.run().suspended == 1  # Another end than the first, and noted anew.


async def test_a_second_review_gives_no_more_time(calendar: Calendar):
    calendar.reviews.open_due()
    first = calendar.gate.current().recertify_by
    calendar.gate.clock.advance(days=20)
    assert calendar.reviews.open_due().opened == 1
    assert calendar.gate.current().recertify_by == first


def test_everybody_is_kept_at_once(calendar: Calendar):
    calendar.reviews.open_due()
    assert calendar.reviews.keep_all(OLGA, "northwind") == ("alice", "bob")
    assert (waiting(calendar), calendar.reviews.keep_all(OLGA, "northwind")) == ([], ())


async def test_who_is_removed_is_purged(calendar: Calendar):
    calendar.reviews.open_due()
    calendar.reviews.remove(OLGA, "northwind", "alice")
    assert calendar.purged()
    assert calendar.gate.current().purged_why == "not recertified"
    assert await verdict(calendar) == Refuse(Reason.ACCOUNT_PURGED)
    [summary] = calendar.reviews.listing("northwind")
    assert [summary.count(one) for one in (Answer.REMOVE, Answer.KEEP, None)] == [1, 0, 1]


def test_who_came_after_the_opening_is_not_asked_about(calendar: Calendar):
    calendar.reviews.open_due()
    calendar.gate.account("carl")
    assert waiting(calendar) == ["alice", "bob"]
    with pytest.raises(Conflict, match="nobody asks about carl"):
        calendar.reviews.keep(OLGA, "northwind", "carl")
    calendar.gate.clock.advance(days=10)
    calendar.reviews.open_due()
    assert waiting(calendar) == ["alice", "bob", "carl"]


async def test_an_administrator_who_went_leaves_nobody_suspended_for_ever(calendar: Calendar):
    calendar.reviews.open_due()
    calendar.name_administrator(None)
    calendar.gate.clock.advance(days=30)
    assert await verdict(calendar) == Refuse(Reason.NOT_RECERTIFIED)
    calendar.reviews.keep(OLGA, "northwind", "alice")
    assert isinstance(await verdict(calendar), Admit)


def test_a_purged_account_waits_for_no_answer(calendar: Calendar):
    calendar.reviews.open_due()
    calendar.purging.purge(OLGA, "alice", "left")
    assert waiting(calendar) == ["bob"]
    with pytest.raises(Conflict):
        calendar.reviews.keep(OLGA, "northwind", "alice")
    calendar.gate.clock.advance(days=30)
    assert calendar.run().suspended == 1


@pytest.mark.parametrize(("offset", "reminded"), [(-1, 0), (0, 1), (1, 1)])
def test_the_administrator_is_reminded_once_a_week_before_of_those_who_wait(
    calendar: Calendar, offset: int, reminded: int
):
    calendar.reviews.open_due()
    calendar.reviews.keep(OLGA, "northwind", "alice")
    calendar.gate.clock.advance(days=23, microseconds=offset)
    assert calendar.reviews.open_due().reminded == reminded
    assert calendar.reviews.open_due().reminded == 0
    words = [words["accounts"] for _, _, words in calendar.letters("review-reminder")]
    assert words == [["bob"]] * reminded


def test_nobody_is_reminded_where_all_is_answered_or_all_is_over(calendar: Calendar):
    calendar.reviews.open_due()
    calendar.gate.clock.advance(days=31)
    assert calendar.reviews.open_due().reminded == 0
    calendar.reviews.keep_all(OLGA, "northwind")
    calendar.gate.clock.advance(days=20)
    assert calendar.reviews.open_due().reminded == 0
    assert calendar.letters("review-reminder") == []


def test_an_account_of_another_organization_is_not_found(calendar: Calendar):
    other = calendar.gate.organization("southwind")
    calendar.gate.account("sven", organization=other.id)
    calendar.reviews.open_due()
    for answer in (calendar.reviews.keep, calendar.reviews.remove):
        for organization, account in (("northwind", "sven"), ("southwind", "alice"), ("nowhere", "alice")):
            with pytest.raises(NotFound):
                answer(OLGA, organization, account)
    with pytest.raises(NotFound, match="was not reviewed yet"):
        calendar.reviews.latest("southwind")


def test_a_clock_in_doubt_asks_nobody(calendar: Calendar):
    calendar.run()
    calendar.gate.clock.jump(days=40)
    calendar.run()
    assert calendar.reviews.open_due() == NOTHING


def test_a_line_holds_what_an_administrator_has_to_know(calendar: Calendar):
    calendar.reviews.open_due()
    _, lines = calendar.reviews.latest("northwind")
    assert [str(entry.addresses) for entry in lines[0].addresses] == ["8.8.8.8"]
    assert lines[0].item.account.email == "alice@example.org"
