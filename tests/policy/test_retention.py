"""How long files stay, decided at use."""

from datetime import UTC, datetime, timedelta

import pytest

from mft.model.errors import Invalid, Unavailable
from mft.model.file import Hold
from mft.policy.retention import FINANCIAL, STANDARD, RetentionTerms, class_of, expiry, present, resumable

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
