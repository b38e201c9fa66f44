"""What went in and out, counted by day in the database, and how long how much has lain here.

A version keeps its row when it ends, so that what came in is counted whether or not it is still here.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    Float,
    Select,
    Text,
    case,
    cast,
    func,
    literal,
    null,
    select,
    type_coerce,
)

from mft.model.ids import EntryId, OrganizationId
from mft.store.reports.files import date_of, day_of
from mft.store.tables import download, entry, tombstone, version
from mft.store.types import Instant

_A_DAY: Final = 86_400_000_000.0
"""Microseconds."""


@dataclass(frozen=True, slots=True)
class Slot:
    """What is counted together: one account's, or one folder's, share of one day."""

    owner: OrganizationId | None
    """Whose files they are."""
    who: str
    """The account's or operator's name; empty where folders are counted."""
    folder: EntryId | None
    """Where the file is now."""
    was: str | None
    """Where it was when it went."""
    day: date


@dataclass(frozen=True, slots=True)
class Span:
    """From *since*, up to and without *until*; of one organization or of all."""

    since: datetime
    until: datetime
    within: OrganizationId | None = None

    def holds(self, moment: ColumnElement[datetime]) -> list[ColumnElement[bool]]:
        """Return the conditions that *moment* is in it, and a version of the right organization."""
        return [moment >= self.since, moment < self.until, *_of(self.within)]


_PLACED: Final = version.outerjoin(entry, entry.c.id == version.c.entry).outerjoin(
    tombstone, tombstone.c.version == version.c.id
)
_SLOT: Final = ("owner", "who", "folder", "was", "day")


def uploads(connection: Connection, span: Span, *, by_folder: bool) -> dict[Slot, tuple[int, int]]:
    """Return how many files, and bytes, came in during *span*."""
    columns = _slot(version.c.creator, version.c.created_at, by_folder=by_folder)
    each = select(*columns, version.c.size).select_from(_PLACED if by_folder else version)
    one = each.where(*span.holds(version.c.created_at)).subquery()
    query = _grouped(one, func.count(), func.sum(one.c.size))
    return {_slot_of(row): (row[-2], int(row[-1])) for row in connection.execute(query)}


def downloads(connection: Connection, span: Span, *, by_folder: bool) -> dict[Slot, tuple[int, int, int, int]]:
    """Return the downloads that ended during *span*: whole ones and their bytes, partial ones and theirs."""
    columns = _slot(download.c.account_name, download.c.ended_at, by_folder=by_folder)
    source = (_PLACED if by_folder else version).join(download, download.c.version == version.c.id)
    each = select(*columns, download.c.bytes, download.c.whole).select_from(source)
    one = each.where(*span.holds(download.c.ended_at)).subquery()
    whole = type_coerce(one.c.whole, Boolean)
    sums = [
        func.sum(case((which, amount), else_=0)) for which in (whole, ~whole) for amount in (literal(1), one.c.bytes)
    ]
    return {
        _slot_of(row): (int(row[-4]), int(row[-3]), int(row[-2]), int(row[-1]))
        for row in connection.execute(_grouped(one, *sums))
    }


def byte_days(
    connection: Connection, since: datetime, until: datetime, within: OrganizationId | None
) -> dict[OrganizationId | None, float]:
    """Return how much of each organization lay here from *since* to *until*, in bytes times days.

    A file lies here from its receipt until nobody can read it any more.
    """
    gone = func.coalesce(tombstone.c.key_destroyed_at, tombstone.c.destroyed_at, type_=Instant)
    first, last = literal(since, Instant), literal(until, Instant)
    start = case((version.c.created_at > first, version.c.created_at), else_=first)
    end = case((gone < last, gone), else_=last)
    lay = type_coerce(end, BigInteger) - type_coerce(start, BigInteger)
    amount = cast(version.c.size, Float) * cast(lay, Float)
    here = (version.c.created_at < last) & (gone.is_(None) | (gone > first))
    source = version.outerjoin(tombstone, tombstone.c.version == version.c.id)
    query = select(version.c.organization, func.sum(amount)).select_from(source).where(here, *_of(within))
    return {owner: float(sum_) / _A_DAY for owner, sum_ in connection.execute(query.group_by(version.c.organization))}


def _of(within: OrganizationId | None) -> tuple[ColumnElement[bool], ...]:
    return () if within is None else (version.c.organization == within,)


def _slot(who: ColumnElement[str], at: ColumnElement[datetime], *, by_folder: bool) -> tuple[ColumnElement[Any], ...]:
    nothing: tuple[ColumnElement[Any], ...] = (type_coerce(null(), BigInteger), type_coerce(null(), Text))
    place: tuple[ColumnElement[Any], ...] = (entry.c.parent, tombstone.c.folder)
    columns = (
        version.c.organization,
        literal("") if by_folder else who,
        *(place if by_folder else nothing),
        day_of(at),
    )
    return tuple(column.label(name) for name, column in zip(_SLOT, columns, strict=True))


def _grouped(one: Any, *sums: ColumnElement[Any]) -> Select[Any]:
    slot = [one.c[name] for name in _SLOT]
    return select(*slot, *sums).group_by(*slot)


def _slot_of(row: Any) -> Slot:
    owner, who, folder, was, day, *_ = row
    return Slot(owner, who, folder, was, date_of(day))
