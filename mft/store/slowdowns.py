"""How often a source failed under a name lately, as rows.  The name need not belong to anybody."""

from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address
from typing import Final

from sqlalchemy import Connection, case, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from mft.store.tables import slowdown as table

TRIES: Final = "setup:"
"""Before an account's name, where its tries at the setup are counted: no account can be called so."""


@dataclass(frozen=True, slots=True)
class Slowdown:
    """Consecutive failures of one name from one source."""

    source: IPv4Address
    name: str
    failures: int
    last_at: datetime


def failures(connection: Connection, source: IPv4Address, name: str, since: datetime) -> int:
    """Return how often *source* failed under *name* in a row, the last time not before *since*."""
    pair = (table.c.source == int(source), table.c.name == name, table.c.last_at >= since)
    return connection.scalar(select(table.c.failures).where(*pair)) or 0


def count(connection: Connection, source: IPv4Address, name: str, at: datetime, since: datetime) -> None:
    """Count one more failure, or start at one if the last lies before *since*."""
    first = _insert(connection).values(source=int(source), name=name, failures=1, last_at=at)
    more = case((table.c.last_at >= since, table.c.failures + 1), else_=1)
    connection.execute(
        first.on_conflict_do_update(
            index_elements=[table.c.source, table.c.name], set_={"failures": more, "last_at": at}
        )
    )


def take_back(connection: Connection, source: IPv4Address, name: str) -> None:
    """Count one failure less, as when what was tried had no answer."""
    pair = (table.c.source == int(source), table.c.name == name, table.c.failures > 0)
    connection.execute(update(table).where(*pair).values(failures=table.c.failures - 1))


def forget(connection: Connection, source: IPv4Address, name: str) -> None:
    """Forget a pair, as after a sign-on."""
    connection.execute(delete(table).where(table.c.source == int(source), table.c.name == name))


def forget_name(connection: Connection, name: str) -> None:
    """Forget a name's failures from every source, as when an operator unlocks its account."""
    connection.execute(delete(table).where(table.c.name == name))


def forget_before(connection: Connection, moment: datetime) -> int:
    """Forget pairs that last failed before *moment*.  Return how many."""
    return connection.execute(delete(table).where(table.c.last_at < moment)).rowcount


def of_name(connection: Connection, name: str, since: datetime) -> list[Slowdown]:
    """Return the sources that failed under *name*, the last time not before *since*."""
    query = select(table).where(table.c.name == name, table.c.last_at >= since).order_by(table.c.source)
    return [Slowdown(IPv4Address(r.source), r.name, r.failures, r.last_at) for r in connection.execute(query)]


def of_source(connection: Connection, source: IPv4Address, prefix: str, since: datetime) -> int:
    """Return how often *source* failed under names that begin with *prefix*, the last time not before *since*."""
    named = table.c.name.startswith(prefix, autoescape=True)
    query = select(func.coalesce(func.sum(table.c.failures), 0))
    return int(connection.scalar(query.where(table.c.source == int(source), named, table.c.last_at >= since)) or 0)


def _insert(connection: Connection) -> sqlite.Insert | postgresql.Insert:
    # Both databases spell ON CONFLICT alike, but SQLAlchemy keeps it with each dialect.
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
