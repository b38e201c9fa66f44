"""A prepared statement does what SQLAlchemy's own execution of it does, on both databases."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, bindparam, insert, select, text, update
from sqlalchemy.exc import CompileError, IntegrityError

from mft.model.errors import Unavailable
from mft.store.engine import Store
from mft.store.prepared import Prepared
from mft.store.tables import penalty
from tests.support.statements import counted
from tests.support.trails import START

PUT = Prepared(insert(penalty))
FIND = Prepared(select(penalty.c.source, penalty.c.until, penalty.c.reason).where(penalty.c.source == bindparam("who")))
NAMED = Prepared(select(penalty.c.source.label("owing"), penalty.c.until).where(penalty.c.source == bindparam("who")))
ALL = Prepared(select(penalty.c.source).where(penalty.c.until > bindparam("now")).order_by(penalty.c.source))
OLD = Prepared(select(penalty.c.source).where(penalty.c.since < START + timedelta(days=1)))
AGAIN = Prepared(update(penalty).where(penalty.c.source >= bindparam("least")).values(offences=penalty.c.offences + 1))


def put(connection: Connection, source: int, until: datetime = START) -> None:
    PUT.run(connection, source=source, until=until, reason="späť", since=START, offences=3)


def test_values_pass_the_types_of_their_columns_both_ways(any_store: Store) -> None:
    later = START + timedelta(microseconds=1)
    with any_store.write() as connection:
        put(connection, 1, later)
    with any_store.read() as connection:
        assert FIND.first(connection, who=1) == (1, later, "späť")
        assert connection.execute(select(penalty.c.until)).scalar() == later
        assert OLD.rows(connection) == [(1,)]


def test_rows_come_by_the_names_of_their_columns_too(any_store: Store) -> None:
    with any_store.write() as connection:
        put(connection, 1)
    with any_store.read() as connection:
        assert NAMED.named(connection, who=1) == [{"owing": 1, "until": START}]
        assert NAMED.named(connection, who=2) == []


def test_nothing_found_is_none_and_no_rows(any_store: Store) -> None:
    with any_store.read() as connection:
        assert FIND.first(connection, who=1) is None
        assert FIND.rows(connection, who=1) == []


def test_a_bind_that_is_compared_passes_its_columns_type_too(any_store: Store) -> None:
    with any_store.write() as connection:
        put(connection, 1, START)
        put(connection, 2, START + timedelta(seconds=1))
    with any_store.read() as connection:
        assert ALL.rows(connection, now=START) == [(2,)]


def test_it_tells_how_many_rows_it_touched(any_store: Store) -> None:
    with any_store.write() as connection:
        for source in range(3):
            put(connection, source)
        assert AGAIN.run(connection, least=1) == 2


def test_a_statement_that_fails_leaves_nothing_of_its_transaction(any_store: Store) -> None:
    with pytest.raises(IntegrityError), any_store.write() as connection:  # noqa: PT012  (the act)
        put(connection, 1)
        put(connection, 1)
    with any_store.read() as connection:
        assert FIND.first(connection, who=1) is None


def test_a_read_made_of_prepared_statements_sees_one_moment(any_store: Store) -> None:
    with any_store.read() as reader:
        assert FIND.first(reader, who=1) is None
        with any_store.write() as writer:
            put(writer, 1)
        assert FIND.first(reader, who=1) is None
    with any_store.read() as reader:
        assert FIND.first(reader, who=1) is not None


def test_a_database_that_fails_is_called_unavailable(any_store: Store) -> None:
    missing = Prepared(text("SELECT * FROM nowhere"))
    with pytest.raises(Exception, match="nowhere"), any_store.read() as connection:
        missing.rows(connection)
    if any_store.is_sqlite:
        with pytest.raises(Unavailable), any_store.read() as connection:
            missing.rows(connection)


def test_a_list_of_values_is_refused_when_the_statement_is_compiled(any_store: Store) -> None:
    several: Any = Prepared(select(penalty.c.source).where(penalty.c.source.in_([1, 2])))
    with pytest.raises(CompileError), any_store.read() as connection:
        several.rows(connection)


def test_an_error_of_the_database_does_not_show_what_was_bound(any_store: Store) -> None:
    with pytest.raises(IntegrityError) as caught, any_store.write() as connection:  # noqa: PT012  (the act)
        PUT.run(connection, source=1, until=START, reason="a secret", since=START, offences=3)
        PUT.run(connection, source=1, until=START, reason="a secret", since=START, offences=3)
    assert "a secret" not in str(caught.value)


def test_a_value_that_the_statement_brings_along_is_part_of_its_text(any_store: Store) -> None:
    fixed = Prepared(select(penalty.c.source).where(penalty.c.reason == "it's 5 %", penalty.c.until <= START).limit(1))
    with any_store.write() as connection:
        PUT.run(connection, source=1, until=START, reason="it's 5 %", since=START, offences=3)
        PUT.run(connection, source=2, until=START, reason="its", since=START, offences=3)
    with any_store.read() as connection, counted(any_store) as seen:
        assert fixed.rows(connection) == [(1,)]
    assert "'it''s 5 %" in seen[0]
