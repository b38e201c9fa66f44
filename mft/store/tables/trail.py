"""The audit trail and its checkpoints."""

from typing import Final

from sqlalchemy import Column, LargeBinary, Table, Text

from mft.store.tables.naming import metadata
from mft.store.types import Instant, RowId

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
