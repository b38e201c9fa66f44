"""Uploads on their way in.  Each opening has a lease; what is done under an older one is refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    ScalarSelect,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from mft.model.errors import Conflict
from mft.model.file import SealedKey, UploadState
from mft.model.ids import AccountId, BlobId, EntryId, OrganizationId, UploadId
from mft.model.node import below
from mft.policy.quota import Quota, Use
from mft.store.children import Viewer
from mft.store.prepared import Prepared
from mft.store.tables import entry, organization, upload, version
from mft.store.types import Instant
from mft.store.usage import USAGE
from mft.store.versions import held


@dataclass(frozen=True, slots=True)
class Staged:
    """An upload's row.  It hangs on its folder, so that it follows when the folder is renamed."""

    id: UploadId
    parent: EntryId
    name: str
    owner: AccountId | None
    owner_name: str
    blob: BlobId
    key: SealedKey
    state: UploadState
    lease: str
    node: str
    size: int
    opened_at: datetime
    touched_at: datetime


_COLUMNS: Final = (
    upload.c.id,
    upload.c.parent,
    upload.c.name,
    upload.c.owner,
    upload.c.owner_name,
    upload.c.blob,
    upload.c.wrapped_key,
    upload.c.master,
    upload.c.state,
    upload.c.lease,
    upload.c.node,
    upload.c.size,
    upload.c.opened_at,
    upload.c.touched_at,
)


def _staged(row: Sequence[Any]) -> Staged:
    number, parent, name, owner, owner_name, blob, wrapped, master, state, *rest = row
    key = SealedKey(wrapped, master)
    return Staged(number, parent, name, owner, owner_name, blob, key, UploadState(state), *rest)


def _is_of(name: Any, account: Any) -> ColumnElement[bool]:
    # An operator has no account; their name tells them apart.
    theirs: ColumnElement[bool] = upload.c.owner.is_not_distinct_from(account)
    named: ColumnElement[bool] = upload.c.owner_name == name
    return named & theirs


_ADD: Final = Prepared(insert(upload))


def add_upload(connection: Connection, new: Staged) -> None:
    """Insert *new*.  Raises Conflict when somebody writes the same path (uq_upload_open)."""
    try:
        _ADD.run(
            connection,
            id=new.id,
            parent=new.parent,
            name=new.name,
            owner=new.owner,
            owner_name=new.owner_name,
            blob=new.blob,
            wrapped_key=new.key.wrapped,
            master=new.key.master,
            state=new.state.value,
            lease=new.lease,
            node=new.node,
            size=new.size,
            opened_at=new.opened_at,
            touched_at=new.touched_at,
        )
    except IntegrityError:
        raise Conflict(f"{new.name} is being written") from None


def at(connection: Connection, parent: EntryId, name: str) -> list[Staged]:
    """Return every upload under *name* in the folder *parent*, whoever's."""
    here = select(*_COLUMNS).where(upload.c.parent == parent, upload.c.name == name)
    return [_staged(row) for row in connection.execute(here)]


_MINE_AT: Final = Prepared(
    select(*_COLUMNS)
    .where(
        upload.c.parent == bindparam("in_parent"),
        upload.c.name == bindparam("at_name"),
        _is_of(bindparam("viewer"), bindparam("account")),
    )
    .order_by(upload.c.opened_at.desc())
)


def mine_at(connection: Connection, parent: EntryId, name: str, viewer: Viewer) -> Staged | None:
    """Return *viewer*'s upload under *name* in the folder *parent*, or None."""
    row = _MINE_AT.first(connection, in_parent=parent, at_name=name, viewer=viewer.name, account=viewer.account)
    return None if row is None else _staged(row)


