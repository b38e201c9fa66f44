"""What the portal keeps: visits, second factors, links by mail, identities of a provider, attestations."""

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, Table, Text

from mft.store.tables.naming import metadata
from mft.store.types import Instant

visit: Final = Table(
    "visit",
    metadata,
    # A browser's cookie, from the first form on.  The token itself is nowhere: only its digest is.
    Column("token_sha256", LargeBinary, primary_key=True),
    Column("stage", Text, nullable=False),  # open (nobody yet), proving (a password is right), signed_in.
    Column("account", ForeignKey("account.id"), index=True),
    Column("session", ForeignKey("session.id", ondelete="SET NULL"), index=True),
    Column("proven", Text, nullable=False),  # Ids of credentials, split by commas.
    Column("factors", Text, nullable=False),  # What proved them: password,totp or oidc:acr.
    Column("source", BigInteger, nullable=False, index=True),
    Column("began_at", Instant, nullable=False),
    Column("touched_at", Instant, nullable=False, index=True),
    Column("signed_in_at", Instant),
    Column("attempts", Integer, nullable=False),  # Wrong second factors, and wrong directory passwords.
    Column("oidc", Text),  # JSON while away at the provider: state, nonce, verifier, where to go then.
)

totp: Final = Table(
    "totp",
    metadata,
    # What changes about a second factor; its secret is the credential's verifier, wrapped by the master key.
    Column("credential", ForeignKey("credential.id", ondelete="CASCADE"), primary_key=True),
    Column("confirmed_at", Instant),  # None until the first code was right.
    Column("last_step", BigInteger),  # The youngest 30-second step that was used: none is used twice.
)

recovery_code: Final = Table(
    "recovery_code",
    metadata,
    Column("account", ForeignKey("account.id"), primary_key=True),
    Column("sha256", LargeBinary, primary_key=True),
    Column("used_at", Instant),
)

mail_link: Final = Table(
    "mail_link",
    metadata,
    Column("token_sha256", LargeBinary, primary_key=True),
    Column("account", ForeignKey("account.id"), nullable=False, index=True),
    Column("purpose", Text, nullable=False),  # password or email.
    Column("email", Text),  # The new address, for email.
    Column("expires_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False),  # Wrong second factors that came with it.
    Column("used_at", Instant),  # Or worn out by them.
)

identity: Final = Table(
    "identity",
    metadata,
    # A person of an OIDC provider, linked once to one account.
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("account", ForeignKey("account.id"), nullable=False, unique=True),
    Column("linked_at", Instant, nullable=False),
)

attestation: Final = Table(
    "attestation",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", ForeignKey("account.id"), nullable=False, index=True),
    Column("text_version", Text, nullable=False),
    Column("text_sha256", LargeBinary, nullable=False),
    Column("directory_user", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("source", BigInteger, nullable=False),
    Column("session", Text, nullable=False),
    Column("factors", Text, nullable=False),
)
