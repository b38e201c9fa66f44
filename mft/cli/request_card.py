"""An access request as rows and fields: the names that scripts read."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from mft.cli.desk import Desk
from mft.model.request import AccessRequest, RequestState
from mft.policy.requests import days_left, overdue, state_of
from mft.requests.addresses import Weighed


def request_rows(desk: Desk, found: Iterable[AccessRequest]) -> list[dict[str, Any]]:
    """Return what a list of requests says of each."""
    names = {each.id: each.name for each in desk.house.organizations.listing()}
    now = desk.house.clock.now()
    return [_row(one, names[one.organization], now) for one in found]


def request_row(desk: Desk, one: AccessRequest) -> dict[str, Any]:
    """Return what a list of requests would say of one."""
    return request_rows(desk, [one])[0]


def request_fields(desk: Desk, one: AccessRequest) -> dict[str, Any]:
    """Return everything about one request; each address with what became clear about it while it is open."""
    signed = one.signature
    row = request_row(desk, one)
    is_open = row["state"] is RequestState.SUBMITTED
    weighed = desk.house.requests.weighed(one) if is_open else [Weighed(each) for each in one.addresses]
    return row | {
        "purpose": one.purpose,
        "person": one.person,
        "email": one.email,
        "phone": one.phone,
        "contact": one.contact,
        "reason": one.reason,
        "addresses": [_address(each) for each in weighed],
        "keys": list(one.keys),
        "agreement": signed.agreement if signed else None,
        "agreement_sha256": signed.sha256 if signed else None,
        "agreed_by": signed.by if signed else None,
        "agreed_at": signed.at if signed else None,
        "agreed_from": signed.source if signed else None,
        "expires_at": one.expires_at,
    }


def _row(one: AccessRequest, organization: str, now: datetime) -> dict[str, Any]:
    """Return a row; nothing is due any more once it is decided."""
    state = state_of(one, now)
    return {
        "id": one.id,
        "kind": one.kind,
        "name": one.name,
        "organization": organization,
        "state": state,
        "due_at": one.due_at,
        "days_left": days_left(one, now) if state is RequestState.SUBMITTED else None,
        "overdue": overdue(one, now),
        "submitted_by": one.submitted_by,
        "submitted_at": one.submitted_at,
        "decided_by": one.decided_by or None,
        "decided_at": one.decided_at,
        "decision": one.decision or None,
    }


def understood(weighed: Iterable[Weighed]) -> Iterator[str]:
    """Yield a line for each address that is asked for: what was understood, and what will become of it."""
    return (_said(one) for one in weighed)


def _address(one: Weighed) -> dict[str, Any]:
    return {
        "address": one.asked.text,
        "count": one.addresses.size if one.addresses else None,
        "reason": one.asked.reason,
        "until": one.asked.until,
        "unfit": one.unfit,
        "waits": one.waits,
        "said": _said(one),
    }


def _said(one: Weighed) -> str:
    what = f"{one.addresses or one.asked.text}"
    if one.addresses is not None and one.addresses.size > 1:
        what += f" ({one.addresses.size:,} addresses)"
    if one.asked.until is not None:
        what += f" until {one.asked.until:%Y-%m-%d %H:%M UTC}"
    why = one.unfit or one.waits
    return f"{what}: {why}" if why else what
