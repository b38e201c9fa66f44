"""The audit trail, as rows: appended, read, and never changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, RowMapping, Select, bindparam, func, insert, select

from mft.store.prepared import Prepared
from mft.store.tables import audit_checkpoint, audit_event

_PUT: Final = Prepared(insert(audit_event))
_TAIL: Final = Prepared(
    select(audit_event.c.number, audit_event.c.digest)
    .where(audit_event.c.node == bindparam("node"))
    .order_by(audit_event.c.number.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the trail as it stands, believed by nobody yet."""

    node: str
    number: int
    at: datetime
    action: str
    subject: str
    actor: str
    reference: str | None
    body: str
    previous: bytes
    digest: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed statement: at *at*, the chain *node* ended at *number* with *digest*."""

    node: str
    number: int
    at: datetime
    digest: bytes
    signature: bytes
    key: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines a reader asks for; what is None is not asked about."""

    since: datetime | None = None
    until: datetime | None = None
    action: str | None = None
    """An action, or its noun with a dot, such as ``signon.``, for all of that noun."""
    actor: str | None = None
    subject: str | None = None
    """A subject, or a catalog folder with a slash at the end for all below it."""
    reference: str | None = None
    text: str | None = None
    """Any part of the body, in any case."""


def append(connection: Connection, lines: Sequence[Line]) -> None:
    """Add *lines*, of which there is at least one."""
    rows = [
        {
            "node": line.node,
            "number": line.number,
            "at": line.at,
            "action": line.action,
            "subject": line.subject,
            "actor": line.actor,
            "reference": line.reference,
            "body": line.body,
            "previous": line.previous,
            "digest": line.digest,
        }
        for line in lines
    ]
    if len(rows) == 1:
        _PUT.run(connection, **rows[0])
    else:
        connection.execute(insert(audit_event), rows)


def tail(connection: Connection, node: str) -> tuple[int, bytes] | None:
    """Return the number and digest of the last line of the chain *node*, or None before the first."""
    row = _TAIL.first(connection, node=node)
    return None if row is None else (row[0], row[1])


def nodes(connection: Connection) -> list[str]:
    """Return the names of all chains, in order, without reading every line."""
    found: list[str] = []
    name = connection.execute(select(func.min(audit_event.c.node))).scalar_one()
    while name is not None:
        found.append(name)
        name = connection.execute(select(func.min(audit_event.c.node)).where(audit_event.c.node > name)).scalar_one()
    return found


def newest_at(connection: Connection) -> datetime | None:
    """Return the latest moment that any line bears."""
    found: datetime | None = connection.execute(select(func.max(audit_event.c.at))).scalar_one()
    return found


def page(connection: Connection, node: str, after: int, upto: int, count: int) -> Sequence[Line]:
    """Return the next *count* lines of the chain *node* behind number *after*, none beyond *upto*."""
    table = audit_event
    query = (
        select(table)
        .where(table.c.node == node, table.c.number > after, table.c.number <= upto)
        .order_by(table.c.number)
        .limit(count)
    )
    return [_line(row) for row in connection.execute(query).mappings()]


def find(connection: Connection, wanted: Wanted, limit: int) -> Sequence[Line]:
    """Return the newest *limit* lines that are *wanted*, newest first."""
    table = audit_event
    query = _narrowed(select(table), wanted)
    query = query.order_by(table.c.at.desc(), table.c.node.desc(), table.c.number.desc()).limit(limit)
    return [_line(row) for row in connection.execute(query).mappings()]


def add_checkpoint(connection: Connection, checkpoint: Checkpoint) -> None:
    """Keep *checkpoint*."""
    connection.execute(
        insert(audit_checkpoint).values(
            node=checkpoint.node,
            number=checkpoint.number,
            at=checkpoint.at,
            digest=checkpoint.digest,
            signature=checkpoint.signature,
            key=checkpoint.key,
        )
    )


def last_checkpoint(connection: Connection, node: str) -> int:
    """Return the number of the line that the newest checkpoint of the chain *node* names, or 0."""
    table = audit_checkpoint
    number: int | None = connection.execute(select(func.max(table.c.number)).where(table.c.node == node)).scalar_one()
    return number or 0


def checkpoints(connection: Connection) -> Iterator[Checkpoint]:
    """Yield every checkpoint, chain by chain, oldest first."""
    table = audit_checkpoint
    for row in connection.execute(select(table).order_by(table.c.node, table.c.number)):
        yield Checkpoint(row.node, row.number, row.at, row.digest, row.signature, row.key)


def _narrowed(query: Select[tuple[object, ...]], wanted: Wanted) -> Select[tuple[object, ...]]:
    table = audit_event
    if wanted.since is not None:
        query = query.where(table.c.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(table.c.at < wanted.until)
    if wanted.action is not None:
        noun = wanted.action.endswith(".")
        query = query.where(
            table.c.action.startswith(wanted.action, autoescape=True) if noun else table.c.action == wanted.action
        )
    if wanted.actor is not None:
        query = query.where(table.c.actor == wanted.actor)
    if wanted.subject is not None:
        below = wanted.subject.endswith("/")
        query = query.where(
            table.c.subject.startswith(wanted.subject, autoescape=True) if below else table.c.subject == wanted.subject
        )
    if wanted.reference is not None:
        query = query.where(table.c.reference == wanted.reference)
    if wanted.text is not None:
        query = query.where(table.c.body.icontains(wanted.text, autoescape=True))
    return query


def _line(row: RowMapping) -> Line:
    return Line(**row)
