"""What the tree holds: entries, versions, uploads, tombstones, grants, and who took what."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from mft.store.tables.naming import metadata
from mft.store.types import Instant, RowId

entry: Final = Table(
    "entry",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("parent", ForeignKey("entry.id"), index=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("organization", ForeignKey("organization.id")),
    Column("retention_class", Text),  # Folders only; None inherits from the folder above.
    Column("quiet_seconds", Integer),  # Folders only: how long a new file is its creator's alone; None inherits.
    Column("created_at", Instant, nullable=False),
    Column("creator", Text, nullable=False),
    Column("work_owner", ForeignKey("account.id")),
    UniqueConstraint("parent", "name"),
    sqlite_autoincrement=True,
)
# The constraint above leaves the root out: a NULL equals nothing.
Index(
    "uq_entry_root",
    entry.c.name,
    unique=True,
    sqlite_where=entry.c.parent.is_(None),
    postgresql_where=entry.c.parent.is_(None),
)

version: Final = Table(
    "version",
    metadata,
    Column("id", RowId, primary_key=True),
    # The current version of an entry points to it; one that ended points nowhere and has a tombstone.
    Column("entry", ForeignKey("entry.id"), unique=True),
    Column("organization", ForeignKey("organization.id")),
    Column("blob", Text, nullable=False, unique=True),
    Column("wrapped_key", LargeBinary),  # None once destroyed.
    Column("master", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("creator", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("received_from", Text, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("client_mtime", BigInteger),
    # Why it must not go, whatever its term, who said so, when, and until when (None: until it is lifted).
    Column("hold", Text),
    Column("hold_by", Text),
    Column("hold_at", Instant),
    Column("hold_until", Instant),
    Column("checked_at", Instant),  # When its bytes were last read back and compared with the digest.
    Column("damaged_at", Instant),  # When they were first found missing or changed; None once they are whole again.
    Column("downloads", Integer, nullable=False, server_default=text("0")),
    sqlite_autoincrement=True,
)
# Millions of rows are versions that ended; the check asks for current ones only.
_CURRENT: Final = version.c.entry.is_not(None)
Index("ix_version_checked", version.c.checked_at, sqlite_where=_CURRENT, postgresql_where=_CURRENT)
_DAMAGED: Final = version.c.damaged_at.is_not(None)
Index("ix_version_damaged", version.c.damaged_at, sqlite_where=_DAMAGED, postgresql_where=_DAMAGED)

# What has ended long ago must not be passed over each time the sweep asks what is due.
Index("ix_version_due", version.c.expires_at, sqlite_where=_CURRENT, postgresql_where=_CURRENT)

upload: Final = Table(
    "upload",
    metadata,
    Column("id", Text, primary_key=True),
    Column("parent", ForeignKey("entry.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("owner", ForeignKey("account.id")),
    Column("owner_name", Text, nullable=False),
    Column("blob", Text, nullable=False, unique=True),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("master", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("lease", Text, nullable=False),
    Column("node", Text, nullable=False),
    Column("size", BigInteger, nullable=False, server_default=text("0")),
    Column("opened_at", Instant, nullable=False),
    Column("touched_at", Instant, nullable=False, index=True),
)
# One writer of a path at a time, whoever it is; interrupted uploads of several owners may wait.
Index(
    "uq_upload_open",
    upload.c.parent,
    upload.c.name,
    unique=True,
    sqlite_where=upload.c.state == "open",
    postgresql_where=upload.c.state == "open",
)
Index("ix_upload_path", upload.c.parent, upload.c.name, upload.c.owner)

tombstone: Final = Table(
    "tombstone",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", ForeignKey("version.id"), unique=True),
    Column("path", Text, nullable=False, index=True),
    Column("folder", Text, nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("creator", Text, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("ended_at", Instant, nullable=False),
    Column("ending", Text, nullable=False),
    Column("ended_by", Text, nullable=False),
    Column("destroy_at", Instant, nullable=False),
    Column("key_destroyed_at", Instant),  # From then on nobody can read the bytes, wherever they still are.
    Column("destroyed_at", Instant),
)
_STANDING: Final = tombstone.c.destroyed_at.is_(None)
Index("ix_tombstone_due", tombstone.c.destroy_at, sqlite_where=_STANDING, postgresql_where=_STANDING)

folder_grant: Final = Table(
    "folder_grant",
    metadata,
    Column("id", Text, primary_key=True),
    Column("folder", ForeignKey("entry.id"), nullable=False),
    Column("account", ForeignKey("account.id"), index=True),
    Column("organization", ForeignKey("organization.id"), index=True),
    Column("rights", Integer, nullable=False),
    Column("granted_by", Text, nullable=False),
    Column("granted_at", Instant, nullable=False),
    # Two, since a NULL equals nothing and one over all three would never bite.
    UniqueConstraint("folder", "account"),
    UniqueConstraint("folder", "organization"),
    CheckConstraint("(account IS NULL) <> (organization IS NULL)", name="one_grantee"),
)

download: Final = Table(
    "download",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("version", ForeignKey("version.id"), nullable=False, index=True),
    Column("account", ForeignKey("account.id")),
    Column("account_name", Text, nullable=False),
    Column("session", Text),
    Column("source", BigInteger),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("whole", Boolean, nullable=False),
    sqlite_autoincrement=True,
)
