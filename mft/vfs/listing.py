"""What a caller is shown: one name, or a folder's names page by page."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, TypeVar

from mft.crypto.segments import RECORD, SEGMENT
from mft.model.errors import Forbidden, NotFound, Unavailable
from mft.model.file import Entry, EntryKind, UploadState
from mft.model.path import VirtualPath
from mft.policy.access import Sight, sight, visible
from mft.policy.retention import holds, leaves_at
from mft.store import uploads
from mft.store.children import Child, Line, Reader
from mft.store.engine import Connection
from mft.store.types import EPOCH
from mft.store.uploads import Staged
from mft.vfs.looking import Place, own_upload, quiet_of, recall
from mft.vfs.parts import Caller, Parts
from mft.vfs.shapes import Listed

_PAGE: Final = 512
"""Fewest rows a query fetches; a door asks for as many names as fit a packet."""

_Row = TypeVar("_Row", Child, Line)


class Listing:
    """One reading of a folder.  Holds no connection and no lock between pages."""

    def __init__(
        self, parts: Parts, place: Place, shown: Sight, own: list[Listed], around: tuple[Listed, Listed]
    ) -> None:
        """Begin before the first name; *own* are the caller's uploads, which come first."""
        self._parts = parts
        self._place = place
        self._shown = shown
        self._reader = _reader(place, shown)
        self._ready = own
        self._own = frozenset(listed.name for listed in own)
        self._after = ""
        self._more = self._reader is not None
        # On the way to the caller's part of the catalog, each name is looked at.
        self._every = shown is Sight.ALL and any(place.path.within(top) for top in place.caller.view.reach)
        self.here, self.above = around
        """The folder itself, and the one it is in."""

    def next(self, count: int) -> list[Listed]:
        """Return up to *count* further names; an empty list means that there are no more.

        A name is given once; one that comes or goes meanwhile may be given or not.  A short read.
        """
        while self._more and len(self._ready) < count:
            now = self._parts.clock.now()
            self._ready += [listed_child(row, now) for row in self._fetch(Reader.page, max(count, _PAGE), now)]
        given, self._ready = self._ready[:count], self._ready[count:]
        return given

    def lines(self, count: int) -> list[Line]:
        """Return the further names that one query of *count* rows finds, as ``ls -l`` needs them; none at the end."""
        given = [line_of(listed) for listed in self._ready]
        self._ready = []
        while self._more and not given:
            given = self._fetch(Reader.lines, count, self._parts.clock.now())
        return given

    def _fetch(self, ask: Callable[..., Sequence[_Row]], count: int, now: datetime) -> list[_Row]:
        """Return what there is to show of the next *count* rows."""
        if self._reader is None:
            return []
        with self._parts.store.read() as connection:
            rows = ask(self._reader, connection, now, after=self._after, count=count)
        self._more = len(rows) == count
        if rows:
            self._after = rows[-1][0]
        if self._every and not self._own:
            return list(rows)
        return [row for row in rows if row[0] not in self._own and self._in_view(row[0])]

    def _in_view(self, name: str) -> bool:
        """Return whether a child is in the caller's part of the catalog and, on the way only, leads somewhere."""
        if self._every:
            return True
        place = self._place
        below = VirtualPath((*place.path.names, name))
        if not any(below.within(top) or top.within(below) for top in place.caller.view.reach):
            return False
        return self._shown is Sight.ALL or visible(place.grants, below)


def _reader(place: Place, shown: Sight) -> Reader | None:
    """Return what reads the folder *place*, or None where there is nothing to be shown."""
    step = place.found.step
    if step is None or shown is Sight.NOTHING:
        return None
    quiet = quiet_of((*place.found.way, step))
    return Reader(step.id, place.caller.viewer, quiet, folders_only=shown is Sight.WAYS)


def open_listing(parts: Parts, caller: Caller, path: VirtualPath) -> Listing:
    """Return the caller's own folder *path*, to be read.  Raises as ``Workspace.listing`` says."""
    now = parts.clock.now()
    with parts.store.read() as connection:
        moment = parts.memory.at(connection)
        place = recall(moment, connection, caller, path, now)
        shown = sight(place.grants, place.path)
        if path.names and place.entry().kind is EntryKind.FILE:
            raise NotFound(f"{place.path} is not a folder")
        if path.names and shown is Sight.NOTHING:
            raise Forbidden(f"{caller.actor.name} has no right to list {place.path}")
        above = place if not path.names else recall(moment, connection, caller, path.parent, now)
        own = _own_in(connection, parts, place) if path.names and shown is Sight.ALL else []
    return Listing(parts, place, shown, own, (_listed_folder(place), _listed_folder(above)))


