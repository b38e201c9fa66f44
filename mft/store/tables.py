"""The tables, and nothing else.  Migrations make them; a test holds the two together."""

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
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from mft.store.types import Instant, RowId

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

organization: Final = Table(
    "organization",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("quota_bytes", BigInteger),
    Column("quota_files", BigInteger),
    # Kept exact by the transactions that change them; only committed files count here.
    Column("used_bytes", BigInteger, nullable=False, server_default=text("0")),
    Column("used_files", BigInteger, nullable=False, server_default=text("0")),
)

account: Final = Table(
    "account",
    metadata,
    Column("id", Text, primary_key=True),
    # A purged account keeps its row: the name is never handed to another person.
    Column("name", Text, nullable=False, unique=True),
    Column("email", Text, unique=True),
    Column("organization", ForeignKey("organization.id"), nullable=False, index=True),
    Column("purpose", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("required", Text, nullable=False, server_default=text("''")),  # Methods, split by commas.
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("last_signon_at", Instant),
    Column("failures", Integer, nullable=False, server_default=text("0")),
)

credential: Final = Table(
    "credential",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", ForeignKey("account.id"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("verifier", Text, nullable=False),
    Column("fingerprint", Text, nullable=False, server_default=text("''")),
    Column("label", Text, nullable=False, server_default=text("''")),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("expires_at", Instant),
)
# At most one credential that is typed as a password, so that every attempt costs one hash.
Index(
    "uq_credential_password",
    credential.c.account,
    unique=True,
    sqlite_where=credential.c.kind != "key",
    postgresql_where=credential.c.kind != "key",
)
Index(
    "uq_credential_key",
    credential.c.account,
    credential.c.fingerprint,
    unique=True,
    sqlite_where=credential.c.kind == "key",
    postgresql_where=credential.c.kind == "key",
)

allowlist_entry: Final = Table(
    "allowlist_entry",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", ForeignKey("account.id"), nullable=False, index=True),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("added_by", Text, nullable=False),
    Column("added_at", Instant, nullable=False),
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column("until", Instant),
    Column("approved_by", Text),
    Column("approved_at", Instant),
    Column("last_seen_at", Instant),
    CheckConstraint("first <= last", name="ordered"),
)

session: Final = Table(
    "session",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", ForeignKey("account.id"), nullable=False, index=True),
    Column("door", Text, nullable=False),
    Column("source", BigInteger, nullable=False),
    Column("credentials", Text, nullable=False),  # Ids, split by commas.
    Column("client", Text, nullable=False),
    Column("node", Text, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("end_requested", Text),
)

penalty: Final = Table(
    "penalty",
    metadata,
    Column("source", BigInteger, primary_key=True),
    Column("until", Instant, nullable=False),  # The debt reaches zero at this moment.
    Column("reason", Text, nullable=False),
    Column("offences", Integer, nullable=False),
    Column("since", Instant, nullable=False),
)

slowdown: Final = Table(
    "slowdown",
    metadata,
    # A pair of source and the name it tried: names are never locked by strangers.
    Column("source", BigInteger, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", Instant, nullable=False),
)

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
    Column("expires_at", Instant, nullable=False, index=True),
    Column("client_mtime", BigInteger),
    Column("hold", Text),  # Why it must not go, whatever its term; None when nothing holds it.
    Column("downloads", Integer, nullable=False, server_default=text("0")),
    sqlite_autoincrement=True,
)

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
    Column("destroy_at", Instant, nullable=False, index=True),
    Column("destroyed_at", Instant),
)

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

audit_event: Final = Table(
    "audit_event",
    metadata,
    Column("node", Text, primary_key=True),  # One chain per node on PostgreSQL, one chain "main" on SQLite.
    Column("number", RowId, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False, index=True),
    Column("action", Text, nullable=False, index=True),
    Column("subject", Text, nullable=False, index=True),
    Column("actor", Text, nullable=False),
    Column("reference", Text, index=True),
    # The canonical JSON that was digested, so that verifying never depends on how columns are read back.
    Column("body", Text, nullable=False),
    Column("previous", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
)

audit_checkpoint: Final = Table(
    "audit_checkpoint",
    metadata,
    Column("node", Text, primary_key=True),
    Column("number", RowId, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("key", Text, nullable=False),
)
