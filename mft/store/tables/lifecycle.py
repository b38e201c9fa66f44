"""What the calendar works on: requests, recertifications, notices, letters, releases, backups, jobs, staff."""

from typing import Final

from sqlalchemy import (
    BigInteger,
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

staff: Final = Table(
    "staff",
    metadata,
    Column("name", Text, primary_key=True),  # The operating system's user; later also a portal identity.
    Column("role", Text, nullable=False),
    Column("added_by", Text, nullable=False),
    Column("added_at", Instant, nullable=False),
)

agreement: Final = Table(
    "agreement",
    metadata,
    # A text that somebody accepted is kept as it was, under its name and digest.
    Column("name", Text, primary_key=True),
    Column("sha256", LargeBinary, nullable=False),
    Column("text", Text, nullable=False),
    Column("first_seen_at", Instant, nullable=False),
)

access_request: Final = Table(
    "access_request",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False, index=True),
    Column("organization", ForeignKey("organization.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),  # The user name that is asked for, or that it is about.
    Column("account", ForeignKey("account.id"), index=True),  # Set once there is one.
    Column("purpose", Text, nullable=False),
    # What a purge destroys: None afterwards.
    Column("person", Text),
    Column("email", Text),
    Column("phone", Text),
    Column("addresses", Text),  # JSON: a list of {"text", "reason", "until"}.
    # Until it is decided; then they are the account's, or nobody's.
    Column("contact", Text),
    Column("keys", Text),  # JSON: a list of public keys.
    Column("reason", Text, nullable=False),
    Column("agreement", ForeignKey("agreement.name")),
    Column("agreement_sha256", LargeBinary),
    Column("agreed_by", Text),
    Column("agreed_at", Instant),
    Column("agreed_from", Text),  # The source address, or the door where it was typed in.
    Column("submitted_by", Text, nullable=False),
    Column("submitted_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False, index=True),
    Column("expires_at", Instant, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", Instant),
    Column("decision", Text),  # The reason given.
)

review: Final = Table(
    "review",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization", ForeignKey("organization.id"), nullable=False),
    Column("month", Text, nullable=False),  # 2026-11: one review an organization and month.
    Column("opened_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("reminded_at", Instant),  # When its administrator was told that answers are missing.
    UniqueConstraint("organization", "month"),
)

review_item: Final = Table(
    "review_item",
    metadata,
    Column("review", ForeignKey("review.id"), primary_key=True),
    Column("account", ForeignKey("account.id"), primary_key=True, index=True),
    Column("answer", Text),  # keep or remove; None while nobody answered.
    Column("answered_by", Text),
    Column("answered_at", Instant),
)

notice: Final = Table(
    "notice",
    metadata,
    # What somebody was told about an end that comes; a moved end is another one and is told again.
    Column("id", RowId, primary_key=True),
    Column("account", ForeignKey("account.id"), nullable=False),
    Column("version", ForeignKey("version.id"), index=True),  # None: about the account itself.
    Column("days", Integer, nullable=False),
    Column("ends_at", Instant, nullable=False, index=True),
    Column("told_at", Instant, nullable=False),
    UniqueConstraint("account", "version", "days", "ends_at"),
    sqlite_autoincrement=True,
)
# The constraint above leaves accounts out: a NULL equals nothing.
Index(
    "uq_notice_account",
    notice.c.account,
    notice.c.days,
    notice.c.ends_at,
    unique=True,
    sqlite_where=notice.c.version.is_(None),
    postgresql_where=notice.c.version.is_(None),
)

letter: Final = Table(
    "letter",
    metadata,
    # Mail on its way out.  Once sent or given up, recipient and fields are forgotten.
    Column("id", Text, primary_key=True),
    Column("template", Text, nullable=False),
    Column("recipient", Text),
    Column("fields", Text),  # JSON: what the template's words are replaced with.
    Column("account", ForeignKey("account.id"), index=True),  # About whom, if about one.
    Column("queued_at", Instant, nullable=False),
    Column("next_try_at", Instant, index=True),  # None once it is sent or given up.
    Column("claimed_until", Instant),  # Somebody is sending it; after a kill it is free again from then on.
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("last_error", Text),
    Column("sent_at", Instant),
    Column("given_up_at", Instant),
)

halt: Final = Table(
    "halt",
    metadata,
    # Why removing stands still.  One row a cause; lifted by a release or when the cause is gone.
    Column("cause", Text, primary_key=True),  # files, accounts or clock.
    Column("since", Instant, nullable=False),
    Column("why", Text, nullable=False),
)

release: Final = Table(
    "release",
    metadata,
    Column("plan", Text, primary_key=True),
    Column("moment", Instant, nullable=False),  # What was due then is what it releases.
    Column("released_by", Text, nullable=False),
    Column("released_at", Instant, nullable=False),
    Column("finished_at", Instant),
)

release_victim: Final = Table(
    "release_victim",
    metadata,
    Column("kind", Text, primary_key=True),  # file or account.
    Column("victim", Text, primary_key=True),  # The version's number, or the account's id.
    Column("plan", ForeignKey("release.plan"), primary_key=True),
)

backup: Final = Table(
    "backup",
    metadata,
    # Each holds the wrapped keys of what was there when it was made.
    Column("id", Text, primary_key=True),
    Column("made_at", Instant, nullable=False, index=True),  # When it was begun: nothing destroyed before is in it.
    Column("copied_at", Instant),  # When the copy of the database was whole; None: it was cut short.
    Column("made_by", Text, nullable=False),
    Column("place", Text, nullable=False),  # The file's path as it was written.
    Column("forgotten_at", Instant),  # Set when an operator says that it was destroyed.
    Column("forgotten_by", Text),
)

job: Final = Table(
    "job",
    metadata,
    Column("name", Text, primary_key=True),
    Column("due_at", Instant, nullable=False),
    Column("runner", Text),  # Node and process; None when nobody runs it.
    Column("lease_until", Instant),
    Column("succeeded_at", Instant),  # When a run of it was last done to its end.
)

job_run: Final = Table(
    "job_run",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("job", Text, nullable=False, index=True),
    Column("runner", Text, nullable=False),
    Column("started_at", Instant, nullable=False, index=True),
    Column("ended_at", Instant),
    Column("outcome", Text),  # done, stopped or failed; None while it runs or after it was killed.
    Column("did", Text, nullable=False, server_default=text("''")),
    Column("microseconds", BigInteger),
    sqlite_autoincrement=True,
)