def _own_in(connection: Connection, parts: Parts, folder: Place) -> list[Listed]:
    """Return the caller's uploads in *folder* that no committed name stands before."""
    step = folder.found.step
    if step is None:
        return []
    since = folder.now - parts.rules.terms.unfinished
    mine = uploads.mine_in(connection, step.id, folder.caller.viewer, since, folder.now)
    return [listed_upload(parts, row) for row in mine]


def stat(parts: Parts, caller: Caller, path: VirtualPath) -> Listed:
    """Return what is at the caller's own *path*.  Raises NotFound."""
    now = parts.clock.now()
    with parts.store.read() as connection:
        place = recall(parts.memory.at(connection), connection, caller, path, now)
        if not path.names:
            return _listed_folder(place)
        own = own_upload(connection, place, now - parts.rules.terms.unfinished) if place.there is None else None
        if own is not None:
            return listed_upload(parts, own)
        return listed_entry(place.entry(), now)


def _listed_folder(place: Place) -> Listed:
    """Return how a folder that the caller knows of is shown: the root, one that is listed, or one on the way to it."""
    there = place.there
    if there is None:  # The root of one whose folders are not made yet.
        return _folder("", place.now, "")
    return _folder(place.path.name if place.path != place.caller.view.base else "", there.created_at, there.creator)


def listed_upload(parts: Parts, row: Staged) -> Listed:
    """Return how the owner sees an upload on its way in."""
    return Listed(
        name=row.name,
        kind=EntryKind.FILE,
        size=_arrived(parts, row),
        modified=_seconds(row.touched_at),
        created_at=row.opened_at,
        creator=row.owner_name,
        sha256=None,
        expires_at=row.touched_at + parts.rules.terms.unfinished,
        downloads=0,
        received_from="",
        mine_uploading=True,
    )


def _arrived(parts: Parts, row: Staged) -> int:
    """Return how many bytes an opening of *row* goes on behind."""
    holder = parts.open_here.get(row.id)
    if holder is not None:
        return holder.contiguous
    if row.state is UploadState.INTERRUPTED:
        return row.size
    # Another process has the last segment in its memory; only what it has sealed can be taken over.
    try:
        return min(row.size, parts.blobs.size(row.blob) // RECORD * SEGMENT)
    except Unavailable:
        return 0


def listed_entry(entry: Entry, now: datetime) -> Listed:
    """Return how an entry is shown at *now*."""
    file = entry.file
    if file is None:
        return _folder(entry.path.name, entry.created_at, entry.creator)
    return Listed(
        name=entry.path.name,
        kind=entry.kind,
        size=file.size,
        modified=_seconds(file.received_at) if file.client_mtime is None else file.client_mtime,
        created_at=file.created_at,
        creator=file.creator,
        sha256=file.sha256,
        expires_at=leaves_at(file.expires_at, file.hold),
        downloads=file.downloads,
        received_from=file.received_from,
        mine_uploading=False,
        hold=file.hold if holds(file.hold, now) else None,
    )


def line_of(listed: Listed, name: str | None = None) -> Line:
    """Return the line of *listed*, under another *name* if one is given.

    Of an upload on its way in it tells no end, as of a folder.
    """
    until: int | None = 0
    if listed.kind is EntryKind.FILE and not listed.mine_uploading:
        until = None if listed.expires_at is None else (listed.expires_at - EPOCH).days
    shown = listed.name if name is None else name
    return shown, listed.kind.value, listed.size, listed.modified, listed.creator, until


def listed_child(row: Child, now: datetime) -> Listed:
    """Return how a listing's row is shown at *now*."""
    if row.size is None or row.received_at is None:
        return _folder(row.name, row.entry_created_at, row.entry_creator)
    return Listed(
        name=row.name,
        kind=EntryKind.FILE,
        size=row.size,
        modified=_seconds(row.received_at) if row.client_mtime is None else row.client_mtime,
        created_at=row.created_at or row.entry_created_at,
        creator=row.creator or row.entry_creator,
        sha256=row.sha256,
        expires_at=None if row.expires_at is None else leaves_at(row.expires_at, row.hold),
        downloads=row.downloads or 0,
        received_from=row.received_from or "",
        mine_uploading=False,
        hold=row.hold if row.why is not None and holds(row.hold, now) else None,
    )


def _folder(name: str, created_at: datetime, creator: str) -> Listed:
    return Listed(
        name=name,
        kind=EntryKind.FOLDER,
        size=0,
        modified=_seconds(created_at),
        created_at=created_at,
        creator=creator,
        sha256=None,
        expires_at=None,
        downloads=0,
        received_from="",
        mine_uploading=False,
    )


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
