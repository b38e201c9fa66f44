"""Persons of a provider, as rows: each linked once to one account.

A provider names a person by issuer and subject, which never change (OpenID Connect Core, 5.7); their
name, their mail address and what else it says of them may.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from mft.model.errors import Conflict
from mft.model.ids import AccountId
from mft.store.tables import identity as table


@dataclass(frozen=True, slots=True)
class Identity:
    """A person of a provider, and whose account is theirs."""

    issuer: str
    subject: str
    account: AccountId
    linked_at: datetime


def add(connection: Connection, one: Identity) -> None:
    """Keep a new link.  Raises Conflict if the person, or the account, is linked already."""
    try:
        connection.execute(
            insert(table).values(issuer=one.issuer, subject=one.subject, account=one.account, linked_at=one.linked_at)
        )
    except IntegrityError:
        raise Conflict("that person of the provider, or that account, is linked already") from None


def of_person(connection: Connection, issuer: str, subject: str) -> Identity | None:
    """Return the link of a person."""
    row = connection.execute(select(table).where(table.c.issuer == issuer, table.c.subject == subject)).first()
    return Identity(row.issuer, row.subject, row.account, row.linked_at) if row else None


def of_account(connection: Connection, account: AccountId) -> Identity | None:
    """Return the link of an account."""
    row = connection.execute(select(table).where(table.c.account == account)).first()
    return Identity(row.issuer, row.subject, row.account, row.linked_at) if row else None


def remove(connection: Connection, account: AccountId) -> bool:
    """Forget the link of an account.  Return False if it had none."""
    return connection.execute(delete(table).where(table.c.account == account)).rowcount == 1
