"""Tombstones: what was where, when and why it went.  They outlive the bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, tuple_, update

from mft.model.file import Ending, Tombstone
from mft.model.ids import TombstoneId, VersionId
from mft.model.path import VirtualPath
from mft.store.prepared import Prepared
from mft.store.tables import tombstone
from mft.store.types import Instant

_COLUMNS: Final = (
    tombstone.c.id,
    tombstone.c.path,
    tombstone.c.size,
    tombstone.c.sha256,
    tombstone.c.creator,
    tombstone.c.received_at,
    tombstone.c.ended_at,
    tombstone.c.ending,
    tombstone.c.ended_by,
    tombstone.c.destroy_at,
    tombstone.c.destroyed_at,
    tombstone.c.version,
    tombstone.c.key_destroyed_at,
)


@dataclass(frozen=True, slots=True)
class Buried:
    """A tombstone and the version under it."""

    tombstone: Tombstone
    version: VersionId
    key_destroyed_at: datetime | None
    """From then on nobody can read the bytes, wherever they still are."""


def _buried(row: Sequence[Any]) -> Buried:
    number, path, size, sha256, creator, received_at, ended_at, ending, *rest = row
    names = tuple(filter(None, path.split("/")))
    *rest, version, key_destroyed_at = rest
    stone = Tombstone(number, VirtualPath(names), size, sha256, creator, received_at, ended_at, Ending(ending), *rest)
    return Buried(stone, version, key_destroyed_at)


_BURY: Final = Prepared(insert(tombstone))


def bury(connection: Connection, stones: Sequence[tuple[VersionId, Tombstone]]) -> None:
    """Set each of *stones*, of which there is at least one, over its version."""
    rows: list[dict[str, Any]] = [
        {
            "id": stone.id,
            "version": version,
            "path": str(stone.path),
            "folder": str(stone.path.parent),
            "size": stone.size,
            "sha256": stone.sha256,
            "creator": stone.creator,
            "received_at": stone.received_at,
            "ended_at": stone.ended_at,
            "ending": stone.ending.value,
            "ended_by": stone.ended_by,
            "destroy_at": stone.destroy_at,
            "destroyed_at": stone.destroyed_at,
            "key_destroyed_at": None,
        }
        for version, stone in stones
    ]
    if len(rows) == 1:
        _BURY.run(connection, **rows[0])
        return
    connection.execute(insert(tombstone), rows)


def unbury(connection: Connection, number: TombstoneId, now: datetime) -> bool:
    """Take the tombstone away if its version is still to be saved at *now*; return whether it was."""
    undestroyed = tombstone.c.destroyed_at.is_(None) & (tombstone.c.destroy_at > now)
    return connection.execute(delete(tombstone).where(tombstone.c.id == number, undestroyed)).rowcount == 1


def latest_at(connection: Connection, path: VirtualPath) -> Buried | None:
    """Return the youngest tombstone at *path*, or None."""
    here = select(*_COLUMNS).where(tombstone.c.path == str(path))
    row = connection.execute(here.order_by(tombstone.c.ended_at.desc(), tombstone.c.id.desc())).first()
    return None if row is None else _buried(row)


def in_folder(connection: Connection, folder: VirtualPath, limit: int) -> list[Tombstone]:
    """Return up to *limit* tombstones of files that were in *folder*, youngest first."""
    here = select(*_COLUMNS).where(tombstone.c.folder == str(folder))
    rows = connection.execute(here.order_by(tombstone.c.ended_at.desc(), tombstone.c.id.desc()).limit(limit))
    return [_buried(row).tombstone for row in rows]


@dataclass(frozen=True, slots=True)
class Cause:
    """Why files of a folder went: how many in one way, and when the last of them."""

    ending: Ending
    by: str
    files: int
    last_at: datetime


def causes_in(connection: Connection, folder: VirtualPath) -> list[Cause]:
    """Return why the files that were in *folder* went, the latest cause first."""
    last = func.max(tombstone.c.ended_at, type_=Instant)
    counted = select(tombstone.c.ending, tombstone.c.ended_by, func.count(), last)
    rows = connection.execute(
        counted.where(tombstone.c.folder == str(folder))
        .group_by(tombstone.c.ending, tombstone.c.ended_by)
        .order_by(last.desc(), tombstone.c.ended_by)
    )
    return [Cause(Ending(ending), by, files, at) for ending, by, files, at in rows]


def due(connection: Connection, now: datetime, limit: int, after: Buried | None = None) -> list[Buried]:
    """Return up to *limit* tombstones behind *after* under which all is to go by *now*, the longest due first."""
    overdue = _overdue(now)
    order = (tombstone.c.destroy_at, tombstone.c.id)
    if after is not None:
        overdue &= tuple_(*order) > (after.tombstone.destroy_at, after.tombstone.id)
    rows = connection.execute(select(*_COLUMNS).where(overdue).order_by(*order).limit(limit))
    return [_buried(row) for row in rows]


def due_among(connection: Connection, numbers: Sequence[TombstoneId], now: datetime) -> list[Buried]:
    """Return those of *numbers* whose version is to be destroyed by *now* and is not yet."""
    rows = connection.execute(select(*_COLUMNS).where(tombstone.c.id.in_(numbers), _overdue(now)))
    return [_buried(row) for row in rows]


def due_over(connection: Connection, versions: Sequence[VersionId], now: datetime) -> list[TombstoneId]:
    """Return the tombstones over *versions* whose version is to be destroyed by *now* and is not yet."""
    these = tombstone.c.version.in_(versions) & _overdue(now)
    return [TombstoneId(number) for number in connection.execute(select(tombstone.c.id).where(these)).scalars()]


def note_keys(connection: Connection, numbers: Sequence[TombstoneId], at: datetime) -> None:
    """Note that the keys went at *at*, where that was not noted before."""
    first = tombstone.c.id.in_(numbers) & tombstone.c.key_destroyed_at.is_(None)
    connection.execute(update(tombstone).where(first).values(key_destroyed_at=at))


def mark_destroyed(connection: Connection, numbers: Sequence[TombstoneId], at: datetime) -> list[Buried]:
    """Note that the bytes are gone; return those for which that was not noted before."""
    standing = tombstone.c.id.in_(numbers) & tombstone.c.destroyed_at.is_(None)
    marked = update(tombstone).where(standing).values(destroyed_at=at).returning(*_COLUMNS)
    return [_buried(row) for row in connection.execute(marked)]


def _overdue(now: datetime) -> ColumnElement[bool]:
    return tombstone.c.destroyed_at.is_(None) & (tombstone.c.destroy_at <= now)
