"""The 120 days as numbers: the end, the warnings before it, what is left."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mft.policy.dormancy import WARN_DAYS, days_left, warn_days, warning_due

END = datetime(2027, 3, 22, 9, 0, tzinfo=UTC)
TICK = timedelta(microseconds=1)

pytestmark = pytest.mark.fact("0.15")


@pytest.mark.parametrize("days", WARN_DAYS)
def test_a_warning_is_due_from_its_moment_on_until_it_is_given(days: int):
    moment = END - timedelta(days=days)
    earlier = [each for each in WARN_DAYS if each > days]
    assert warning_due(END, earlier, moment - TICK) is None
    assert warning_due(END, earlier, moment) == days
    assert warning_due(END, [*earlier, days], moment) is None


@pytest.mark.parametrize("late", [timedelta(), timedelta(seconds=1), timedelta(days=9)])
def test_nobody_is_warned_of_what_has_happened(late: timedelta):
    assert warning_due(END, (), END - TICK) == 1
    assert warning_due(END, (), END + late) is None


@given(st.sets(st.sampled_from(WARN_DAYS)), st.timedeltas(timedelta(days=-2), timedelta(days=40)))
def test_passes_at_any_moments_give_each_warning_at_most_once_and_never_a_lesser_after_a_greater(told, before):
    due = warning_due(END, told, END - before)
    if due is not None:
        assert all(due < each for each in told)
        assert timedelta() < before <= timedelta(days=due)


@pytest.mark.parametrize(
    ("term", "days"), [(120, (30, 14, 7, 1)), (30, (14, 7, 1)), (31, (30, 14, 7, 1)), (7, (1,)), (1, ())]
)
def test_a_term_is_warned_of_only_within_itself(term: int, days: tuple[int, ...]):
    assert warn_days(timedelta(days=term)) == days


def test_a_begun_day_counts_whole():
    assert [days_left(END, END - timedelta(days=7) + each) for each in (-TICK, timedelta(), TICK)] == [8, 7, 7]
    assert days_left(END, END - TICK) == 1
