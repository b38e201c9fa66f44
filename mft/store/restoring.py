"""What only a restore asks of the tables: who still holds a version, and to forget what was under way."""

from sqlalchemy import Connection, delete, select

from mft.model.ids import EntryId, VersionId
from mft.store.tables import upload, version


def holder_of(connection: Connection, number: VersionId, sha256: bytes) -> EntryId | None:
    """Return the entry that holds the version *number* now, if its content has the digest *sha256*."""
    found = connection.execute(select(version.c.entry).where(version.c.id == number, version.c.sha256 == sha256))
    return found.scalar_one_or_none()


def forget_uploads(connection: Connection) -> None:
    """Forget every upload under way: their bytes are in no backup."""
    connection.execute(delete(upload))
