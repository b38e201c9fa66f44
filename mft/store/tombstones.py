"""Tombstones: what was where, when and why it went.  They outlive the bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, update

from mft.model.file import Ending, Tombstone
from mft.model.ids import TombstoneId, VersionId
from mft.model.path import VirtualPath
from mft.store.tables import tombstone

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
)


@dataclass(frozen=True, slots=True)
class Buried:
    """A tombstone and the version under it."""

    tombstone: Tombstone
    version: VersionId


def _buried(row: Sequence[Any]) -> Buried:
    number, path, size, sha256, creator, received_at, ended_at, ending, *rest = row
    names = tuple(filter(None, path.split("/")))
    *rest, version = rest
    stone = Tombstone(number, VirtualPath(names), size, sha256, creator, received_at, ended_at, Ending(ending), *rest)
    return Buried(stone, version)


def bury(connection: Connection, version: VersionId, stone: Tombstone) -> None:
    """Set *stone* over *version*."""
    connection.execute(
        insert(tombstone).values(
            id=stone.id,
            version=version,
            path=str(stone.path),
            folder=str(stone.path.parent),
            size=stone.size,
            sha256=stone.sha256,
            creator=stone.creator,
            received_at=stone.received_at,
            ended_at=stone.ended_at,
            ending=stone.ending,
            ended_by=stone.ended_by,
            destroy_at=stone.destroy_at,
            destroyed_at=stone.destroyed_at,
        )
    )


def unbury(connection: Connection, number: TombstoneId, now: datetime) -> bool:
    """Take the tombstone away if its version is still to be saved at *now*; return whether it was."""
    undestroyed = tombstone.c.destroyed_at.is_(None) & (tombstone.c.destroy_at > now)
    return connection.execute(delete(tombstone).where(tombstone.c.id == number, undestroyed)).rowcount == 1


def find(connection: Connection, number: TombstoneId) -> Buried | None:
    """Return the tombstone *number*, or None."""
    row = connection.execute(select(*_COLUMNS).where(tombstone.c.id == number)).first()
    return None if row is None else _buried(row)


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


def due(connection: Connection, now: datetime, limit: int) -> list[Buried]:
    """Return up to *limit* tombstones whose version is to be destroyed by *now*, the longest due first."""
    overdue = (tombstone.c.destroyed_at.is_(None)) & (tombstone.c.destroy_at <= now)
    rows = connection.execute(select(*_COLUMNS).where(overdue).order_by(tombstone.c.destroy_at).limit(limit))
    return [_buried(row) for row in rows]


def mark_destroyed(connection: Connection, number: TombstoneId, at: datetime) -> bool:
    """Note that the bytes are gone; return False when that was noted before."""
    standing = (tombstone.c.id == number) & tombstone.c.destroyed_at.is_(None)
    return connection.execute(update(tombstone).where(standing).values(destroyed_at=at)).rowcount == 1
