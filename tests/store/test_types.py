"""A moment is the same number on every database."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select, text
from sqlalchemy.dialects import sqlite

from mft.store.engine import Store
from mft.store.tables import audit_event, penalty
from mft.store.types import EPOCH, Instant

# Fixed offsets: Python calls an hour that a summer time repeats equal to neither of its two.
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.builds(
    lambda seconds, micros, zone: (EPOCH + timedelta(seconds=seconds, microseconds=micros)).astimezone(zone),
    st.integers(-60_000_000_000, 250_000_000_000),
    st.integers(0, 999_999),
    offsets,
)


@given(instants)
def test_a_moment_survives_to_the_microsecond_whatever_its_zone(at: datetime) -> None:
    kept = Instant().process_bind_param(at, sqlite.dialect())
    assert Instant().process_result_value(kept, sqlite.dialect()) == at


@given(instants, instants)
def test_later_moments_are_larger_numbers(one: datetime, other: datetime) -> None:
    numbers = [Instant().process_bind_param(at, sqlite.dialect()) for at in (one, other)]
    assert None not in numbers
    assert (numbers[0] < numbers[1]) == (one < other)  # type: ignore[operator]


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        Instant().process_bind_param(datetime(2026, 11, 22), sqlite.dialect())  # noqa: DTZ001  (the point)


def test_a_moment_is_kept_as_microseconds_and_compared_as_such(any_store: Store) -> None:
    at = datetime(2026, 11, 22, 4, 0, 0, 1, tzinfo=timezone(timedelta(hours=-5)))
    with any_store.write() as connection:
        connection.execute(insert(penalty).values(source=1, until=at, reason="", offences=0, since=EPOCH))
    with any_store.read() as connection:
        assert connection.execute(text("SELECT until FROM penalty")).scalar_one() == (at - EPOCH) // timedelta(
            microseconds=1
        )
        assert connection.execute(select(penalty.c.until).where(penalty.c.until > EPOCH)).scalar_one() == at
        assert connection.execute(select(penalty.c.until).where(penalty.c.until > at)).first() is None


def test_numbers_beyond_four_bytes_are_kept(any_store: Store) -> None:
    with any_store.write() as connection:
        connection.execute(
            insert(audit_event).values(
                node="n", number=2**40, at=EPOCH, action="", subject="", actor="", body="", previous=b"", digest=b""
            )
        )
    with any_store.read() as connection:
        assert connection.execute(select(audit_event.c.number)).scalar_one() == 2**40
