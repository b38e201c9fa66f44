"""Events are chained in the transaction of the act they record."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import insert, select

from mft.audit.search import ends, every_line
from mft.audit.trail import Trail
from mft.policy.trail import GENESIS, digest
from mft.store.engine import Store
from mft.store.tables import audit_event, penalty
from tests.support.trails import START, an_event, record


def chain_of(store: Store, node: str) -> list[tuple[int, bytes, bytes, str]]:
    with store.read() as connection:
        rows = connection.execute(select(audit_event).where(audit_event.c.node == node).order_by(audit_event.c.number))
        return [(row.number, row.previous, row.digest, row.body) for row in rows]


def assert_whole(chain: list[tuple[int, bytes, bytes, str]], length: int) -> None:
    assert [number for number, *_ in chain] == list(range(1, length + 1))
    last = GENESIS
    for _, previous, own, body in chain:
        assert previous == last
        assert own == digest(previous, body)
        last = own


def test_the_chain_of_a_sqlite_database_is_one_whatever_the_node(store: Store) -> None:
    record(store, an_event(), node="n1")
    record(store, an_event(), node="n2")
    assert ends(store) == {"main": 2}
    assert_whole(chain_of(store, "main"), 2)


def test_on_postgresql_each_node_has_its_own_chain(postgres_store: Store) -> None:
    record(postgres_store, an_event(), an_event(), node="n1")
    record(postgres_store, an_event(), node="n2")
    assert ends(postgres_store) == {"n1": 2, "n2": 1}
    assert_whole(chain_of(postgres_store, "n1"), 2)
    assert_whole(chain_of(postgres_store, "n2"), 1)
    assert [(line.node, line.number) for line in every_line(postgres_store, ends(postgres_store))] == [
        ("n1", 1),
        ("n1", 2),
        ("n2", 1),
    ]


def test_an_act_that_fails_leaves_neither_itself_nor_its_event(any_store: Store) -> None:
    trail = Trail("n1")
    with pytest.raises(RuntimeError, match="the line was cut"), any_store.write() as connection:  # noqa: PT012  (the act)
        connection.execute(insert(penalty).values(source=1, until=START, reason="x", offences=1, since=START))
        trail.record(connection, an_event(), START)
        raise RuntimeError("the line was cut")
    with any_store.read() as connection:
        assert connection.execute(select(penalty)).first() is None
    assert ends(any_store) == {}


def test_fifty_events_from_each_of_four_threads_make_one_chain_without_a_gap(any_store: Store) -> None:
    def write_fifty(thread: int) -> None:
        for number in range(50):
            record(any_store, an_event(f"{thread}-{number}"))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write_fifty, range(4)))
    assert_whole(chain_of(any_store, "main" if any_store.is_sqlite else "n1"), 200)


def test_a_name_that_no_database_keeps_still_leaves_its_line(any_store: Store) -> None:
    record(any_store, an_event("a\0b\ud800"))
    (line,) = every_line(any_store, ends(any_store))
    assert line.subject == "a\\x00b\\ud800"
