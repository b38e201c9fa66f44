"""A folder's names as one caller sees them, by keyset pages of one query each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Select, and_, bindparam, or_, select

from mft.model.file import Hold
from mft.model.ids import AccountId, EntryId
from mft.store.tables import entry, version
from mft.store.types import Instant
from mft.store.versions import SHOWN, held, hold_of


class Child(NamedTuple):
    """One row of a listing, light because there may be 50,000 of them."""

    id: int
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


_COLUMNS: Final = (entry.c.id, entry.c.name, entry.c.kind, entry.c.created_at, entry.c.creator, *SHOWN)


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks, for what only they see."""

    account: AccountId | None
    name: str


@lru_cache(maxsize=2)
def _page(*, folders_only: bool) -> Select[Any]:
    now: Any = bindparam("now", type_=Instant)
    there = or_(version.c.expires_at > now, held(now))
    handed_over = or_(
        entry.c.created_at <= bindparam("loud_since", type_=Instant), version.c.creator == bindparam("name")
    )
    own = or_(entry.c.work_owner.is_(None), entry.c.work_owner == bindparam("account"))
    folder = entry.c.kind == "folder"
    shown = folder if folders_only else or_(folder, and_(there, handed_over, own))
    return (
        select(*_COLUMNS)
        .select_from(entry.outerjoin(version, version.c.entry == entry.c.id))
        .where(entry.c.parent == bindparam("folder"), entry.c.name > bindparam("after"), shown)
        .order_by(entry.c.name)
        .limit(bindparam("count"))
    )


def page(
    connection: Connection,
    folder: EntryId,
    viewer: Viewer,
    now: datetime,
    *,
    quiet_seconds: int,
    after: str,
    count: int,
    folders_only: bool,
) -> Sequence[Child]:
    """Return up to *count* names behind *after* that *viewer* sees at *now*, in the order of names.

    Not there: what has expired, others' work names, and others' files younger than *quiet_seconds*.
    """
    binds = {
        "folder": folder,
        "after": after,
        "count": count,
        "now": now,
        "loud_since": now - timedelta(seconds=quiet_seconds),
        "name": viewer.name,
        "account": viewer.account,
    }
    used = {key: binds[key] for key in ("folder", "after", "count")} if folders_only else binds
    return [Child._make(row) for row in connection.execute(_page(folders_only=folders_only), used).all()]
