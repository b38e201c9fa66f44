"""What will become of a file, foretold by the rules that decide it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mft.model.file import Hold
from mft.policy.file_outlook import FileChange, FileFacts, end_rule, file_transitions, term_text
from mft.policy.retention import FINANCIAL, STANDARD, Months, RetentionClass, RetentionTerms, expiry

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
TERMS = RetentionTerms()
ENDS = AT + 90 * DAY
GONE = [(ENDS, FileChange.EXPIRES), (ENDS, FileChange.DESTROYED)]


def facts(**changes: Any) -> FileFacts:
    plain: dict[str, Any] = {"received_at": AT, "expires_at": ENDS, "work": False, "hold": None, "retention": STANDARD}
    return FileFacts(**plain | changes)


def future(now: datetime = AT, **changes: Any) -> list[tuple[datetime, FileChange]]:
    found = file_transitions(facts(**changes), TERMS, now)
    return sorted(((one.at, one.what) for one in found), key=lambda one: one[0])


@pytest.mark.parametrize(
    ("lapse", "named"), [(0, [83, 89]), (82.99, [83, 89]), (83, [89]), (88.99, [89]), (89, []), (89.99, [])]
)
def test_a_file_is_named_a_week_and_a_day_before_it_goes_unless_that_day_has_come(lapse: float, named: list[int]):
    expected = [(AT + day * DAY, FileChange.NAMED) for day in named]
    assert future(AT + lapse * DAY) == expected + GONE


def test_what_is_over_goes_with_the_next_sweep():
    now = AT + 91 * DAY
    assert future(now) == [(now, FileChange.EXPIRES), (now, FileChange.DESTROYED)]


def test_a_file_on_hold_without_an_end_has_no_future():
    assert future(hold=Hold("a lawsuit", "olga", AT)) == []


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (10, [(10, FileChange.HOLD_ENDS), (83, FileChange.NAMED), (89, FileChange.NAMED)]),
        (85, [(85, FileChange.HOLD_ENDS), (85, FileChange.NAMED), (89, FileChange.NAMED)]),
        (89, [(89, FileChange.HOLD_ENDS), (89, FileChange.NAMED)]),
    ],
)
def test_a_hold_within_the_term_ends_first_and_only_then_the_file_is_named(days: int, expected: list[Any]):
    hold = Hold("claim 4711", "olga", AT, AT + days * DAY)
    assert future(hold=hold) == [(AT + day * DAY, what) for day, what in expected] + GONE


def test_a_hold_beyond_the_term_takes_the_file_with_it_when_it_ends():
    until = AT + 200 * DAY
    changes = (FileChange.HOLD_ENDS, FileChange.EXPIRES, FileChange.DESTROYED)
    assert future(hold=Hold("claim 4711", "olga", AT, until)) == [(until, what) for what in changes]


def test_a_hold_whose_end_has_passed_is_none():
    assert future(AT + 20 * DAY, hold=Hold("claim 4711", "olga", AT, AT + 10 * DAY)) == future(AT + 20 * DAY)


def test_a_work_name_goes_after_a_day_and_nobody_is_told():
    ends = AT + DAY
    assert future(work=True, expires_at=ends) == [(ends, FileChange.EXPIRES), (ends, FileChange.DESTROYED)]


def test_each_end_names_its_rule():
    remits = RetentionClass("remits")
    terms = RetentionTerms(classes={**TERMS.classes, remits: timedelta(hours=36)})
    assert end_rule(facts(), terms) == "fact 0.3: retention.standard = 90 days from receipt"
    report = facts(retention=FINANCIAL, expires_at=expiry(AT, FINANCIAL, TERMS))
    assert end_rule(report, terms) == "fact 3.11: retention.financial = 18 months from receipt"
    own = facts(retention=remits, expires_at=AT + timedelta(hours=36))
    assert end_rule(own, terms) == "retention.own.remits = 36 hours from receipt"
    assert end_rule(facts(work=True), terms) == "terms.interrupted_upload = 1 days, for a work name that nobody renames"
    assert "as it was when" in end_rule(facts(expires_at=AT + 60 * DAY), terms)
    assert "as it was when" in end_rule(facts(retention=RetentionClass("forgotten")), terms)
    assert term_text(Months(18)) == "18 months"
