"""Which stored files' bytes were read back when, and which of them were found damaged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, func, select, update

from mft.model.file import SealedKey
from mft.model.ids import BlobId, EntryId, VersionId
from mft.store.tables import version

_COLUMNS: Final = (
    version.c.id,
    version.c.blob,
    version.c.wrapped_key,
    version.c.master,
    version.c.size,
    version.c.sha256,
)
_CURRENT: Final = version.c.entry.is_not(None)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is needed to read a current version back."""

    version: VersionId
    blob: BlobId
    key: SealedKey
    size: int
    sha256: bytes


def unchecked(
    connection: Connection, before: datetime, now: datetime, masters: Sequence[str], limit: int
) -> list[Kept]:
    """Return up to *limit* current versions to read back at *now*: those never read, then the longest ago.

    Left out is what was read after *before*, but not what a clock that went wrong read after *now*;
    and what is wrapped by none of *masters*.
    """
    mine = version.c.master.in_(masters)
    turns = (version.c.checked_at.is_(None), version.c.checked_at > now, version.c.checked_at <= before)
    found: list[Kept] = []
    for turn in turns:
        if len(found) < limit:
            asked = select(*_COLUMNS).where(_CURRENT, mine, turn).order_by(version.c.checked_at, version.c.id)
            found += [_kept(row) for row in connection.execute(asked.limit(limit - len(found)))]
    return found


def current(connection: Connection, number: VersionId) -> Kept | None:
    """Return what is needed to read the version back; None if it has ended."""
    row = connection.execute(select(*_COLUMNS).where(_CURRENT, version.c.id == number)).first()
    return None if row is None else _kept(row)


def blobs_after(connection: Connection, after: VersionId, limit: int) -> list[tuple[VersionId, BlobId]]:
    """Return up to *limit* current versions behind *after* and their blobs, in order."""
    asked = select(version.c.id, version.c.blob).where(_CURRENT, version.c.id > after).order_by(version.c.id)
    return [(VersionId(row.id), BlobId(row.blob)) for row in connection.execute(asked.limit(limit))]


def found_whole(connection: Connection, numbers: Sequence[VersionId], at: datetime) -> None:
    """Note that those of *numbers* that are current were whole at *at*."""
    whole = update(version).where(_CURRENT, version.c.id.in_(numbers))
    connection.execute(whole.values(checked_at=at, damaged_at=None))


def found_damaged(connection: Connection, number: VersionId, at: datetime) -> EntryId | None:
    """Note that the version was damaged at *at*; return its entry, or None if it has ended or that was known."""
    row = connection.execute(
        select(version.c.entry, version.c.damaged_at).where(_CURRENT, version.c.id == number)
    ).first()
    if row is None:
        return None
    noted = update(version).where(version.c.id == number)
    connection.execute(noted.values(checked_at=at, damaged_at=row.damaged_at or at))
    return EntryId(row.entry) if row.damaged_at is None else None


def damaged(connection: Connection) -> int:
    """Return how many current versions were found damaged and not whole since."""
    bad = select(func.count()).where(_CURRENT, version.c.damaged_at.is_not(None))
    return int(connection.execute(bad).scalar_one())


def _kept(row: Sequence[Any]) -> Kept:
    number, blob, wrapped, master, size, sha256 = row
    return Kept(number, blob, SealedKey(wrapped, master), size, sha256)
