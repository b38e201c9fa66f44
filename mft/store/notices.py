"""What somebody was told about an end that comes, as rows: each notice is given once for each end.

A moved end, as after a sign-on, is another end and is told of anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal,
    select,
    tuple_,
)

from mft.model.ids import AccountId, EntryId, VersionId
from mft.store.tables import download, entry, version
from mft.store.tables import notice as table
from mft.store.types import Instant
from mft.store.versions import held

ENDED: Final = 0
"""The days of a notice that something has ended, not that it will."""


def told(connection: Connection, account: AccountId, ends_at: datetime) -> frozenset[int]:
    """Return how many days before *ends_at*, an end of the account itself, it was told of."""
    about = (table.c.account == account, table.c.version.is_(None), table.c.ends_at == ends_at)
    return frozenset(connection.scalars(select(table.c.days).where(*about)))


def tell(connection: Connection, account: AccountId, ends_at: datetime, days: int, at: datetime) -> None:
    """Note that it was told *days* before *ends_at*; ask ``told`` first, in the same transaction."""
    connection.execute(insert(table).values(account=account, version=None, days=days, ends_at=ends_at, told_at=at))


@dataclass(frozen=True, slots=True)
class FileEnd:
    """A file whose end comes, as somebody may be told of it."""

    version: VersionId
    folder: EntryId
    name: str
    expires_at: datetime
    appeared_at: datetime
    """Since when the name is there: a folder's quiet time runs from then."""
    days: int
    """Which of the days before its end it is to be named for."""
    told: int | None
    """The fewest days before this end that the reader was told of already."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who is told of files, and of what they are not: what they brought and what they took."""

    account: AccountId
    name: str


def ending_files(
    connection: Connection, now: datetime, until: datetime, after: tuple[datetime, VersionId], limit: int
) -> list[tuple[datetime, VersionId, EntryId]]:
    """Return up to *limit* files behind *after* that end after *now* and by *until*: when, which, in which folder.

    Left out are files that are held and files under work names.
    """
    rows = connection.execute(
        select(version.c.expires_at, version.c.id, entry.c.parent)
        .join(entry, entry.c.id == version.c.entry)
        .where(
            _standing(literal(now, Instant)),
            version.c.expires_at <= until,
            tuple_(version.c.expires_at, version.c.id) > tuple_(literal(after[0], Instant), after[1]),
        )
        .order_by(version.c.expires_at, version.c.id)
        .limit(limit)
    )
    return [(ends_at, VersionId(number), EntryId(folder)) for ends_at, number, folder in rows]


def untold_files(
    connection: Connection,
    reader: Reader,
    numbers: Sequence[VersionId],
    now: datetime,
    windows: Sequence[tuple[int, datetime]],
) -> list[FileEnd]:
    """Return those of *numbers* that *reader* neither brought nor took whole, and was not told of for their day.

    *windows* says until when a file ends that is named for so many days, the most urgent first.
    """
    asked = {"account": reader.account, "name": reader.name, "numbers": numbers, "now": now}
    untils = {f"until_{count}": until for count, until in windows}
    rows = connection.execute(_untold(tuple(count for count, _ in windows)), asked | untils)
    return [FileEnd(*row) for row in rows]


@lru_cache(maxsize=4)
def _untold(counts: tuple[int, ...]) -> Select[Any]:
    """Return the statement for these days, built once: each person's digest runs it."""
    now: Any = bindparam("now", type_=Instant)
    untils = [bindparam(f"until_{count}", type_=Instant) for count in counts]
    within = [version.c.expires_at <= until for until in untils]
    days = case(*zip(within, counts, strict=True), else_=None)
    reader: BindParameter[Any] = bindparam("account")
    about = (table.c.account == reader, table.c.version == version.c.id, table.c.ends_at == version.c.expires_at)
    told = select(func.min(table.c.days)).where(*about).scalar_subquery()
    taken = select(1).where(download.c.version == version.c.id, download.c.account == reader, download.c.whole)
    wanted = (
        version.c.id.in_(bindparam("numbers", expanding=True)),
        _standing(now),
        within[-1],
        version.c.creator != bindparam("name"),
        ~taken.exists(),
        ~select(1).where(*about, table.c.days <= days).exists(),
    )
    columns = (version.c.id, entry.c.parent, entry.c.name, version.c.expires_at, entry.c.created_at, days, told)
    return select(*columns).join(entry, entry.c.id == version.c.entry).where(*wanted)


def tell_files(connection: Connection, account: AccountId, ends: Sequence[FileEnd], at: datetime) -> None:
    """Note that *account* was told of *ends*; ask ``untold_files`` first, in the same transaction."""
    rows = [
        {"account": account, "version": one.version, "days": one.days, "ends_at": one.expires_at, "told_at": at}
        for one in ends
    ]
    connection.execute(insert(table), rows)


def forget_files(connection: Connection, before: datetime, limit: int) -> int:
    """Forget up to *limit* notices of files that ended before *before*; return how many."""
    past = select(table.c.id).where(table.c.version.is_not(None), table.c.ends_at < before).limit(limit)
    return connection.execute(delete(table).where(table.c.id.in_(past))).rowcount


def _standing(now: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Return the condition that a file is there, ends after *now*, is not held and was handed over."""
    return version.c.entry.is_not(None) & (version.c.expires_at > now) & ~held(now) & entry.c.work_owner.is_(None)
