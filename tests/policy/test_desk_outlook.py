"""When recertifications will open, by the calendar in UTC."""

from datetime import UTC, datetime

import pytest

from mft.policy.desk_outlook import review_openings

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def first(year: int, month: int) -> datetime:
    return datetime(year, month, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (["2026-11"], [first(2026, 12), first(2027, 1), first(2027, 2)]),
        ([], [NOON, first(2026, 12), first(2027, 1), first(2027, 2)]),
        (["2026-10"], [NOON, first(2026, 12), first(2027, 1), first(2027, 2)]),
    ],
)
def test_a_review_opens_each_month_and_one_that_is_owed_at_once(asked: list[str], expected: list[datetime]):
    assert list(review_openings(asked, NOON, first(2027, 2))) == expected


def test_none_opens_behind_the_last_moment():
    assert list(review_openings(["2026-11"], NOON, datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC))) == []
