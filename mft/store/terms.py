"""How long the files below a folder stay: all of them at once, for changes of class, holds and outlooks.

Only what is there at the moment in question counts: what has gone stays gone, swept or not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    case,
    func,
    literal,
    or_,
    select,
    type_coerce,
    update,
)

from mft.model.file import EntryKind, Hold
from mft.model.ids import EntryId, VersionId
from mft.model.path import VirtualPath
from mft.policy.retention import RetentionClass, Term, class_of, end_of
from mft.store.tables import entry, version
from mft.store.types import Instant
from mft.store.versions import held, hold_of

Which = ColumnElement[bool]
"""The condition that says which versions are meant: ``alone`` or ``in_folder``."""
_MICROSECOND: Final = timedelta(microseconds=1)
_PAGE: Final = 10_000
_JOINED: Final = version.join(entry, version.c.entry == entry.c.id)


@dataclass(frozen=True, slots=True)
class Kept:
    """A file, as far as its staying goes."""

    id: VersionId
    folder: EntryId
    name: str
    size: int
    received_at: datetime
    expires_at: datetime
    work: bool
    """Whether it is under a work name: never handed over, with a term of its own."""
    hold: Hold | None


_KEPT: Final = (
    version.c.id,
    entry.c.parent,
    entry.c.name,
    version.c.size,
    version.c.received_at,
    version.c.expires_at,
    entry.c.work_owner,
    version.c.hold,
    version.c.hold_by,
    version.c.hold_at,
    version.c.hold_until,
)


def _kept(row: Sequence[Any]) -> Kept:
    number, folder, name, size, received_at, expires_at, owner, *hold = row
    return Kept(number, folder, name, size, received_at, expires_at, owner is not None, hold_of(*hold))


@dataclass(frozen=True, slots=True)
class Ruled:
    """A folder, and the class that holds in it."""

    path: VirtualPath
    retention: RetentionClass
    apart: bool
    """Whether it, or a folder between it and where one began to look, says a class of its own."""


def folders(connection: Connection, start: EntryId, path: VirtualPath, retention: RetentionClass) -> dict[int, Ruled]:
    """Return the folder *start*, which is at *path* and of the class *retention*, and every folder below."""
    columns = (entry.c.id, entry.c.parent, entry.c.name, entry.c.retention_class)
    down = select(*columns, literal(0).label("depth")).where(entry.c.id == start).cte(recursive=True)
    inside = (entry.c.parent == down.c.id) & (entry.c.kind == EntryKind.FOLDER)
    down = down.union_all(select(*columns, down.c.depth + 1).join(down, inside))
    found: dict[int, Ruled] = {}
    for number, parent, name, said, depth in connection.execute(select(down).order_by(down.c.depth)):
        if depth == 0:
            found[number] = Ruled(path, retention, apart=False)
            continue
        above = found[parent]
        place = VirtualPath((*above.path.names, name))
        found[number] = Ruled(place, class_of((above.retention, said)), apart=above.apart or said is not None)
    return found


def below(connection: Connection, folder: EntryId, now: datetime | None) -> Iterator[Kept]:
    """Yield the files that are there at *now* in *folder* and below; those on hold among them.

    For None, what has expired and waits for the sweep is among them too.
    """
    wanted = select(*_KEPT).select_from(_JOINED).where(_inside(folder))
    if now is not None:
        wanted = wanted.where(_there(now))
    for page in connection.execute(wanted).partitions(_PAGE):
        yield from map(_kept, page)


def held_below(connection: Connection, folder: EntryId, now: datetime) -> list[tuple[Kept, Hold]]:
    """Return the files in *folder* and below that something holds at *now*, each with its hold."""
    wanted = select(*_KEPT).select_from(_JOINED).where(_inside(folder), held(literal(now, Instant)))
    return [(kept, kept.hold) for kept in map(_kept, connection.execute(wanted)) if kept.hold is not None]


def gone_unswept(connection: Connection, folder: EntryId, now: datetime) -> list[tuple[Kept, bytes, str]]:
    """Return what is in *folder* itself, its digest and creator, though it is not there any more at *now*."""
    wanted = select(*_KEPT, version.c.sha256, version.c.creator).select_from(_JOINED)
    rows = connection.execute(wanted.where(entry.c.parent == folder, ~_there(now)))
    return [(_kept(row[:-2]), row[-2], row[-1]) for row in rows]


def reterm(connection: Connection, folder: EntryId, term: Term, now: datetime) -> None:
    """Let every file in *folder*, and below it where no folder says otherwise, stay *term* from its receipt.

    Files under work names keep their day.
    """
    here = select(version.c.id).select_from(_JOINED)
    here = here.where(_inside(folder, inheriting=True), _there(now), entry.c.work_owner.is_(None))
    bounds = select(func.min(version.c.received_at), func.max(version.c.received_at)).where(version.c.id.in_(here))
    first, last = connection.execute(bounds).one()
    if first is not None:
        expires = type_coerce(type_coerce(version.c.received_at, BigInteger) + _length(term, first, last), Instant)
        connection.execute(update(version).where(version.c.id.in_(here)).values(expires_at=expires))


def _length(term: Term, first: datetime, last: datetime) -> ColumnElement[int]:
    """Return how many microseconds *term* lasts from the receipt of what was received from *first* to *last*.

    A month's length hangs on the day it begins, and no database counts it as we do; so the days are looked
    at here, and each run of days that make the term equally long becomes one branch of one statement.
    """
    runs: list[tuple[datetime, int]] = []
    day = first.replace(hour=0, minute=0, second=0, microsecond=0)
    while day <= last:
        length = (end_of(term, day) - day) // _MICROSECOND
        if not runs or runs[-1][1] != length:
            runs.append((day, length))
        day += timedelta(days=1)
    (_, earliest), *later = runs
    branches = [(version.c.received_at >= since, literal(length)) for since, length in reversed(later)]
    return case(*branches, else_=literal(earliest)) if branches else literal(earliest)


def hold_all(connection: Connection, folder: EntryId, hold: Hold, reach: datetime) -> tuple[int, int]:
    """Hold every file in *folder* and below whose term ends after *reach* or that is held, but work names.

    Return how many, and how many were left as they are: what another hold keeps at least as long.
    """
    there = select(version.c.id).select_from(_JOINED)
    there = there.where(_inside(folder), _there(reach), entry.c.work_owner.is_(None))
    counted = select(func.count()).select_from(version).where(version.c.id.in_(there))
    total = connection.execute(counted).scalar_one()
    # Counted first: a statement that begins with WITH tells SQLite's driver no number of rows.
    count = connection.execute(counted.where(~_outlasts(hold))).scalar_one()
    connection.execute(update(version).where(version.c.id.in_(there), ~_outlasts(hold)).values(_columns(hold)))
    return count, total - count


def hold_one(connection: Connection, number: VersionId, hold: Hold) -> bool:
    """Hold the version; return False, and change nothing, when another hold keeps it at least as long."""
    one = update(version).where(version.c.id == number, ~_outlasts(hold)).values(_columns(hold))
    return connection.execute(one).rowcount == 1


@dataclass(frozen=True, slots=True)
class Reason:
    """Why files are held, and how many."""

    why: str
    files: int
    gone: int
    """How many are there only because they are held: their term is over."""


def reasons(connection: Connection, where: Which, now: datetime) -> list[Reason]:
    """Return why those versions are held at *now* that *where* says."""
    over = func.sum(case((version.c.expires_at <= now, 1), else_=0))
    counted = select(version.c.hold, func.count(), over).where(where, held(literal(now, Instant)))
    return [Reason(*row) for row in connection.execute(counted.group_by(version.c.hold).order_by(version.c.hold))]


def lift(connection: Connection, where: Which, why: str, now: datetime) -> None:
    """Take the holds because of *why* off the versions that *where* says."""
    stands = (version.c.hold == why) & held(literal(now, Instant))
    connection.execute(update(version).where(where, stands).values(_columns(None)))


def alone(number: VersionId) -> Which:
    """Return the condition that a version is this one."""
    return version.c.id == number


def in_folder(folder: EntryId) -> Which:
    """Return the condition that a version is current in *folder* or below."""
    return version.c.entry.in_(select(entry.c.id).where(_inside(folder)))


def classes_said(connection: Connection) -> list[tuple[EntryId, RetentionClass]]:
    """Return every folder that says a class of its own."""
    said = select(entry.c.id, entry.c.retention_class).where(entry.c.retention_class.is_not(None))
    return [(EntryId(number), RetentionClass(name)) for number, name in connection.execute(said.order_by(entry.c.id))]


def _columns(hold: Hold | None) -> dict[str, object]:
    said = (None, None, None, None) if hold is None else (hold.why, hold.by, hold.at, hold.until)
    return dict(zip(("hold", "hold_by", "hold_at", "hold_until"), said, strict=True))


def _outlasts(hold: Hold) -> ColumnElement[bool]:
    """Return the condition that what holds a version already does so at least as long as *hold*."""
    endless = version.c.hold_until.is_(None)
    longer = endless if hold.until is None else endless | (version.c.hold_until >= hold.until)
    # Written so that it is never NULL: its negation must let through what nothing holds.
    return version.c.hold.is_not(None) & longer & held(literal(hold.at, Instant))


def _there(now: datetime) -> ColumnElement[bool]:
    return or_(version.c.expires_at > now, held(literal(now, Instant)))


def _inside(folder: EntryId, *, inheriting: bool = False) -> ColumnElement[bool]:
    """Return the condition that an entry is in *folder* or below; *inheriting*: as far as no folder says a class."""
    down = select(entry.c.id).where(entry.c.id == folder).cte(recursive=True)
    further = (entry.c.parent == down.c.id) & (entry.c.kind == EntryKind.FOLDER)
    if inheriting:
        further &= entry.c.retention_class.is_(None)
    down = down.union_all(select(entry.c.id).join(down, further))
    return entry.c.parent.in_(select(down.c.id))
