"""Access requests, as rows.  What is open is asked here in one way: nobody decided, and it is not too late to."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, func, insert, select, update

from mft.model.account import Purpose
from mft.model.ids import AccountId, OrganizationId, RequestId
from mft.model.request import AccessRequest, AskedAddress, RequestKind, RequestState, Signature
from mft.store.tables import access_request as table


def request_of(row: RowMapping) -> AccessRequest:
    """Return the request in *row*."""
    return AccessRequest(
        id=row["id"],
        kind=RequestKind(row["kind"]),
        state=RequestState(row["state"]),
        organization=row["organization"],
        name=row["name"],
        account=row["account"],
        purpose=Purpose(row["purpose"]),
        person=row["person"] or "",
        email=row["email"] or "",
        phone=row["phone"] or "",
        reason=row["reason"],
        addresses=_addresses_of(row["addresses"]),
        signature=_signature_of(row),
        submitted_by=row["submitted_by"],
        submitted_at=row["submitted_at"],
        due_at=row["due_at"],
        expires_at=row["expires_at"],
        decided_by=row["decided_by"] or "",
        decided_at=row["decided_at"],
        decision=row["decision"] or "",
        contact=row["contact"] or "",
        keys=tuple(json.loads(row["keys"] or "[]")),
    )


def add(connection: Connection, request: AccessRequest) -> None:
    """Keep a new request."""
    signed = request.signature
    connection.execute(
        insert(table).values(
            id=request.id,
            kind=request.kind.value,
            state=request.state.value,
            organization=request.organization,
            name=request.name,
            account=request.account,
            purpose=request.purpose.value,
            person=request.person or None,
            email=request.email or None,
            phone=request.phone or None,
            addresses=_addresses_kept(request.addresses),
            contact=request.contact or None,
            keys=json.dumps(request.keys) if request.keys else None,
            reason=request.reason,
            agreement=signed.agreement if signed else None,
            agreement_sha256=signed.sha256 if signed else None,
            agreed_by=signed.by if signed else None,
            agreed_at=signed.at if signed else None,
            agreed_from=signed.source if signed else None,
            submitted_by=request.submitted_by,
            submitted_at=request.submitted_at,
            due_at=request.due_at,
            expires_at=request.expires_at,
        )
    )


def by_id(connection: Connection, request: str) -> AccessRequest | None:
    """Return the request of that id."""
    row = connection.execute(select(table).where(table.c.id == request)).mappings().first()
    return request_of(row) if row else None


def listing(connection: Connection, organization: OrganizationId | None = None) -> list[AccessRequest]:
    """Return every request, or those of one organization, the earliest due first."""
    query = select(table).order_by(table.c.due_at, table.c.id)
    if organization is not None:
        query = query.where(table.c.organization == organization)
    return [request_of(row) for row in connection.execute(query).mappings()]


def decide(
    connection: Connection, request: RequestId, state: RequestState, by: str, at: datetime, decision: str
) -> bool:
    """Move an open request to *state*.  Return False if it is open no more: of two who try, one decides."""
    decided = {"state": state.value, "decided_by": by, "decided_at": at, "decision": decision}
    changed = update(table).where(table.c.id == request, _open(at)).values(decided | _DROPPED)
    return connection.execute(changed).rowcount == 1


def belongs(connection: Connection, request: RequestId, account: AccountId) -> None:
    """Note which account *request* led to."""
    connection.execute(update(table).where(table.c.id == request).values(account=account))


def outlived(connection: Connection, now: datetime, limit: int) -> list[AccessRequest]:
    """Return up to *limit* requests that nobody decided in time and whose rows do not say so yet."""
    undecided = table.c.state == RequestState.SUBMITTED.value
    query = select(table).where(undecided, table.c.expires_at <= now).order_by(table.c.expires_at).limit(limit)
    return [request_of(row) for row in connection.execute(query).mappings()]


def expire(connection: Connection, request: RequestId) -> bool:
    """Say in its row that a request expired.  Return False if the row says so, or something else, already."""
    undecided = (table.c.id == request) & (table.c.state == RequestState.SUBMITTED.value)
    changed = update(table).where(undecided).values(state=RequestState.EXPIRED.value, **_DROPPED)
    return connection.execute(changed).rowcount == 1


def open_about(connection: Connection, account: AccountId, kind: RequestKind, now: datetime) -> RequestId | None:
    """Return the open request of that *kind* about *account*."""
    return _first_open(connection, now, table.c.account == account, table.c.kind == kind.value)


def open_for_name(connection: Connection, name: str, now: datetime) -> RequestId | None:
    """Return the open request that asks for a new account called *name*."""
    return _first_open(connection, now, table.c.name == name, _IS_ADD)


def open_for_email(connection: Connection, email: str, now: datetime) -> RequestId | None:
    """Return the open request that asks for a new account of who reads mail at *email* (fact 1.15)."""
    return _first_open(connection, now, table.c.email == email, _IS_ADD)


def seats_asked(connection: Connection, organization: OrganizationId, now: datetime) -> int:
    """Return how many more people of *organization* open requests would let in."""
    asked = (table.c.organization == organization) & (table.c.purpose == Purpose.PERSON.value)
    query = select(func.count()).select_from(table).where(asked, _IS_ADD, _open(now))
    return int(connection.execute(query).scalar_one())


_IS_ADD = table.c.kind == RequestKind.ADD.value
_DROPPED: dict[str, None] = {"contact": None, "keys": None}
"""What nobody needs once a request is decided: it is the account's then, or nobody's."""


def _open(now: datetime) -> ColumnElement[bool]:
    return (table.c.state == RequestState.SUBMITTED.value) & (table.c.expires_at > now)


def _first_open(connection: Connection, now: datetime, *which: ColumnElement[bool]) -> RequestId | None:
    found: RequestId | None = connection.execute(select(table.c.id).where(_open(now), *which).limit(1)).scalar()
    return found


def _signature_of(row: RowMapping) -> Signature | None:
    if row["agreement"] is None:
        return None
    return Signature(
        row["agreement"], row["agreement_sha256"], row["agreed_by"], row["agreed_at"], row["agreed_from"] or ""
    )


def _addresses_kept(addresses: tuple[AskedAddress, ...]) -> str:
    kept = [
        {"text": one.text, "reason": one.reason, "until": one.until.isoformat() if one.until else None}
        for one in addresses
    ]
    return json.dumps(kept, ensure_ascii=False)


def _addresses_of(kept: str | None) -> tuple[AskedAddress, ...]:
    rows: list[dict[str, Any]] = json.loads(kept or "[]")
    return tuple(
        AskedAddress(row["text"], row["reason"], datetime.fromisoformat(row["until"]) if row["until"] else None)
        for row in rows
    )
