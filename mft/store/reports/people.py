"""What all accounts have, in one statement a kind: addresses, keys, and what their last recertification says."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, func, select

from mft.model.account import AllowlistEntry, Credential, CredentialKind
from mft.model.ids import AccountId, OrganizationId
from mft.model.review import Answer
from mft.store.allowlist import entry_of
from mft.store.credentials import credential_of
from mft.store.tables import account, allowlist_entry, credential, review, review_item


def entries(connection: Connection, within: OrganizationId | None) -> dict[AccountId, list[AllowlistEntry]]:
    """Return the addresses of every account, or of those of one organization, oldest first."""
    query = _of(select(allowlist_entry).join_from(allowlist_entry, account), within)
    found: dict[AccountId, list[AllowlistEntry]] = defaultdict(list)
    ordered = query.order_by(allowlist_entry.c.added_at, allowlist_entry.c.id)
    for row in connection.execute(ordered).mappings():
        found[row["account"]].append(entry_of(row))
    return found


def keys(connection: Connection, within: OrganizationId | None) -> dict[AccountId, list[Credential]]:
    """Return the public keys of every account, or of those of one organization, oldest first."""
    query = _of(select(credential).join_from(credential, account), within)
    found: dict[AccountId, list[Credential]] = defaultdict(list)
    ordered = query.where(credential.c.kind == CredentialKind.KEY.value)
    for row in connection.execute(ordered.order_by(credential.c.created_at, credential.c.id)).mappings():
        found[row["account"]].append(credential_of(row))
    return found


@dataclass(frozen=True, slots=True)
class Recertified:
    """What an organization's latest recertification asks, or was answered, about an account."""

    month: str
    due_at: datetime
    answer: Answer | None
    """None while nobody answered."""
    by: str
    at: datetime | None


def recertified(connection: Connection, within: OrganizationId | None) -> dict[AccountId, Recertified]:
    """Return what each organization's latest recertification says about its accounts."""
    latest = select(review.c.organization, func.max(review.c.month).label("month"))
    latest_of = latest.group_by(review.c.organization).subquery()
    of_latest = and_(review.c.organization == latest_of.c.organization, review.c.month == latest_of.c.month)
    columns = (review_item.c.account, review.c.month, review.c.due_at, review_item.c.answer)
    query = select(*columns, review_item.c.answered_by, review_item.c.answered_at)
    query = query.select_from(review_item.join(review).join(latest_of, of_latest))
    if within is not None:
        query = query.where(review.c.organization == within)
    return {
        one: Recertified(month, due_at, Answer(answer) if answer else None, by or "", at)
        for one, month, due_at, answer, by, at in connection.execute(query)
    }


def _of(query: Select[Any], within: OrganizationId | None) -> Select[Any]:
    return query if within is None else query.where(account.c.organization == within)
