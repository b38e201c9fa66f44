"""What will happen to the files, uploads and buried versions of a folder, one by one or counted by day and folder."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from mft.lifecycle.expected import Expected
from mft.model.errors import NotFound
from mft.model.path import VirtualPath
from mft.policy.file_outlook import (
    FileFacts,
    FileTransition,
    buried_transition,
    file_transitions,
    upload_transition,
)
from mft.policy.retention import RetentionTerms, class_of
from mft.store import catalog, terms, tombstones, uploads
from mft.store.engine import Connection
from mft.store.terms import Ruled

_PAGE: Final = 1000
_ALL: Final = 1 << 31
"""More uploads than there can be."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that will happen to one file."""

    folder: VirtualPath
    name: str
    size: int
    transition: FileTransition


def happenings(
    connection: Connection, folder: VirtualPath, rules: RetentionTerms, now: datetime, until: datetime
) -> Iterator[Happening]:
    """Yield what will happen in *folder* and below to *until*, in no order.  Raises NotFound."""
    found = catalog.resolve(connection, folder)
    if found.step is None:
        raise NotFound(f"there is no folder {folder}")
    said = class_of(step.retention_class for step in (*found.way, found.step))
    places = terms.folders(connection, found.step.id, folder, said)
    yield from _uploads(connection, places, rules, now, until)
    yield from _buried(connection, folder, now, until)
    for kept in terms.below(connection, found.step.id, None):
        place = places[kept.folder]
        facts = FileFacts(kept.received_at, kept.expires_at, kept.work, kept.hold, place.retention)
        for transition in file_transitions(facts, rules, now):
            if transition.at <= until:
                yield Happening(place.path, kept.name, kept.size, transition)


def by_file(found: Iterable[Happening]) -> list[Expected]:
    """Return each thing that will happen to each file."""
    return [_expected(one, VirtualPath((*one.folder.names, one.name))) for one in found]


def by_day(found: Iterable[Happening]) -> list[Expected]:
    """Return what will happen, counted by day, folder, kind and rule."""
    sums: dict[tuple[date, VirtualPath, str, str], Expected] = {}
    for one in found:
        transition = one.transition
        key = transition.at.date(), one.folder, transition.what, transition.rule
        before = sums.get(key)
        sums[key] = _expected(one, one.folder) if before is None else _added(before, one)
    return list(sums.values())


def _expected(one: Happening, subject: VirtualPath) -> Expected:
    transition = one.transition
    return Expected(transition.at, transition.what, str(subject), transition.rule, 1, one.size)


def _added(before: Expected, one: Happening) -> Expected:
    first = min(before.at, one.transition.at)
    return replace(before, at=first, count=before.count + 1, bytes=before.bytes + one.size)


def _uploads(
    connection: Connection, places: dict[int, Ruled], rules: RetentionTerms, now: datetime, until: datetime
) -> Iterator[Happening]:
    for row in uploads.stale(connection, until - rules.unfinished, _ALL):
        place = places.get(row.parent)
        if place is not None:
            yield Happening(place.path, row.name, row.size, upload_transition(row.touched_at, rules, now))


def _buried(connection: Connection, folder: VirtualPath, now: datetime, until: datetime) -> Iterator[Happening]:
    page = tombstones.due(connection, until, _PAGE)
    while page:
        for stone in (one.tombstone for one in page):
            if stone.path.parent.within(folder):
                transition = buried_transition(stone.destroy_at, now)
                yield Happening(stone.path.parent, stone.path.name, stone.size, transition)
        page = tombstones.due(connection, until, _PAGE, page[-1])
