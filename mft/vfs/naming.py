"""What people do to names: remove, make and remove folders, rename.  Each is one transaction."""

from dataclasses import replace as replace_in
from datetime import datetime

from mft.model.errors import Conflict, Forbidden
from mft.model.event import Action, Event
from mft.model.file import Ending, Entry, EntryKind, StoredFile
from mft.model.path import MAX_DEPTH, VirtualPath
from mft.model.session import Actor
from mft.policy.access import Operation
from mft.policy.names import is_work_name
from mft.policy.retention import expiry, holds
from mft.store import catalog, grants, terms, uploads, versions
from mft.store.engine import Connection
from mft.store.uploads import Staged
from mft.vfs.ending import expire_file, remove_file
from mft.vfs.looking import Place, look, look_to_add, own_upload
from mft.vfs.parts import Caller, Parts
from mft.vfs.room import demand_folder
from mft.vfs.shapes import Ended, Leftovers


def remove(parts: Parts, caller: Caller, path: VirtualPath) -> Leftovers:
    """Hide the file *path* at once, or drop the caller's own upload of that name; return what is to be let go."""
    with parts.store.write(together=True) as connection:
        now = parts.clock.now()
        place = look(connection, caller, path, now)
        since = now - parts.rules.terms.unfinished
        upload = own_upload(connection, place, since) if place.there is None else None
        if upload is None:
            _remove_committed(connection, parts, place)
        else:
            _drop(connection, parts, place, upload)
    return () if upload is None else ((upload.id, upload.blob),)


def _remove_committed(connection: Connection, parts: Parts, place: Place) -> None:
    file, entry = place.file(), place.entry()
    place.demand(Operation.REMOVE_OWN if place.is_mine else Operation.REMOVE)
    _demand_free(place.path, file, place.now)
    remove_file(connection, parts.trail, parts.rules.terms, entry, Ending.DELETED, by=place.caller.actor, at=place.now)


def _drop(connection: Connection, parts: Parts, place: Place, upload: Staged) -> None:
    place.demand(Operation.REMOVE_OWN)
    uploads.drop(connection, upload.id, upload.lease)
    event = Event(Action.FILE_DELETED, place.caller.actor, str(place.path), {"unfinished": True})
    parts.trail.record(connection, event, place.now)


def let_go(parts: Parts, leftovers: Leftovers) -> None:
    """Let go of the bytes of uploads whose rows are gone; for the file lane, since their handles may be busy."""
    for upload, blob in leftovers:
        holder = parts.open_here.get(upload)
        if holder is not None:
            holder.interrupt(Ended.REMOVED)
        parts.blobs.discard(blob)


def _demand_free(path: VirtualPath, file: StoredFile | None, now: datetime) -> None:
    if file is not None and file.hold is not None and holds(file.hold, now):
        raise Forbidden(f"{path} is on hold ({file.hold.why}) and must stay; see mft retention hold list {path}")


def make_folder(parts: Parts, caller: Caller, path: VirtualPath) -> None:
    """Make the folder *path* inside one that the caller sees."""
    with parts.store.write(together=True) as connection:
        place = look_to_add(connection, caller, path, parts.clock.now())
        if place.seen is not None:
            raise Conflict(f"{place.path} is there already")
        parent = place.folder()
        place.demand_movable()
        place.demand(Operation.MAKE_FOLDER)
        demand_folder(connection, parent.organization)
        _clear(connection, parts, place)
        if own_upload(connection, place, place.now - parts.rules.terms.unfinished) is not None:
            raise Conflict(f"an upload to {place.path} is under way")
        catalog.add_entry(
            connection,
            parent.id,
            path.name,
            EntryKind.FOLDER,
            owner=parent.organization,
            at=place.now,
            creator=caller.viewer.name,
        )
        parts.trail.record(connection, Event(Action.FOLDER_CREATED, caller.actor, str(place.path)), place.now)


def _clear(connection: Connection, parts: Parts, place: Place) -> None:
    """Free the name at *place* if what has it expired.  Raises Conflict if anything else has it."""
    if place.there is not None:
        raise Conflict(f"{place.path} is taken")
    if place.expired is not None:
        expire_file(connection, parts.trail, parts.rules.terms, place.expired, place.now)


def remove_folder(parts: Parts, caller: Caller, path: VirtualPath) -> Leftovers:
    """Remove the folder *path*, which must hold nothing but what has expired; return what is to be let go."""
    with parts.store.write() as connection:
        place = look(connection, caller, path, parts.clock.now())
        entry = place.entry()
        if entry.kind is not EntryKind.FOLDER:
            raise Conflict(f"{place.path} is a file")
        place.demand_movable()
        place.demand(Operation.REMOVE_FOLDER)
        stale = _empty(connection, parts, place, entry)
        revoked = grants.remove_all_on(connection, entry.id)
        catalog.remove_entries(connection, (entry.id,))
        event = Event(Action.FOLDER_REMOVED, caller.actor, str(place.path), {"grants_revoked": revoked})
        parts.trail.record(connection, event, place.now)
    return stale