def mine_in(connection: Connection, parent: EntryId, viewer: Viewer, since: datetime, now: datetime) -> list[Staged]:
    """Return *viewer*'s uploads in the folder *parent* touched after *since*, by name.

    Left out are those whose name stands in the tree at *now*.
    """
    asked = {"parent": parent, "viewer": viewer.name, "account": viewer.account, "since": since, "now": now}
    return [_staged(row) for row in _mine_in().rows(connection, **asked)]


@lru_cache(maxsize=1)
def _mine_in() -> Prepared:
    now: Any = bindparam("now", type_=Instant)
    gone = (version.c.expires_at <= now) & ~held(now)
    parent: Any = bindparam("parent")
    stands = (
        exists()
        .select_from(entry.outerjoin(version, version.c.entry == entry.c.id))
        .where(entry.c.parent == parent, entry.c.name == upload.c.name, version.c.id.is_(None) | ~gone)
    )
    here = (upload.c.parent == parent) & (upload.c.touched_at > bindparam("since", type_=Instant)) & ~stands
    theirs = _is_of(bindparam("viewer"), bindparam("account"))
    return Prepared(select(*_COLUMNS).where(here, theirs).order_by(upload.c.name))


def in_folder(connection: Connection, parent: EntryId) -> list[Staged]:
    """Return every upload in the folder *parent*."""
    return [_staged(row) for row in connection.execute(select(*_COLUMNS).where(upload.c.parent == parent))]


def renew_lease(connection: Connection, old: Staged, new: Staged) -> None:
    """Give the upload *old* the lease, bytes and times of *new*.  Raises Conflict if *old* moved on meanwhile."""
    try:
        renewed = connection.execute(
            update(upload)
            .where(upload.c.id == old.id, upload.c.lease == old.lease, upload.c.state == old.state)
            .values(
                lease=new.lease,
                state=UploadState.OPEN,
                blob=new.blob,
                wrapped_key=new.key.wrapped,
                master=new.key.master,
                node=new.node,
                touched_at=new.touched_at,
            )
        )
    except IntegrityError:
        raise Conflict(f"{old.name} is being written") from None
    if renewed.rowcount != 1:
        raise Conflict(f"{old.name} was opened by somebody else at the same moment")


_HELD: Final = (upload.c.id == bindparam("which")) & (upload.c.lease == bindparam("under"))
_TOUCH: Final = Prepared(
    update(upload)
    .where(_HELD)
    .values(size=bindparam("arrived"), touched_at=bindparam("moment", type_=upload.c.touched_at.type))
)
_INTERRUPT: Final = Prepared(
    update(upload)
    .where(_HELD, upload.c.state == UploadState.OPEN.value)
    .values(
        state=UploadState.INTERRUPTED.value,
        size=bindparam("arrived"),
        touched_at=bindparam("moment", type_=upload.c.touched_at.type),
    )
    .returning(*_COLUMNS)
)
_DROP: Final = Prepared(delete(upload).where(_HELD).returning(*_COLUMNS))


def touch(connection: Connection, number: UploadId, lease: str, size: int, moment: datetime) -> bool:
    """Note that the opening *lease* lived at *moment*; return whether it still holds the upload."""
    return _TOUCH.run(connection, which=number, under=lease, arrived=size, moment=moment) == 1


def interrupt(connection: Connection, number: UploadId, lease: str, size: int, moment: datetime) -> Staged | None:
    """Keep the upload for its owner with *size* bytes; None when *lease* no longer holds it."""
    row = _INTERRUPT.first(connection, which=number, under=lease, arrived=size, moment=moment)
    return None if row is None else _staged(row)


def drop(connection: Connection, number: UploadId, lease: str) -> Staged | None:
    """Take the upload out and return it; None when *lease* no longer holds it."""
    row = _DROP.first(connection, which=number, under=lease)
    return None if row is None else _staged(row)


def open_on(connection: Connection, node: str) -> list[Staged]:
    """Return the uploads that the process *node* had open, or all processes of the machine *node*."""
    named = (upload.c.node == node) | upload.c.node.startswith(below(node), autoescape=True)
    here = named & (upload.c.state == UploadState.OPEN)
    return [_staged(row) for row in connection.execute(select(*_COLUMNS).where(here))]


