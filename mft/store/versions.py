"""Committed versions of files: the rows that say what is whole and durable."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    func,
    insert,
    select,
    update,
)

from mft.model.file import Hold, SealedKey, StoredFile
from mft.model.ids import BlobId, EntryId, OrganizationId, VersionId
from mft.store.prepared import Prepared, new_values
from mft.store.tables import tombstone, version

SHOWN: Final = (
    version.c.size,
    version.c.sha256,
    version.c.creator,
    version.c.created_at,
    version.c.received_at,
    version.c.received_from,
    version.c.expires_at,
    version.c.client_mtime,
    version.c.downloads,
    version.c.hold,
    version.c.hold_by,
    version.c.hold_at,
    version.c.hold_until,
)
"""What a listing shows of a version; ``mft.store.children.Child`` ends with these, in this order."""

COLUMNS: Final = (version.c.id, version.c.blob, version.c.wrapped_key, version.c.master, *SHOWN)
"""What ``stored_file`` reads, in its order."""


def stored_file(row: Sequence[Any]) -> StoredFile | None:
    """Return the version in *row*, or None where an outer join found none."""
    number, blob, wrapped, master, *rest, why, by, at, until = row
    if number is None:
        return None
    return StoredFile(number, blob, SealedKey(wrapped, master), *(*rest, hold_of(why, by, at, until)))


def hold_of(why: str | None, by: str | None, at: datetime | None, until: datetime | None) -> Hold | None:
    """Return the hold that these columns say, or None."""
    return None if why is None or at is None else Hold(why, by or "", at, until)


def held(now: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Return the condition that a hold keeps a version at *now*."""
    return version.c.hold.is_not(None) & (version.c.hold_until.is_(None) | (version.c.hold_until > now))


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What a commit adds."""

    blob: BlobId
    key: SealedKey
    size: int
    sha256: bytes
    creator: str
    at: datetime
    received_from: str
    expires_at: datetime
    client_mtime: int | None


_BROUGHT: Final = (
    version.c.entry,
    version.c.organization,
    version.c.blob,
    version.c.wrapped_key,
    version.c.master,
    version.c.size,
    version.c.sha256,
    version.c.creator,
    version.c.created_at,
    version.c.received_at,
    version.c.received_from,
    version.c.expires_at,
    version.c.client_mtime,
)
_ADD: Final = Prepared(insert(version).values(new_values(_BROUGHT)).returning(version.c.id))


def add_version(connection: Connection, place: EntryId, owner: OrganizationId | None, new: NewVersion) -> VersionId:
    """Make *new* the current version of the entry *place*, which has none."""
    row = _ADD.first(
        connection,
        new_entry=place,
        new_organization=owner,
        new_blob=new.blob,
        new_wrapped_key=new.key.wrapped,
        new_master=new.key.master,
        new_size=new.size,
        new_sha256=new.sha256,
        new_creator=new.creator,
        new_created_at=new.at,
        new_received_at=new.at,
        new_received_from=new.received_from,
        new_expires_at=new.expires_at,
        new_client_mtime=new.client_mtime,
    )
    assert row is not None  # noqa: S101  (one row was inserted)
    return VersionId(row[0])


def undoable_bytes(connection: Connection, owner: OrganizationId, now: datetime) -> int:
    """Return how many bytes of *owner*'s ended versions are kept at *now* so that they can be brought back."""
    ended = version.join(tombstone, tombstone.c.version == version.c.id)
    undoable = tombstone.c.destroyed_at.is_(None) & (tombstone.c.destroy_at > now)
    theirs = (version.c.organization == owner) & undoable
    total = select(func.coalesce(func.sum(version.c.size), 0)).select_from(ended).where(theirs)
    return int(connection.execute(total).scalar_one())


def _ended(which: ColumnElement[bool]) -> Any:
    return update(version).where(which, version.c.entry.is_not(None)).values(entry=None).returning(version.c.id)


_END_ONE: Final = Prepared(_ended(version.c.id == bindparam("which")))


def end_versions(connection: Connection, numbers: Sequence[VersionId]) -> set[VersionId]:
    """Take the versions out of the tree; return those that still were in it."""
    if len(numbers) == 1:
        return {VersionId(row[0]) for row in _END_ONE.rows(connection, which=numbers[0])}
    return {VersionId(number) for number in connection.execute(_ended(version.c.id.in_(numbers))).scalars()}


