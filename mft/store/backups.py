"""Backups, as rows: each holds the wrapped keys of what was there, until an operator says that it was destroyed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from mft.model.ids import BackupId
from mft.store.tables import backup as table


@dataclass(frozen=True, slots=True)
class BackupRow:
    """One backup that was made, or begun."""

    id: BackupId
    made_at: datetime
    """When it was begun: no key that was destroyed before is in it."""
    copied_at: datetime | None
    """When its copy of the database was whole: no key that was made later is in it.  None: it was cut short."""
    made_by: str
    place: str
    """The file's path as it was written."""
    forgotten_at: datetime | None = None
    """When somebody said that it was destroyed."""
    forgotten_by: str | None = None

    def holds(self, made_at: datetime, destroyed_at: datetime) -> bool:
        """Return whether a key is in it that was there from *made_at* until *destroyed_at*, for all that is known."""
        return self.made_at <= destroyed_at and (self.copied_at is None or made_at <= self.copied_at)


def add(connection: Connection, made: BackupRow) -> None:
    """Keep *made*, before its first byte is written: from then on keys may be in it."""
    connection.execute(
        insert(table).values(id=made.id, made_at=made.made_at, copied_at=None, made_by=made.made_by, place=made.place)
    )


def note_copied(connection: Connection, number: BackupId, at: datetime) -> None:
    """Note that the copy of the database was whole at *at*."""
    connection.execute(update(table).where(table.c.id == number).values(copied_at=at))


def drop(connection: Connection, number: BackupId) -> None:
    """Forget a backup that was never finished and whose file is gone."""
    connection.execute(delete(table).where(table.c.id == number))


def listing(connection: Connection) -> list[BackupRow]:
    """Return every backup, the newest first."""
    rows = connection.execute(select(table).order_by(table.c.made_at.desc(), table.c.id))
    return [_backup(row) for row in rows]


def standing(connection: Connection, since: datetime, until: datetime) -> list[BackupRow]:
    """Return the backups that nobody said are destroyed and that may hold a key made by *until* and there at *since*.

    The newest first.
    """
    overlaps = (table.c.made_at <= until) & or_(table.c.copied_at.is_(None), table.c.copied_at >= since)
    wanted = select(table).where(table.c.forgotten_at.is_(None), overlaps)
    return [_backup(row) for row in connection.execute(wanted.order_by(table.c.made_at.desc(), table.c.id))]


def forget(connection: Connection, number: BackupId, by: str, at: datetime) -> BackupRow | None:
    """Note that *by* says the backup is destroyed; None if it is not known, or was forgotten already."""
    known = update(table).where(table.c.id == number, table.c.forgotten_at.is_(None))
    row = connection.execute(known.values(forgotten_at=at, forgotten_by=by).returning(*table.c)).first()
    return None if row is None else _backup(row)


def _backup(row: Row[Any]) -> BackupRow:
    return BackupRow(
        id=row.id,
        made_at=row.made_at,
        copied_at=row.copied_at,
        made_by=row.made_by,
        place=row.place,
        forgotten_at=row.forgotten_at,
        forgotten_by=row.forgotten_by,
    )
