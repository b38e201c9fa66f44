"""Allowlist entries, as rows.  An address range is two 32-bit numbers, so that nothing is parsed to compare."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from mft.model.account import AllowlistEntry
from mft.model.ids import AccountId, AllowlistEntryId
from mft.model.network import AddressRange
from mft.store.prepared import Prepared
from mft.store.tables import account as account_table
from mft.store.tables import allowlist_entry as table

_SEEN: Final = Prepared(update(table).where(table.c.id == bindparam("entry")).values(last_seen_at=bindparam("at")))


def entry_of(row: Mapping[Any, Any], prefix: str = "") -> AllowlistEntry:
    """Return the entry in *row*, whose columns are named with *prefix*."""
    return AllowlistEntry(
        id=row[prefix + "id"],
        addresses=AddressRange(row[prefix + "first"], row[prefix + "last"]),
        added_by=row[prefix + "added_by"],
        added_at=row[prefix + "added_at"],
        reason=row[prefix + "reason"],
        until=row[prefix + "until"],
        approved_by=row[prefix + "approved_by"],
        last_seen_at=row[prefix + "last_seen_at"],
    )


def add(connection: Connection, account: AccountId, entry: AllowlistEntry) -> None:
    """Keep a new entry."""
    connection.execute(
        insert(table).values(
            id=entry.id,
            account=account,
            first=entry.addresses.first,
            last=entry.addresses.last,
            added_by=entry.added_by,
            added_at=entry.added_at,
            reason=entry.reason,
            until=entry.until,
            approved_by=entry.approved_by,
            approved_at=entry.added_at if entry.approved_by else None,
            last_seen_at=None,
        )
    )


def of_account(connection: Connection, account: AccountId) -> list[AllowlistEntry]:
    """Return the account's entries, oldest first."""
    query = select(table).where(table.c.account == account).order_by(table.c.added_at, table.c.id)
    return [entry_of(row) for row in connection.execute(query).mappings()]


def waiting(connection: Connection) -> list[tuple[str, AllowlistEntry]]:
    """Return the entries that wait for approval, each with its account's name, oldest first."""
    query = select(account_table.c.name.label("account_name"), table).join_from(table, account_table)
    query = query.where(table.c.approved_by.is_(None)).order_by(table.c.added_at, table.c.id)
    return [(row["account_name"], entry_of(row)) for row in connection.execute(query).mappings()]


def by_id(connection: Connection, entry: AllowlistEntryId) -> tuple[str, AllowlistEntry] | None:
    """Return the entry of that id with its account's name."""
    query = select(account_table.c.name.label("account_name"), table).join_from(table, account_table)
    row = connection.execute(query.where(table.c.id == entry)).mappings().first()
    return (row["account_name"], entry_of(row)) if row else None


def approve(connection: Connection, entry: AllowlistEntryId, by: str, at: datetime) -> bool:
    """Let a waiting entry stand.  Return False unless it waits and somebody else added it."""
    changed = update(table).where(table.c.id == entry, table.c.approved_by.is_(None), table.c.added_by != by)
    return connection.execute(changed.values(approved_by=by, approved_at=at)).rowcount == 1


def seen(connection: Connection, entry: AllowlistEntryId, at: datetime) -> None:
    """Note that somebody was admitted by the entry."""
    _SEEN.run(connection, entry=entry, at=at)


def remove(connection: Connection, entry: AllowlistEntryId) -> bool:
    """Take an entry off its list.  Return False if it was gone."""
    return connection.execute(delete(table).where(table.c.id == entry)).rowcount == 1