def _empty(connection: Connection, parts: Parts, place: Place, folder: Entry) -> Leftovers:
    """Clear expired things out of *folder* and return the uploads among them.  Raises Conflict if anything is left."""
    while names := catalog.names_in(connection, folder.id, 100):
        for name, _ in names:
            path = VirtualPath((*place.path.names, name))
            inner = Place(path, place.caller, place.grants, catalog.resolve(connection, path), place.now)
            if inner.expired is None:
                raise Conflict(f"{place.path} is not empty")
            expire_file(connection, parts.trail, parts.rules.terms, inner.expired, place.now)
    kept = uploads.in_folder(connection, folder.id)
    since = place.now - parts.rules.terms.unfinished
    if any(row.state == "open" or row.touched_at > since for row in kept):
        raise Conflict(f"{place.path} is not empty")
    for row in kept:
        uploads.drop(connection, row.id, row.lease)
    return tuple((row.id, row.blob) for row in kept)


def rename(parts: Parts, caller: Caller, old: VirtualPath, new: VirtualPath, *, replace: bool) -> None:
    """Give *old* the name *new*; with *replace* a file that has it goes under a tombstone."""
    with parts.store.write(together=True) as connection:
        now = parts.clock.now()
        source = look(connection, caller, old, now)
        entry = _source(connection, parts, source)
        target = look_to_add(connection, replace_in(caller, grants=lambda _: source.grants), new, now)
        target.folder()
        if source.path == target.path:
            _demand_same(target, replace=replace)
            return
        _check_rename(source, target, entry, replace=replace)
        _make_way(connection, parts, target, caller.actor)
        _move(connection, parts, source, target, entry)


def _source(connection: Connection, parts: Parts, source: Place) -> Entry:
    since = source.now - parts.rules.terms.unfinished
    if source.there is None and own_upload(connection, source, since) is not None:
        raise Conflict(f"{source.path} is still being uploaded; close it first")
    return source.entry()


def _demand_same(target: Place, *, replace: bool) -> None:
    # rename(2): two names of one file, nothing is done; draft-ietf-secsh-filexfer-02, 6.5: the name must be free.
    if not replace:
        raise Conflict(f"{target.path} is there already")


def _check_rename(source: Place, target: Place, entry: Entry, *, replace: bool) -> None:
    source.demand_movable()
    target.demand_movable()
    _demand_free(source.path, entry.file, source.now)
    source.demand(Operation.RENAME_WORK if source.is_mine else Operation.RENAME_AWAY)
    there = target.there
    if there is None:
        target.demand(Operation.CREATE)
    elif not replace or there.kind is EntryKind.FOLDER or entry.kind is EntryKind.FOLDER:
        raise Conflict(f"{target.path} is there already")
    elif there.work_owner is not None and not target.is_mine:
        raise Conflict(f"{target.path} is taken")
    else:
        target.demand(Operation.CREATE if target.is_mine else Operation.REPLACE)
        _demand_free(target.path, there.file, target.now)
    if entry.organization != target.folder().organization:
        raise Conflict(f"{target.path} is another organization's; copy the file and remove the first")
    if entry.kind is EntryKind.FOLDER and target.path.within(source.path):
        raise Conflict(f"{source.path} cannot go into itself")


def _make_way(connection: Connection, parts: Parts, target: Place, by: Actor) -> None:
    """End what has the new name, replaced or expired."""
    trail, kept, now = parts.trail, parts.rules.terms, target.now
    if target.expired is not None:
        expire_file(connection, trail, kept, target.expired, now)
    elif target.there is not None:
        remove_file(connection, trail, kept, target.there, Ending.REPLACED, by=by, at=now)


def _move(connection: Connection, parts: Parts, source: Place, target: Place, entry: Entry) -> None:
    now, actor = target.now, source.caller.actor
    if entry.file is None:
        _check_depth(connection, target, entry)
    catalog.move_entry(connection, entry.id, target.folder().id, target.path.name)
    if entry.file is None:
        action = Action.FOLDER_RENAMED
        if source.retention != target.retention and source.found.step and not source.found.step.retention_class:
            terms.reterm(connection, entry.id, parts.rules.terms.of(target.retention), now)
    else:
        action = Action.FILE_RENAMED
        _receive(connection, parts, source, target, entry.file)
    parts.trail.record(connection, Event(action, actor, str(source.path), {"to": str(target.path)}), now)


def _receive(connection: Connection, parts: Parts, source: Place, target: Place, file: StoredFile) -> None:
    """Say until when a renamed file stays.  Receipt runs from the renaming of a work name."""
    kept, now = parts.rules.terms, target.now
    if not source.is_mine:
        versions.set_expiry(connection, file.id, expiry(file.received_at, target.retention, kept))
    elif not is_work_name(target.path.name):
        entry = source.entry()
        catalog.renew_entry(connection, entry.id, now, source.caller.viewer.name, None)
        versions.receive_version(connection, file.id, now, expiry(now, target.retention, kept))


def _check_depth(connection: Connection, target: Place, folder: Entry) -> None:
    if len(target.path.names) + catalog.depth_below(connection, folder.id) > MAX_DEPTH:
        raise Conflict(f"below {target.path} some paths would be more than {MAX_DEPTH} folders deep")
