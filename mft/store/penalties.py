"""Penalties in the database, where every process sees them."""

from collections.abc import Mapping
from datetime import datetime
from ipaddress import IPv4Address
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, exists, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from mft.policy.penalties import Offence, Penalty
from mft.store.prepared import Prepared
from mft.store.tables import allowlist_entry, penalty

_INSERT: Final[Mapping[str, Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}

_COLUMNS: Final = select(penalty.c.source, penalty.c.since, penalty.c.until, penalty.c.reason, penalty.c.offences)
_OF_SOURCE: Final = _COLUMNS.where(penalty.c.source == bindparam("source"))
_OWED: Final = {False: Prepared(_OF_SOURCE), True: Prepared(_OF_SOURCE.with_for_update())}
"""By whether the row is locked."""


def owed(connection: Connection, source: IPv4Address, *, lock: bool = False) -> Penalty | None:
    """Return what *source* owes, or None.  *lock* keeps other processes from charging it meanwhile."""
    row = _OWED[lock].first(connection, source=int(source))
    return None if row is None else _penalty(*row)


def keep(connection: Connection, owes: Penalty) -> None:
    """Write down what a source *owes*."""
    columns = {"since": owes.since, "until": owes.until, "reason": owes.reason.value, "offences": owes.offences}
    insert = _INSERT[connection.dialect.name](penalty).values(source=int(owes.source), **columns)
    connection.execute(insert.on_conflict_do_update(index_elements=[penalty.c.source], set_=columns))


def make_room(connection: Connection, tracked: int, now: datetime) -> None:
    """Forget debts that have run off by *now*, and of the rest the soonest to, until *tracked* - 1 are left."""
    connection.execute(delete(penalty).where(penalty.c.until <= now))
    excess = connection.execute(select(func.count()).select_from(penalty)).scalar_one() - tracked + 1
    if excess > 0:
        soonest = select(penalty.c.source).order_by(penalty.c.until).limit(excess)
        connection.execute(delete(penalty).where(penalty.c.source.in_(soonest)))


def standing(connection: Connection, now: datetime) -> list[Penalty]:
    """Return the penalties that keep their source out at *now*, the longest first."""
    query = _COLUMNS.where(penalty.c.since <= now, now < penalty.c.until).order_by(
        penalty.c.until.desc(), penalty.c.source
    )
    return [_penalty(*row) for row in connection.execute(query)]


def forgive(connection: Connection, source: IPv4Address) -> bool:
    """Forget what *source* owes and return whether it owed anything."""
    return connection.execute(delete(penalty).where(penalty.c.source == int(source))).rowcount > 0


def listed(connection: Connection, source: IPv4Address, now: datetime) -> bool:
    """Return whether *source* stands on the address list of any account at *now*."""
    entry = allowlist_entry.c
    query = select(
        exists().where(
            entry.first <= int(source),
            entry.last >= int(source),
            entry.approved_by.is_not(None),
            or_(entry.until.is_(None), entry.until > now),
        )
    )
    return bool(connection.execute(query).scalar_one())


def _penalty(source: int, since: datetime, until: datetime, reason: str, offences: int) -> Penalty:
    return Penalty(IPv4Address(source), since, until, Offence(reason), offences)
