"""The transaction that makes an upload a file: entry, version and audit event, or none of them."""

from dataclasses import dataclass
from datetime import datetime

from mft.blobs.sealed import Finished
from mft.model.errors import Conflict, Forbidden
from mft.model.event import Action, DetailValue, Event
from mft.model.file import Ending, EntryKind
from mft.model.ids import AccountId, EntryId
from mft.model.path import VirtualPath
from mft.policy.access import Operation
from mft.policy.names import is_work_name
from mft.policy.retention import expiry, holds
from mft.store import catalog, uploads, versions
from mft.store.engine import Connection
from mft.store.uploads import Staged
from mft.store.versions import NewVersion
from mft.vfs.ending import RETENTION, end_file
from mft.vfs.looking import Place, look_at
from mft.vfs.parts import Caller, Parts
from mft.vfs.room import count_file


@dataclass(frozen=True, slots=True)
class Whole:
    """What a client closed."""

    row: Staged
    """As it was leased; the lease must still be its."""
    path: VirtualPath
    """Where it was opened."""
    finished: Finished
    exclusive: bool
    client_mtime: int | None


def commit(parts: Parts, caller: Caller, whole: Whole) -> None:
    """Make *whole* the current version of its name, under the grants and quota of this moment.

    Raises Conflict (lease lost, name taken), Forbidden, Exhausted; then nothing has changed.
    """
    with parts.store.write(together=True) as connection:
        now = parts.clock.now()
        row = uploads.drop(connection, whole.row.id, whole.row.lease)
        if row is None:
            raise Conflict(f"{whole.row.name} was opened again or removed by another session of the same account")
        place = _place(connection, caller, whole.path, row, now)
        check_target(place, exclusive=whole.exclusive)
        replaced = place.there is not None
        work = _work_owner(place, caller)
        target = _make_way(connection, parts, place, work)
        expires_at = expiry(now, place.retention, parts.rules.terms, work=work is not None)
        done = whole.finished
        new = NewVersion(
            blob=row.blob,
            key=row.key,
            size=done.size,
            sha256=done.sha256,
            creator=caller.viewer.name,
            at=now,
            received_from=caller.received_from,
            expires_at=expires_at,
            client_mtime=whole.client_mtime,
        )
        owner = place.folder().organization
        versions.add_version(connection, target, owner, new)
        count_file(connection, owner, done.size, now)
        detail: dict[str, DetailValue] = {
            "size": done.size,
            "sha256": done.sha256.hex(),
            "replaced": replaced,
            "expires_at": expires_at.isoformat(),
        }
        parts.trail.record(connection, Event(Action.UPLOAD_COMMITTED, caller.actor, str(place.path), detail), now)


def _place(connection: Connection, caller: Caller, opened: VirtualPath, row: Staged, now: datetime) -> Place:
    """Return where *row* is by now: *opened*, unless a folder above it was renamed."""
    place = look_at(connection, caller, opened, now)
    parent = place.found.parent
    if parent is not None and parent.id == row.parent:
        return place
    folder = catalog.path_of(connection, row.parent) or VirtualPath()
    return look_at(connection, caller, VirtualPath((*folder.names, row.name)), now)


def check_target(place: Place, *, exclusive: bool) -> None:
    """Raise unless the caller may put a file at *place*: create where none is, replace where one is."""
    place.demand_movable()
    place.folder()
    there = place.there
    if there is None or place.is_mine:
        place.demand(Operation.CREATE)
    elif there.kind is EntryKind.FOLDER:
        raise Conflict(f"{place.path} is a folder")
    elif there.work_owner is not None:
        raise Conflict(f"{place.path} is taken")
    else:
        place.demand(Operation.REPLACE)
    if there is not None and exclusive:
        raise Conflict(f"{place.path} is there already")
    hold = None if there is None or there.file is None else there.file.hold
    if hold is not None and holds(hold, place.now):
        raise Forbidden(
            f"{place.path} is on hold ({hold.why}) and must not be replaced; see mft retention hold list {place.path}"
        )


def _work_owner(place: Place, caller: Caller) -> AccountId | None:
    """Return whose alone the new file is: a new name that says "not yet whole" is its bringer's."""
    new = place.there is None or place.is_mine
    return caller.viewer.account if new and is_work_name(place.path.name) else None


def _make_way(connection: Connection, parts: Parts, place: Place, work: AccountId | None) -> EntryId:
    """Return the entry of *place*'s name, holding nothing: an old version or an expired one goes."""
    name, creator = place.path.name, place.caller.viewer.name
    entry = place.found.entry
    if entry is None:
        folder = place.folder()
        return catalog.add_entry(
            connection,
            folder.id,
            name,
            EntryKind.FILE,
            owner=folder.organization,
            at=place.now,
            creator=creator,
            work_owner=work,
        )
    expired = place.there is None
    ending, by = (Ending.EXPIRED, RETENTION) if expired else (Ending.REPLACED, place.caller.actor)
    end_file(connection, parts.trail, parts.rules.terms, entry, ending, by=by, at=place.now)
    if expired:
        catalog.renew_entry(connection, entry.id, place.now, creator, work)
    return entry.id
