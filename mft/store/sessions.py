"""Live sessions, as rows, so that every process can see and end them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from mft.model.ids import AccountId, CredentialId, SessionId
from mft.model.node import below
from mft.model.session import Door, Session
from mft.store.prepared import Prepared
from mft.store.tables import account as account_table
from mft.store.tables import session as table
from mft.store.tables import visit

_HELD = table.c.door != Door.PORTAL.value
"""Sessions that a process holds open; those of the portal last as their visit does, whichever process answers."""
_QUERY = select(account_table.c.name.label("account_name"), table).join_from(table, account_table)

_PUT: Final = Prepared(insert(table))
_BY_ID: Final = Prepared(_QUERY.where(table.c.id == bindparam("session")))
_REMOVE: Final = Prepared(delete(table).where(table.c.id == bindparam("session")).returning(table.c.end_requested))


@dataclass(frozen=True, slots=True)
class Removed:
    """What a session that was forgotten had to say."""

    end_requested: str | None
    """Why its end was asked for, or None."""


def session_of(row: Mapping[Any, Any]) -> Session:
    """Return the session in *row*."""
    return Session(
        id=row["id"],
        account=row["account"],
        account_name=row["account_name"],
        door=Door(row["door"]),
        source=IPv4Address(row["source"]),
        credentials=frozenset(CredentialId(word) for word in row["credentials"].split(",") if word),
        client=row["client"],
        node=row["node"],
        opened_at=row["opened_at"],
        seen_at=row["seen_at"],
        end_requested=row["end_requested"],
    )


def add(connection: Connection, session: Session) -> None:
    """Keep a new session."""
    _PUT.run(
        connection,
        id=session.id,
        account=session.account,
        door=session.door.value,
        source=int(session.source),
        credentials=",".join(sorted(session.credentials)),
        client=session.client,
        node=session.node,
        opened_at=session.opened_at,
        seen_at=session.seen_at,
        end_requested=session.end_requested,
    )


def by_id(connection: Connection, session: SessionId) -> Session | None:
    """Return the live session of that id."""
    found = _BY_ID.named(connection, session=session)
    return session_of(found[0]) if found else None


def listing(connection: Connection, account: AccountId | None = None) -> list[Session]:
    """Return the live sessions, or those of one account, oldest first."""
    query = _QUERY.order_by(table.c.opened_at, table.c.id)
    if account is not None:
        query = query.where(table.c.account == account)
    return [session_of(row) for row in connection.execute(query).mappings()]


def unseen_since(connection: Connection, moment: datetime, limit: int) -> list[Session]:
    """Return sessions whose process has not marked them since *moment*, the longest silent first."""
    query = _QUERY.where(table.c.seen_at < moment, _HELD).order_by(table.c.seen_at).limit(limit)
    return [session_of(row) for row in connection.execute(query).mappings()]


def of_node(connection: Connection, node: str) -> list[Session]:
    """Return the sessions that the process *node* holds, or all processes of the machine *node*."""
    here = (table.c.node == node) | table.c.node.startswith(below(node), autoescape=True)
    return [session_of(row) for row in connection.execute(_QUERY.where(here, _HELD)).mappings()]


def older(connection: Connection, session: Session) -> int:
    """Return how many sessions of the same account are held open that began before *session*."""
    before = (table.c.opened_at < session.opened_at) | (
        (table.c.opened_at == session.opened_at) & (table.c.id < session.id)
    )
    counted = select(func.count()).select_from(table).where(table.c.account == session.account, _HELD, before)
    return int(connection.execute(counted).scalar_one())


def unvisited(connection: Connection, limit: int) -> list[Session]:
    """Return up to *limit* sessions of the portal whose visit is gone."""
    visited = visit.select().where(visit.c.session == table.c.id).exists()
    query = _QUERY.where(~_HELD, ~visited).limit(limit)
    return [session_of(row) for row in connection.execute(query).mappings()]


def request_end(
    connection: Connection, account: AccountId, session: SessionId | None, why: str, spared: SessionId | None = None
) -> int:
    """Ask for the end of one session of the account, or of all but *spared*.  Return how many were asked."""
    asked = update(table).where(table.c.account == account, table.c.end_requested.is_(None))
    if session is not None:
        asked = asked.where(table.c.id == session)
    if spared is not None:
        asked = asked.where(table.c.id != spared)
    return connection.execute(asked.values(end_requested=why)).rowcount


def set_credentials(connection: Connection, session: SessionId, credentials: Iterable[CredentialId]) -> None:
    """Let a session rest on other credentials, which its holder has just proven."""
    rests = update(table).where(table.c.id == session)
    connection.execute(rests.values(credentials=",".join(sorted(credentials))))


def seen(connection: Connection, sessions: Iterable[SessionId], at: datetime) -> None:
    """Mark sessions as alive."""
    connection.execute(update(table).where(table.c.id.in_(list(sessions))).values(seen_at=at))


def remove(connection: Connection, session: SessionId) -> Removed | None:
    """Forget a session that ended.  Return None if it was gone."""
    row = _REMOVE.first(connection, session=session)
    return None if row is None else Removed(row[0])
