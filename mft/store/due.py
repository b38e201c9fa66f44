"""Files whose term is over and that still stand in the tree: counted, and taken a page at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, func, literal, select, tuple_

from mft.model.file import Entry, EntryKind
from mft.model.ids import EntryId, VersionId
from mft.model.path import VirtualPath
from mft.policy.retention import RetentionClass, class_of
from mft.store import releases
from mft.store.catalog import whereabouts
from mft.store.tables import entry, version
from mft.store.types import Instant
from mft.store.versions import COLUMNS as VERSION_COLUMNS
from mft.store.versions import held, stored_file

_ENTRY: Final = (
    entry.c.parent,
    entry.c.name,
    entry.c.id,
    entry.c.organization,
    entry.c.created_at,
    entry.c.creator,
    entry.c.work_owner,
)
_JOINED: Final = version.join(entry, version.c.entry == entry.c.id)
_ORDER: Final = (version.c.expires_at, version.c.id)
_AT_A_TIME: Final = 500


@dataclass(frozen=True, slots=True)
class Doomed:
    """A file that a pass would remove, as a plan shows it."""

    id: VersionId
    path: VirtualPath
    retention: RetentionClass
    size: int
    received_at: datetime
    expires_at: datetime


def count(connection: Connection, moment: datetime, now: datetime) -> int:
    """Return how many files' terms are over at *moment* that nothing holds at *now* and no released plan names."""
    unreleased = version.c.id.not_in(releases.numbers())
    total = select(func.count()).select_from(version).where(_over(moment, now), unreleased)
    return int(connection.execute(total).scalar_one())


def count_there(connection: Connection) -> int:
    """Return how many files stand in the tree, those whose term is over among them.  Reads an index to its end."""
    total = select(func.count(version.c.entry)).where(version.c.entry.is_not(None))
    return int(connection.execute(total).scalar_one())


def page(
    connection: Connection, moment: datetime, now: datetime, limit: int, after: Entry | None = None
) -> list[Entry]:
    """Return up to *limit* files behind *after* whose terms are over at *moment* and that nothing holds at *now*.

    The longest over come first.
    """
    wanted = _over(moment, now)
    if after is not None and after.file is not None:
        wanted &= tuple_(*_ORDER) > (after.file.expires_at, after.file.id)
    return _entries(connection, wanted, limit)


def among(connection: Connection, numbers: Sequence[VersionId], now: datetime) -> list[Entry]:
    """Return those of the versions *numbers* that stand in the tree and that nothing holds at *now*."""
    return _entries(connection, version.c.id.in_(numbers) & ~held(literal(now, Instant)), len(numbers))


def victims(connection: Connection, moment: datetime) -> list[tuple[VersionId, int]]:
    """Return every file that a pass at *moment* would remove, by number, and its size."""
    rows = connection.execute(select(version.c.id, version.c.size).where(_over(moment, moment)).order_by(version.c.id))
    return [(VersionId(number), size) for number, size in rows]


def shown(connection: Connection, numbers: Sequence[VersionId]) -> Iterator[Doomed]:
    """Yield what a plan says of each of *numbers*, in this order as far as they stand in the tree."""
    columns = (version.c.size, version.c.received_at, version.c.expires_at)
    for first in range(0, len(numbers), _AT_A_TIME):
        these = version.c.id.in_(numbers[first : first + _AT_A_TIME])
        chosen = select(version.c.id, entry.c.parent, entry.c.name, *columns).select_from(_JOINED).where(these)
        rows = connection.execute(chosen.order_by(version.c.id)).all()
        places = whereabouts(connection, {row.parent for row in rows})
        for number, parent, name, *rest in rows:
            place = places[EntryId(parent)]
            yield Doomed(VersionId(number), place.path / name, class_of(place.classes), *rest)


def _over(moment: datetime, now: datetime) -> ColumnElement[bool]:
    return version.c.entry.is_not(None) & (version.c.expires_at <= moment) & ~held(literal(now, Instant))


def _entries(connection: Connection, wanted: ColumnElement[bool], limit: int) -> list[Entry]:
    chosen = select(*_ENTRY, *VERSION_COLUMNS).select_from(_JOINED).where(wanted).order_by(*_ORDER).limit(limit)
    rows = connection.execute(chosen).all()
    places = whereabouts(connection, {row[0] for row in rows})
    return [_entry(row, places[row[0]].path) for row in rows]


def _entry(row: Sequence[Any], folder: VirtualPath) -> Entry:
    _, name, number, organization, created_at, creator, work_owner = row[: len(_ENTRY)]
    file = stored_file(row[len(_ENTRY) :])
    return Entry(number, folder / name, EntryKind.FILE, organization, created_at, creator, file, work_owner)