def revive_version(connection: Connection, number: VersionId, place: EntryId) -> None:
    """Make the version current again, at the entry *place*."""
    connection.execute(update(version).where(version.c.id == number).values(entry=place))


def find_version(connection: Connection, number: VersionId) -> tuple[StoredFile, OrganizationId | None] | None:
    """Return the version and whose quota it counted against, whether or not it is current."""
    row = connection.execute(select(*COLUMNS, version.c.organization).where(version.c.id == number)).first()
    file = None if row is None or row.wrapped_key is None else stored_file(row[:-1])
    return None if file is None or row is None else (file, row.organization)


_RECEIVE: Final = Prepared(
    update(version)
    .where(version.c.id == bindparam("which"))
    .values(new_values((version.c.received_at, version.c.expires_at)))
)
_SET_EXPIRY: Final = Prepared(
    update(version).where(version.c.id == bindparam("which")).values(new_values((version.c.expires_at,)))
)


def receive_version(connection: Connection, number: VersionId, at: datetime, expires_at: datetime) -> None:
    """Let the version's receipt be *at*: it left its work name."""
    _RECEIVE.run(connection, which=number, new_received_at=at, new_expires_at=expires_at)


def set_expiry(connection: Connection, number: VersionId, expires_at: datetime) -> None:
    """Let the version end at *expires_at*: it moved to a folder of another class."""
    _SET_EXPIRY.run(connection, which=number, new_expires_at=expires_at)


def set_mtime(connection: Connection, number: VersionId, seconds: int) -> None:
    """Keep the client's claim; no rule reads it."""
    connection.execute(update(version).where(version.c.id == number).values(client_mtime=seconds))


def destroy_keys(connection: Connection, numbers: Sequence[VersionId]) -> dict[VersionId, BlobId]:
    """Forget the keys of those of *numbers* that have ended, for ever, and return their blobs; a current one stays."""
    ended = version.c.id.in_(numbers) & version.c.entry.is_(None)
    forgotten = update(version).where(ended).values(wrapped_key=None).returning(version.c.id, version.c.blob)
    return {VersionId(number): BlobId(blob) for number, blob in connection.execute(forgotten)}


def created(connection: Connection, numbers: Sequence[VersionId]) -> dict[VersionId, datetime]:
    """Return since when there is a key of each of *numbers*."""
    rows = connection.execute(select(version.c.id, version.c.created_at).where(version.c.id.in_(numbers)))
    return {VersionId(number): at for number, at in rows}


def blobs_known(connection: Connection, blobs: Sequence[BlobId]) -> dict[BlobId, bool]:
    """Return those of *blobs* that a version names, each with whether its key still exists."""
    rows = connection.execute(
        select(version.c.blob, version.c.wrapped_key.is_not(None)).where(version.c.blob.in_(blobs))
    )
    return {BlobId(blob): bool(alive) for blob, alive in rows}


def living_blobs(connection: Connection, page: int = 500) -> Iterator[tuple[VersionId, BlobId]]:
    """Yield every version whose key exists, page by page."""
    last = 0
    while rows := connection.execute(
        select(version.c.id, version.c.blob)
        .where(version.c.id > last, version.c.wrapped_key.is_not(None))
        .order_by(version.c.id)
        .limit(page)
    ).all():
        last = rows[-1].id
        yield from ((VersionId(row.id), BlobId(row.blob)) for row in rows)


def keys_under_other_masters(
    connection: Connection, current: str, after: VersionId, limit: int
) -> list[tuple[VersionId, SealedKey]]:
    """Return up to *limit* living keys behind *after* that another generation than *current* wraps."""
    rows = connection.execute(
        select(version.c.id, version.c.wrapped_key, version.c.master)
        .where(version.c.id > after, version.c.wrapped_key.is_not(None), version.c.master != current)
        .order_by(version.c.id)
        .limit(limit)
    )
    return [(VersionId(row.id), SealedKey(row.wrapped_key, row.master)) for row in rows]


def set_key(connection: Connection, number: VersionId, old: SealedKey, new: SealedKey) -> bool:
    """Put *new* where *old* is; return False when it was destroyed or changed meanwhile."""
    changed = (
        update(version)
        .where(version.c.id == number, version.c.wrapped_key == old.wrapped)
        .values(wrapped_key=new.wrapped, master=new.master)
    )
    return connection.execute(changed).rowcount == 1
