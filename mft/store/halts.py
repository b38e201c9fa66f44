"""Why removing stands still, as rows: every process sees them, and so does a server that was started anew."""

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from mft.policy.breaker import Cause, Halt
from mft.store.tables import halt as table


def standing(connection: Connection) -> dict[Cause, Halt]:
    """Return what holds removing up, by cause, in the order of the causes' names."""
    rows = connection.execute(select(table.c.cause, table.c.why).order_by(table.c.cause))
    return {Cause(row.cause): Halt(Cause(row.cause), row.why) for row in rows}


def put(connection: Connection, halt: Halt, at: datetime) -> bool:
    """Keep *halt* in a write transaction; return False when its cause stood already, which then stays as it was."""
    if connection.execute(select(table.c.cause).where(table.c.cause == halt.cause.value)).first() is not None:
        return False
    connection.execute(insert(table).values(cause=halt.cause.value, since=at, why=halt.why))
    return True


def lift(connection: Connection, cause: Cause, since: datetime | None = None) -> bool:
    """Take away the halt of *cause*, or only the one that began at *since*; return whether it stood."""
    mine = table.c.cause == cause.value
    if since is not None:
        mine &= table.c.since == since
    return connection.execute(delete(table).where(mine)).rowcount == 1


def lift_all(connection: Connection) -> list[Cause]:
    """Take every halt away and return the causes, by name."""
    return sorted(Cause(cause) for cause in connection.execute(delete(table).returning(table.c.cause)).scalars())
