"""How long files stay, decided at use."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mft.model.errors import Invalid, Unavailable
from mft.model.file import Hold
from mft.policy.retention import (
    FINANCIAL,
    STANDARD,
    Months,
    RetentionTerms,
    class_of,
    expiry,
    holds,
    leaves_at,
    present,
    resumable,
)

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
TICK = timedelta(microseconds=1)
TERMS = RetentionTerms()


@pytest.mark.fact("0.3")
def test_a_file_stays_ninety_days_to_the_microsecond():
    until = expiry(AT, STANDARD, TERMS)
    assert until == AT + timedelta(days=90)
    assert present(until, None, until - TICK)
    assert not present(until, None, until)


@pytest.mark.fact("3.11")
def test_a_financial_report_stays_eighteen_months():
    assert expiry(AT, FINANCIAL, TERMS) == datetime(2028, 5, 22, 9, 0, tzinfo=UTC)


def test_a_work_name_stays_a_day():
    assert expiry(AT, FINANCIAL, TERMS, work=True) == AT + timedelta(hours=24)


def test_a_hold_outlasts_every_term():
    assert present(AT, Hold("claim 4711", "olga", AT), AT + timedelta(days=10_000))


MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2400, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  (UTC is added)
COUNTS = st.integers(1, 1200)


def ordinal(moment: datetime) -> int:
    """Return which month of all *moment* is in."""
    return moment.year * 12 + moment.month


@pytest.mark.fact("3.11")
@given(moment=MOMENTS, count=COUNTS)
def test_months_end_in_the_month_they_say_on_the_same_day_or_on_its_last(moment: datetime, count: int):
    ends = Months(count).after(moment)
    assert ordinal(ends) == ordinal(moment) + count
    assert ends.timetz() == moment.timetz()
    last = (ends + timedelta(days=1)).month != ends.month
    assert ends.day == moment.day or (last and ends.day < moment.day)


@given(first=MOMENTS, second=MOMENTS, count=COUNTS)
def test_who_came_first_never_stays_longer(first: datetime, second: datetime, count: int):
    first, second = sorted((first, second))
    # Within a day two may swap: 30 August 09:00 and 31 August 08:00 both end on the last of February.
    assert Months(count).after(first).date() <= Months(count).after(second).date()


@given(moment=MOMENTS, count=st.integers(1, 100))
def test_twelve_months_are_a_year_but_for_a_leap_day(moment: datetime, count: int):
    ends = Months(12 * count).after(moment)
    assert ends.year == moment.year + count
    assert (ends.month, ends.day) == (moment.month, moment.day) or (moment.month, moment.day) == (2, 29)


@pytest.mark.parametrize(
    ("term_days", "hold_days", "leaves"), [(90, None, None), (90, 10, 90), (90, 90, 90), (90, 200, 200)]
)
def test_a_file_leaves_when_term_and_hold_are_both_over(term_days: int, hold_days: int | None, leaves: int | None):
    until = None if hold_days is None else AT + timedelta(days=hold_days)
    hold, ends = Hold("claim 4711", "olga", AT, until), AT + timedelta(days=term_days)
    gone = leaves_at(ends, hold)
    assert gone == (None if leaves is None else AT + timedelta(days=leaves))
    for moment in (AT + timedelta(days=day, microseconds=tick) for day in (10, 90, 200) for tick in (-1, 0, 1)):
        assert present(ends, hold, moment) == (gone is None or moment < gone)
        assert holds(hold, moment) == (until is None or moment < until)


def test_the_nearest_folder_that_says_so_decides_the_class():
    assert class_of([None, "financial", None]) == FINANCIAL
    assert class_of(["financial", "standard", None]) == STANDARD
    assert class_of([None, None]) == STANDARD


def test_a_class_that_is_not_known_is_refused():
    assert TERMS.named("financial") == FINANCIAL
    with pytest.raises(Invalid, match="standard, financial"):
        TERMS.named("forever")
    with pytest.raises(Unavailable, match="forever"):
        TERMS.of(class_of(["forever"]))


def test_an_upload_that_broke_off_is_kept_a_day():
    assert resumable(AT, TERMS, AT + timedelta(hours=24) - TICK)
    assert not resumable(AT, TERMS, AT + timedelta(hours=24))