def _kept_bytes() -> ScalarSelect[Any]:
    recent = upload.c.touched_at > bindparam("since", type_=Instant)
    within = upload.join(entry, (entry.c.id == upload.c.parent) & (entry.c.organization == bindparam("owner")))
    kept = select(func.coalesce(func.sum(upload.c.size), 0)).select_from(within)
    return kept.where(upload.c.state == UploadState.INTERRUPTED.value, recent).scalar_subquery()


def _new_names() -> ScalarSelect[Any]:
    open_ = upload.c.state == UploadState.OPEN.value
    alive = open_ | (upload.c.touched_at > bindparam("since", type_=Instant))
    folder = entry.alias()
    stands = exists().where(entry.c.parent == upload.c.parent, entry.c.name == upload.c.name)
    within = upload.join(folder, (folder.c.id == upload.c.parent) & (folder.c.organization == bindparam("owner")))
    named = select(func.count()).select_from(within)
    return named.where(alive, upload.c.id != bindparam("besides"), ~stands).scalar_subquery()


_COMING: Final = Prepared(select(*USAGE, _kept_bytes(), _new_names()).where(organization.c.id == bindparam("owner")))


@dataclass(frozen=True, slots=True)
class Coming:
    """What an organization may keep, what it keeps, and what is on its way."""

    quota: Quota
    used: Use
    kept_bytes: int
    """Of interrupted uploads that can be resumed."""
    new_names: int
    """Uploads, open or kept, that would each be a further file; one whose name stands in the tree is none."""


def coming(connection: Connection, owner: OrganizationId, since: datetime, besides: UploadId) -> Coming:
    """Return what comes to *owner* beside the upload *besides*; kept is what was touched after *since*."""
    row = _COMING.first(connection, owner=owner, since=since, besides=besides)
    assert row is not None  # noqa: S101  (whose folder it is has a row)
    quota_bytes, quota_files, used_bytes, used_files, kept, names = row
    return Coming(Quota(quota_bytes, quota_files), Use(used_bytes, used_files), int(kept), names)


def stale(connection: Connection, before: datetime, limit: int) -> list[Staged]:
    """Return up to *limit* uploads last touched before *before*, oldest first.

    One that still counts as open was left so by a machine that never came back.
    """
    old = upload.c.touched_at <= before
    rows = connection.execute(select(*_COLUMNS).where(old).order_by(upload.c.touched_at).limit(limit))
    return [_staged(row) for row in rows]


def blobs_of_uploads(connection: Connection, blobs: Sequence[BlobId]) -> set[BlobId]:
    """Return those of *blobs* that an upload names."""
    return {
        BlobId(blob) for blob in connection.execute(select(upload.c.blob).where(upload.c.blob.in_(blobs))).scalars()
    }


def keys_under_other_masters(
    connection: Connection, current: str, after: UploadId, limit: int
) -> list[tuple[UploadId, SealedKey]]:
    """Return up to *limit* keys behind *after* that another generation than *current* wraps."""
    rows = connection.execute(
        select(upload.c.id, upload.c.wrapped_key, upload.c.master)
        .where(upload.c.id > after, upload.c.master != current)
        .order_by(upload.c.id)
        .limit(limit)
    )
    return [(UploadId(row.id), SealedKey(row.wrapped_key, row.master)) for row in rows]


def set_key(connection: Connection, number: UploadId, old: SealedKey, new: SealedKey) -> bool:
    """Put *new* where *old* is; return False when it changed meanwhile."""
    held = (upload.c.id == number) & (upload.c.wrapped_key == old.wrapped)
    changed = update(upload).where(held).values(wrapped_key=new.wrapped, master=new.master)
    return connection.execute(changed).rowcount == 1
