"""Files that are about to leave, and files that nobody came for; those under work names are never among them.

What the organization's own people put waits for anybody but who put it; what came from elsewhere waits
for somebody of the organization.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Connection, case, func, literal, or_, select, type_coerce

from mft.model.ids import EntryId, OrganizationId
from mft.model.path import VirtualPath
from mft.store.catalog import whereabouts
from mft.store.tables import account, download, entry, version
from mft.store.types import EPOCH, Instant
from mft.store.versions import held

_A_DAY: Final = 86_400_000_000
"""Microseconds."""
_AT_ONCE: Final = 10_000
"""Folders that one statement looks up; SQLite takes 32,766 values."""
_CURRENT: Final = version.join(entry, entry.c.id == version.c.entry)
_PUTTER: Final = account.alias("putter")
"""Who put a file, if it was one of the organization that it belongs to."""
_PUT: Final = _CURRENT.outerjoin(
    _PUTTER, (_PUTTER.c.name == version.c.creator) & (_PUTTER.c.organization == version.c.organization)
)


@dataclass(frozen=True, slots=True)
class Leaving:
    """How much leaves a folder on one day, in UTC."""

    owner: OrganizationId | None
    folder: EntryId
    day: date
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that is there, as far as its leaving goes."""

    owner: OrganizationId | None
    folder: EntryId
    name: str
    size: int
    put_by: str
    received_at: datetime
    leaves_at: datetime | None
    """None while a hold without an end keeps it."""
    downloads: int


def leaving(connection: Connection, now: datetime, until: datetime, within: OrganizationId | None) -> list[Leaving]:
    """Return how much leaves each folder on each day from *now* to *until*, the first day first."""
    each = select(
        version.c.organization.label("owner"),
        entry.c.parent.label("folder"),
        day_of(_leaves_at()).label("day"),
        version.c.size,
    )
    one = each.select_from(_CURRENT).where(*_leave_between(now, until), *_of(within)).subquery()
    query = select(one.c.owner, one.c.folder, one.c.day, func.count(), func.sum(one.c.size))
    rows = connection.execute(query.group_by(one.c.owner, one.c.folder, one.c.day).order_by(one.c.day))
    return [Leaving(owner, folder, date_of(day), files, int(size)) for owner, folder, day, files, size in rows]


def leaving_files(
    connection: Connection, now: datetime, until: datetime, within: OrganizationId | None
) -> list[Waiting]:
    """Return each file that leaves from *now* to *until*, the first first."""
    wanted = select(*_WAITING).select_from(_CURRENT).where(*_leave_between(now, until), *_of(within))
    return [_waiting(row) for row in connection.execute(wanted.order_by(_leaves_at(), version.c.id))]


def unfetched(connection: Connection, now: datetime, before: datetime, within: OrganizationId | None) -> list[Waiting]:
    """Return the files received up to *before* that nobody has taken whole for whom they are, oldest first."""
    wanted = select(*_WAITING).select_from(_PUT)
    wanted = wanted.where(*_nobody_came(now), version.c.received_at <= before, *_of(within))
    return [_waiting(row) for row in connection.execute(wanted.order_by(version.c.received_at, version.c.id))]


def unfetched_sums(
    connection: Connection, now: datetime, within: OrganizationId | None
) -> dict[OrganizationId, tuple[int, int]]:
    """Return how many files, and bytes, of each organization nobody has taken whole."""
    summed = select(version.c.organization, func.count(), func.sum(version.c.size)).select_from(_PUT)
    rows = connection.execute(summed.where(*_nobody_came(now), *_of(within)).group_by(version.c.organization))
    return {owner: (files, int(size)) for owner, files, size in rows}


def paths(connection: Connection, folders: Iterable[EntryId]) -> Mapping[EntryId, VirtualPath]:
    """Return where each of *folders* is."""
    left = iter(sorted(set(folders)))
    found: dict[EntryId, VirtualPath] = {}
    while some := list(islice(left, _AT_ONCE)):
        found |= {folder: one.path for folder, one in whereabouts(connection, some).items()}
    return found


def day_of(moment: ColumnElement[datetime]) -> ColumnElement[int]:
    """Return the expression for the number of the day, in UTC, that *moment* is in."""
    return type_coerce(moment, BigInteger) // literal(_A_DAY, BigInteger)


def date_of(day: int) -> date:
    """Return the date that ``day_of`` numbered."""
    return (EPOCH + timedelta(days=day)).date()


def _leaves_at() -> ColumnElement[datetime]:
    """Return the expression for ``mft.policy.retention.leaves_at`` where a hold has an end or there is none."""
    later = version.c.hold.is_not(None) & (version.c.hold_until > version.c.expires_at)
    return type_coerce(case((later, version.c.hold_until), else_=version.c.expires_at), Instant)


_ENDLESS: Final = version.c.hold.is_not(None) & version.c.hold_until.is_(None)
_WAITING: Final = (
    version.c.organization,
    entry.c.parent,
    entry.c.name,
    version.c.size,
    version.c.creator,
    version.c.received_at,
    _leaves_at(),
    version.c.downloads,
    _ENDLESS,
)


def _waiting(row: Sequence[Any]) -> Waiting:
    owner, folder, name, size, put_by, received_at, leaves_at, downloads, endless = row
    return Waiting(owner, folder, name, size, put_by, received_at, None if endless else leaves_at, downloads)


def _leave_between(now: datetime, until: datetime) -> tuple[ColumnElement[bool], ...]:
    # A hold only puts the end off, so that the index on the term finds all that can leave.
    soon = version.c.entry.is_not(None) & (version.c.expires_at <= until)
    return (soon, ~_ENDLESS, entry.c.work_owner.is_(None), _leaves_at() > now, _leaves_at() <= until)


def _of(within: OrganizationId | None) -> tuple[ColumnElement[bool], ...]:
    return () if within is None else (version.c.organization == within,)


def _nobody_came(now: datetime) -> tuple[ColumnElement[bool], ...]:
    there = or_(version.c.expires_at > now, held(literal(now, Instant)))
    # Nearly every file that waits was taken by nobody at all, which its own row says.
    nobody = or_(version.c.downloads == 0, ~_came_for())
    current = version.c.entry.is_not(None) & version.c.organization.is_not(None)
    return (current, entry.c.work_owner.is_(None), there, nobody)


def _came_for() -> ColumnElement[bool]:
    """Return the condition that somebody has taken a version whole for whom it was."""
    taker = account.alias("taker")
    right_one = case(
        (_PUTTER.c.id.is_not(None), download.c.account_name != version.c.creator),
        else_=taker.c.organization == version.c.organization,
    )
    taken = select(literal(1)).select_from(download.outerjoin(taker, taker.c.id == download.c.account))
    return taken.where(download.c.version == version.c.id, download.c.whole, right_one).exists()
