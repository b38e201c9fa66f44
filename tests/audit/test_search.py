"""Readers of the trail find what they ask for, newest first."""

from datetime import timedelta
from ipaddress import IPv4Address

import pytest
from sqlalchemy import text

from mft.audit.search import Wanted, by_reference, ends, every_line, newest_at, news, search, tail
from mft.audit.trail import Trail
from mft.model.errors import Unavailable
from mft.model.event import Action, Event
from mft.model.ids import Reference
from mft.model.session import Actor, Door
from mft.store.engine import Store
from tests.support.trails import START, an_event, record

REFUSED = Event(
    Action.SIGNON_REFUSED,
    Actor(Door.SFTP, "bob", source=IPv4Address("8.8.8.8")),
    "bob",
    {"reason": "source_not_listed", "allowed": "1.1.1.1, 9.9.9.0/24"},
    Reference("AB12-CD34"),
)


@pytest.fixture
def told(any_store: Store) -> Store:
    record(
        any_store,
        an_event("alice"),
        REFUSED,
        an_event("/Distribution/northwind/a_b.csv", Action.FILE_DELETED),
        an_event("/Distribution/northwind-two/a.csv", Action.FILE_EXPIRED, note="Überweisung 100%"),
    )
    return any_store


@pytest.mark.parametrize(
    ("wanted", "subjects"),
    [
        (Wanted(), ["/Distribution/northwind-two/a.csv", "/Distribution/northwind/a_b.csv", "bob", "alice"]),
        (Wanted(action="file."), ["/Distribution/northwind-two/a.csv", "/Distribution/northwind/a_b.csv"]),
        (Wanted(action="file.deleted"), ["/Distribution/northwind/a_b.csv"]),
        (Wanted(action="file"), []),
        (Wanted(actor="bob"), ["bob"]),
        (Wanted(subject="alice"), ["alice"]),
        (Wanted(subject="/Distribution/northwind/"), ["/Distribution/northwind/a_b.csv"]),
        (Wanted(subject="/Distribution/northwind"), []),
        (Wanted(since=START + timedelta(seconds=3)), ["/Distribution/northwind-two/a.csv"]),
        (Wanted(until=START + timedelta(seconds=1)), ["alice"]),
        (Wanted(text="9.9.9.0/24"), ["bob"]),
        (Wanted(text="SOURCE_NOT"), ["bob"]),
        (Wanted(text="Überweisung 100%"), ["/Distribution/northwind-two/a.csv"]),
        (Wanted(text="100%x"), []),
        (Wanted(reference=Reference("AB12-CD34")), ["bob"]),
        (Wanted(actor="olga", action="file.", until=START + timedelta(seconds=3)), ["/Distribution/northwind/a_b.csv"]),
    ],
)
def test_a_reader_gets_what_was_asked_for_newest_first(told: Store, wanted: Wanted, subjects: list[str]) -> None:
    assert [found.event.subject for found in search(told, wanted)] == subjects


def test_no_more_is_given_than_was_asked_for(told: Store) -> None:
    assert [found.event.subject for found in search(told, Wanted(), 2)] == [
        "/Distribution/northwind-two/a.csv",
        "/Distribution/northwind/a_b.csv",
    ]


def test_a_reference_leads_to_the_whole_event(told: Store) -> None:
    found = by_reference(told, Reference("AB12-CD34"))
    assert found is not None
    assert found.event == REFUSED
    assert found.at == START + timedelta(seconds=1)
    assert by_reference(told, Reference("0000-0000")) is None


def test_the_tail_reads_like_a_log(told: Store) -> None:
    assert [found.number for found in tail(told, 3)] == [2, 3, 4]


def test_who_follows_the_trail_misses_nothing_and_sees_nothing_twice(told: Store) -> None:
    seen = ends(told)
    assert news(told, seen) == []
    record(told, an_event("five"), an_event("six"))
    assert [found.event.subject for found in news(told, seen)] == ["five", "six"]
    assert [found.number for found in news(told, {})] == [1, 5, 2, 6, 3, 4]  # By time, chain and number.


def test_every_line_comes_once_however_many_pages_they_fill(store: Store) -> None:
    trail = Trail("n1")
    with store.write() as connection:
        for _ in range(1_001):
            trail.record(connection, an_event(), START)
    assert [line.number for line in every_line(store, {"main": 1_000})] == list(range(1, 1_001))
    assert [line.number for line in every_line(store, {"main": 1_001})] == list(range(1, 1_002))


def test_the_newest_moment_is_the_latest_not_the_last(any_store: Store) -> None:
    assert newest_at(any_store) is None
    record(any_store, an_event(), start=START + timedelta(days=1))
    record(any_store, an_event())
    assert newest_at(any_store) == START + timedelta(days=1)


def test_a_line_that_cannot_be_read_is_named_with_the_command_that_tells_more(told: Store) -> None:
    with told.write() as connection:
        connection.execute(text("UPDATE audit_event SET body = '{}' WHERE number = 2"))
    with pytest.raises(Unavailable, match=r"line 2 of chain .* mft audit verify"):
        search(told, Wanted())
