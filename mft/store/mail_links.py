"""One-time links that went out by mail, as rows.  Of a link's token only the digest is here."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, literal, select, update

from mft.model.ids import AccountId
from mft.model.portal import LinkPurpose
from mft.store.tables import account as account_table
from mft.store.tables import mail_link as table
from mft.store.types import Instant


@dataclass(frozen=True, slots=True)
class MailLink:
    """One link.  It counts while it is unused and its time is not over."""

    token_sha256: bytes
    account: AccountId
    purpose: LinkPurpose
    email: str
    """The new address, for EMAIL; else empty."""
    expires_at: datetime
    attempts: int
    used_at: datetime | None

    def stands(self, now: datetime) -> bool:
        """Return whether it is good for anything at *now*."""
        return self.used_at is None and now < self.expires_at


def add(connection: Connection, link: MailLink) -> None:
    """Keep a link.  For an account that nobody has the same statement runs and keeps nothing."""
    names = ["token_sha256", "account", "purpose", "email", "expires_at", "attempts"]
    found = select(
        literal(link.token_sha256, table.c.token_sha256.type),
        account_table.c.id,
        literal(link.purpose.value),
        literal(link.email or None, table.c.email.type),
        literal(link.expires_at, Instant()),
        literal(0),
    ).where(account_table.c.id == link.account)
    connection.execute(insert(table).from_select(names, found))


def by_token(connection: Connection, token_sha256: bytes) -> MailLink | None:
    """Return the link with the token of that digest, good or not."""
    row = connection.execute(select(table).where(table.c.token_sha256 == token_sha256)).first()
    if row is None:
        return None
    purpose = LinkPurpose(row.purpose)
    return MailLink(row.token_sha256, row.account, purpose, row.email or "", row.expires_at, row.attempts, row.used_at)


def use(connection: Connection, token_sha256: bytes, at: datetime) -> bool:
    """Use a link up.  Return False if it was used before: of many who try at once, one does."""
    unused = (table.c.token_sha256 == token_sha256, table.c.used_at.is_(None))
    return connection.execute(update(table).where(*unused).values(used_at=at)).rowcount == 1


def count_attempt(connection: Connection, token_sha256: bytes) -> None:
    """Count one more wrong second factor."""
    counted = update(table).where(table.c.token_sha256 == token_sha256)
    connection.execute(counted.values(attempts=table.c.attempts + 1))


def standing(connection: Connection, account: AccountId, purpose: LinkPurpose, now: datetime) -> int:
    """Return how many links of that kind went out to the account lately, used or not."""
    lately = (table.c.account == account, table.c.purpose == purpose.value, table.c.expires_at > now)
    return int(connection.execute(select(func.count()).select_from(table).where(*lately)).scalar_one())


def use_all(connection: Connection, account: AccountId, at: datetime) -> None:
    """Use every link of the account up."""
    unused = (table.c.account == account, table.c.used_at.is_(None))
    connection.execute(update(table).where(*unused).values(used_at=at))


def forget_all(connection: Connection) -> None:
    """Forget every link, as after a restore: one that was used would be good again."""
    connection.execute(delete(table))


def forget_before(connection: Connection, moment: datetime) -> int:
    """Forget links whose time was over before *moment*.  Return how many."""
    return connection.execute(delete(table).where(table.c.expires_at < moment)).rowcount
