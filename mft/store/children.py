"""A folder's names as one caller sees them, by keyset pages of one query each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    func,
    null,
    or_,
    select,
    type_coerce,
)

from mft.model.file import Hold
from mft.model.ids import AccountId, EntryId
from mft.store.prepared import Prepared
from mft.store.tables import entry, version
from mft.store.types import Instant
from mft.store.versions import SHOWN, held, hold_of


class Child(NamedTuple):
    """One row of a listing, light because there may be 50,000 of them."""

    name: str
    kind: str
    entry_created_at: datetime
    entry_creator: str
    size: int | None
    sha256: bytes | None
    creator: str | None
    created_at: datetime | None
    received_at: datetime | None
    received_from: str | None
    expires_at: datetime | None
    client_mtime: int | None
    downloads: int | None
    why: str | None
    hold_by: str | None
    hold_at: datetime | None
    hold_until: datetime | None

    @property
    def hold(self) -> Hold | None:
        """What keeps it, if anything does."""
        return hold_of(self.why, self.hold_by, self.hold_at, self.hold_until)


Line = tuple[str, str, int, int, str, int | None]
"""What ``ls -l`` needs of a name, and a plain tuple, since nothing may be done for each of 50,000 but print it:

the name, the kind, bytes, when it was modified (seconds since 1970), the creator, and the day since 1970 on
which it will not be there any more: 0 for a folder, None while a hold without an end keeps it.
"""

_SECOND: Final = 1_000_000
_DAY: Final = 86_400 * _SECOND


def _number(moment: ColumnElement[datetime]) -> ColumnElement[int]:
    """Return *moment* as it is stored, in microseconds."""
    return type_coerce(moment, BigInteger)


_RECEIVED: Final = func.coalesce(version.c.received_at, entry.c.created_at)
_ENDS, _HELD_UNTIL = _number(version.c.expires_at), _number(version.c.hold_until)
_LINE: Final = (
    entry.c.name,
    entry.c.kind,
    func.coalesce(version.c.size, 0),
    func.coalesce(version.c.client_mtime, _number(_RECEIVED) // _SECOND),
    func.coalesce(version.c.creator, entry.c.creator),
    case(
        (version.c.id.is_(None), 0),
        (version.c.hold.is_(None), _ENDS // _DAY),
        (version.c.hold_until.is_(None), null()),
        (_HELD_UNTIL > _ENDS, _HELD_UNTIL // _DAY),
        else_=_ENDS // _DAY,
    ),
)
_COLUMNS: Final = (entry.c.name, entry.c.kind, entry.c.created_at, entry.c.creator, *SHOWN)


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks, for what only they see."""

    account: AccountId | None
    name: str


@lru_cache(maxsize=4)
def _page(*, folders_only: bool, lines: bool) -> Prepared:
    now: Any = bindparam("now", type_=Instant)
    there = or_(version.c.expires_at > now, held(now))
    handed_over = or_(
        entry.c.created_at <= bindparam("loud_since", type_=Instant), version.c.creator == bindparam("name")
    )
    own = or_(entry.c.work_owner.is_(None), entry.c.work_owner == bindparam("account"))
    folder = entry.c.kind == "folder"
    shown = folder if folders_only else or_(folder, and_(there, handed_over, own))
    return Prepared(
        select(*(_LINE if lines else _COLUMNS))
        .select_from(entry.outerjoin(version, version.c.entry == entry.c.id))
        .where(entry.c.parent == bindparam("folder"), entry.c.name > bindparam("after"), shown)
        .order_by(entry.c.name)
        .limit(bindparam("count"))
    )


@dataclass(frozen=True, slots=True)
class Reader:
    """A folder as *viewer* reads it, from the first name to the last."""

    folder: EntryId
    viewer: Viewer
    quiet_seconds: int
    folders_only: bool

    def page(self, connection: Connection, now: datetime, *, after: str, count: int) -> Sequence[Child]:
        """Return up to *count* names behind *after* that the viewer sees at *now*, in the order of names.

        Not there: what has expired, others' work names, and others' files younger than *quiet_seconds*.
        """
        return [Child._make(row) for row in self._rows(connection, now, after, count, lines=False)]

    def lines(self, connection: Connection, now: datetime, *, after: str, count: int) -> Sequence[Line]:
        """Return what ``page`` returns, as far as ``ls -l`` needs it."""
        rows: Sequence[Any] = self._rows(connection, now, after, count, lines=True)
        return rows

    def _rows(
        self, connection: Connection, now: datetime, after: str, count: int, *, lines: bool
    ) -> list[tuple[Any, ...]]:
        asked: dict[str, Any] = {"folder": self.folder, "after": after, "count": count}
        if not self.folders_only:
            asked["now"] = now
            asked["loud_since"] = now - timedelta(seconds=self.quiet_seconds)
            asked["name"], asked["account"] = self.viewer.name, self.viewer.account
        return _page(folders_only=self.folders_only, lines=lines).rows(connection, **asked)
