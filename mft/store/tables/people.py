"""Who comes to the house: organizations, accounts, what they prove themselves with, their sessions."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, text

from mft.store.tables.naming import metadata
from mft.store.types import Instant

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
    Column("seats", Integer),  # How many people may have an account; None is unlimited.
    Column("portal_any_address", Boolean, nullable=False, server_default=text("false")),  # The portal lets the list be.
    Column("administrator", Text),  # The mail address of who answers for its people; None: nobody is asked.
)

account: Final = Table(
    "account",
    metadata,
    Column("id", Text, primary_key=True),
    # A purged account keeps its row: the name is never handed to another person.
    Column("name", Text, nullable=False, unique=True),
    # What a purge destroys stands in these four: they are None afterwards.
    Column("email", Text, unique=True),
    Column("person", Text),  # The full name.
    Column("phone", Text),
    Column("contact", Text),  # A mail address that gets the warnings instead of the account's own.
    Column("organization", ForeignKey("organization.id"), nullable=False, index=True),
    Column("purpose", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("required", Text, nullable=False, server_default=text("''")),  # Methods, split by commas.
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("last_signon_at", Instant),
    Column("last_signon_door", Text),
    Column("last_signon_source", BigInteger),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    # Set while a recertification asks about this account: from then on it is refused, until somebody keeps it.
    Column("recertify_by", Instant),
    # Of a person whose password lives in a directory; what the directory last said of them.
    Column("external_id", Text),  # Set by an operator: the directory's user id.
    Column("setup_state", Text),
    Column("setup_mark", Text),
    Column("setup_checked_at", Instant),
    Column("setup_text", Text),  # The version of the attestation that was agreed to.
    Column("purged_at", Instant),
    Column("purged_why", Text),
)
# An index, since SQLite adds no constraint to a table that is there.
Index("uq_account_external_id", account.c.external_id, unique=True)

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
    # A key that its owner added and that somebody else has to approve: it opens nothing until then.
    Column("waiting", Boolean, nullable=False, server_default=text("false")),
)
# At most one password of the account's own, so that every attempt costs one hash.  A new kind
# counts as one until it is named here.
_TYPED: Final = text("kind NOT IN ('key', 'totp', 'identity', 'directory')")
_SINGLE: Final = text("kind IN ('identity', 'directory')")
Index(
    "uq_credential_password",
    credential.c.account,
    unique=True,
    sqlite_where=_TYPED,
    postgresql_where=_TYPED,
)
Index(
    "uq_credential_single",
    credential.c.account,
    credential.c.kind,
    unique=True,
    sqlite_where=_SINGLE,
    postgresql_where=_SINGLE,
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
