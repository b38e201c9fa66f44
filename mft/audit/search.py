"""Read the trail: the newest lines, the lines somebody asks for, every line in order.  Never changes it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from mft.audit.lines import UNREADABLE
from mft.model.errors import Unavailable
from mft.model.event import AuditEvent
from mft.model.ids import Reference
from mft.policy.trail import event_in
from mft.store import events
from mft.store.engine import Connection, Store
from mft.store.events import Line, Wanted

__all__ = ["Wanted", "by_reference", "ends", "every_line", "newest_at", "news", "search", "tail"]

LIMIT: Final = 1000

_PAGE: Final = 500
"""Lines read in one transaction: a long one would keep SQLite from checkpointing."""


def search(store: Store, wanted: Wanted, limit: int = LIMIT) -> list[AuditEvent]:
    """Return the newest *limit* events that are *wanted*, newest first.  Raises Unavailable."""
    with store.read() as connection:
        found = events.find(connection, wanted, limit)
    return [_event(line) for line in found]


def tail(store: Store, count: int) -> list[AuditEvent]:
    """Return the newest *count* events of all chains, oldest first, as a log is read."""
    return search(store, Wanted(), count)[::-1]


def news(store: Store, seen: Mapping[str, int]) -> list[AuditEvent]:
    """Return what came after line ``seen[node]`` of each chain, at most a page each, oldest first."""
    with store.read() as connection:
        found = [
            line
            for node, last in _ends(connection).items()
            for line in events.page(connection, node, seen.get(node, 0), last, _PAGE)
        ]
    return [_event(line) for line in sorted(found, key=lambda line: (line.at, line.node, line.number))]


def by_reference(store: Store, reference: Reference) -> AuditEvent | None:
    """Return the event that the caller who was shown *reference* caused, or None."""
    found = search(store, Wanted(reference=reference), 1)
    return found[0] if found else None


def newest_at(store: Store) -> datetime | None:
    """Return the latest moment that any event bears, or None before the first."""
    with store.read() as connection:
        return events.newest_at(connection)


def ends(store: Store) -> dict[str, int]:
    """Return the number of the last line of each chain."""
    with store.read() as connection:
        return _ends(connection)


def every_line(store: Store, upto: Mapping[str, int]) -> Iterator[Line]:
    """Yield every line up to ``upto[node]``, chain by chain, in order.

    Each page is a read of its own: lines are only ever added, so that they fit together.
    """
    for node, last in upto.items():
        after = 0
        while True:
            with store.read() as connection:
                page = events.page(connection, node, after, last, _PAGE)
            yield from page
            if len(page) < _PAGE:
                break
            after = page[-1].number


def _ends(connection: Connection) -> dict[str, int]:
    found = {node: events.tail(connection, node) for node in events.nodes(connection)}
    return {node: end[0] for node, end in found.items() if end is not None}


def _event(line: Line) -> AuditEvent:
    try:
        node, number, at, event = event_in(line.body)
    except UNREADABLE as error:
        raise Unavailable(f"line {line.number} of chain {line.node} cannot be read; run mft audit verify") from error
    return AuditEvent(node, number, at, event, line.previous, line.digest)
