"""How often a source failed under a name lately, as rows.  The name need not belong to anybody."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address
from typing import Any, Final

from sqlalchemy import Connection, bindparam, case, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from mft.store.prepared import Prepared
from mft.store.tables import slowdown as table

TRIES: Final = "setup:"
"""Before an account's name, where its tries at the setup are counted: no account can be called so."""


_PAIR: Final = (table.c.source == bindparam("source"), table.c.name == bindparam("name"))
_FAILURES: Final = Prepared(select(table.c.failures).where(*_PAIR, table.c.last_at >= bindparam("since")))
_FORGET: Final = Prepared(delete(table).where(*_PAIR))


def _count_by(insert: Callable[..., Any]) -> Prepared:
    """Return the statement that counts; both databases spell ON CONFLICT alike, but SQLAlchemy keeps it with each."""
    told: dict[str, Any] = {"source": bindparam("who"), "name": bindparam("called"), "last_at": bindparam("at")}
    first = insert(table).values(failures=1, **told)
    more = case((table.c.last_at >= bindparam("since"), table.c.failures + 1), else_=1)
    pair = [table.c.source, table.c.name]
    return Prepared(
        first.on_conflict_do_update(index_elements=pair, set_={"failures": more, "last_at": first.excluded.last_at})
    )


_COUNT: Final = {"sqlite": _count_by(sqlite.insert), "postgresql": _count_by(postgresql.insert)}


@dataclass(frozen=True, slots=True)
class Slowdown:
    """Consecutive failures of one name from one source."""

    source: IPv4Address
    name: str
    failures: int
    last_at: datetime


def failures(connection: Connection, source: IPv4Address, name: str, since: datetime) -> int:
    """Return how often *source* failed under *name* in a row, the last time not before *since*."""
    row = _FAILURES.first(connection, source=int(source), name=name, since=since)
    return 0 if row is None else int(row[0])


def count(connection: Connection, source: IPv4Address, name: str, at: datetime, since: datetime) -> None:
    """Count one more failure, or start at one if the last lies before *since*."""
    _COUNT[connection.dialect.name].run(connection, who=int(source), called=name, at=at, since=since)


def take_back(connection: Connection, source: IPv4Address, name: str) -> None:
    """Count one failure less, as when what was tried had no answer."""
    pair = (table.c.source == int(source), table.c.name == name, table.c.failures > 0)
    connection.execute(update(table).where(*pair).values(failures=table.c.failures - 1))


def forget(connection: Connection, source: IPv4Address, name: str) -> None:
    """Forget a pair, as after a sign-on."""
    _FORGET.run(connection, source=int(source), name=name)


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
