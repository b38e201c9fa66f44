"""Many files at once, without a client for each: rows and sealed bytes as a commit leaves them."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from mft.blobs.local import LocalBlobs
from mft.model.file import EntryKind, SealedKey
from mft.model.ids import BlobId, VersionId, new_blob_id
from mft.model.path import VirtualPath
from mft.store import catalog, versions
from mft.store.engine import Store
from mft.store.tables import audit_event, tombstone, version
from mft.store.versions import NewVersion


def add_files(
    store: Store, blobs: LocalBlobs, folder: str, count: int, at: datetime, *, lasts: float = 90.0, prefix: str = "f"
) -> list[VersionId]:
    """Put *count* files into the catalog's *folder*, received at *at*, which stay for *lasts* days."""
    with store.write() as connection:
        step = catalog.resolve(connection, VirtualPath.parse(folder)).step
        assert step is not None
        return [_add(connection, blobs, step, f"{prefix}{number:05}", at, lasts) for number in range(count)]


def _add(
    connection: Connection, blobs: LocalBlobs, step: catalog.Step, name: str, at: datetime, lasts: float
) -> VersionId:
    place = catalog.add_entry(
        connection, step.id, name, EntryKind.FILE, owner=step.organization, at=at, creator="alice"
    )
    blob, content = new_blob_id(), secrets.token_bytes(32)
    (blobs.root / "blobs" / blob[:2] / blob).write_bytes(content)
    key = SealedKey(secrets.token_bytes(60), "k1")
    ends = at + timedelta(days=lasts)
    new = NewVersion(blob, key, len(content), secrets.token_bytes(32), "alice", at, "cli", ends, None)
    return versions.add_version(connection, place, step.organization, new)


def standing(store: Store) -> int:
    """Return how many files stand in the tree."""
    with store.read() as connection:
        return connection.execute(select(func.count(version.c.entry))).scalar_one()


def keys_left(store: Store) -> int:
    with store.read() as connection:
        return connection.execute(select(func.count(version.c.wrapped_key))).scalar_one()


def destroyed(store: Store) -> int:
    """Return how many tombstones say that nothing is left."""
    with store.read() as connection:
        return connection.execute(select(func.count(tombstone.c.destroyed_at))).scalar_one()


def tells(store: Store, action: str) -> list[str]:
    """Return the subjects of the trail's events of one action, in order."""
    with store.read() as connection:
        rows = connection.execute(audit_event.select().where(audit_event.c.action == action))
        return [row.subject for row in rows.mappings()]


def blob_of(store: Store, number: VersionId) -> BlobId:
    with store.read() as connection:
        return BlobId(connection.execute(select(version.c.blob).where(version.c.id == number)).scalar_one())
