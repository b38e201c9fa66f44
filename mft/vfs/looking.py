"""What is at a path, and how much of it the caller may know.

What you may not see does not exist for you: asking for it raises NotFound, never Forbidden.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mft.model.errors import Conflict, Forbidden, NotFound
from mft.model.file import Entry, EntryKind, StoredFile, UploadState
from mft.model.path import VirtualPath
from mft.model.rights import Grant
from mft.policy.access import Operation, permits, sees_file, visible
from mft.policy.retention import RetentionClass, class_of, present
from mft.store import catalog, uploads
from mft.store.catalog import Found, Step
from mft.store.engine import Connection
from mft.store.uploads import Staged
from mft.vfs.parts import Caller
from mft.vfs.remembering import Moment
from mft.vfs.view import is_fixed


@dataclass(frozen=True, slots=True)
class Place:
    """A path of the catalog as one caller meets it at one moment."""

    path: VirtualPath
    caller: Caller
    grants: tuple[Grant, ...]
    found: Found
    now: datetime

    @property
    def there(self) -> Entry | None:
        """What is there, whoever may know of it; what has expired is not."""
        entry = self.found.entry
        if (
            entry is not None
            and entry.file is not None
            and not present(entry.file.expires_at, entry.file.hold, self.now)
        ):
            return None
        return entry

    @property
    def expired(self) -> Entry | None:
        """What still takes up the name though its term has ended."""
        return self.found.entry if self.there is None else None

    @property
    def seen(self) -> Entry | None:
        """What the caller knows to be there."""
        entry = self.there
        if entry is None or not self._sees(entry):
            return None
        return entry

    @property
    def is_mine(self) -> bool:
        """Whether a file under a work name is there that is the caller's own."""
        entry = self.there
        return entry is not None and entry.work_owner is not None and entry.work_owner == self.caller.viewer.account

    def allows(self, operation: Operation) -> bool:
        """Return whether the caller may do *operation* here."""
        return permits(self.grants, operation, self.path)

    def demand(self, operation: Operation) -> None:
        """Raise Forbidden unless the caller may do *operation* here."""
        if not self.allows(operation):
            raise Forbidden(f"{self.caller.actor.name} has no right to {operation.replace('_', ' ')} at {self.path}")

    def demand_movable(self) -> None:
        """Raise Forbidden if the place belongs to the house and not to what is kept in it."""
        if is_fixed(self.path):
            raise Forbidden(f"{self.path} is made with its organization and stays where it is")

    def folder(self) -> Step:
        """Return the folder that the last name is in, or would be.  Raises NotFound if the caller sees none."""
        parent = self.found.parent
        if parent is None or not self.folder_seen:
            raise NotFound(f"there is no folder {self.path.parent}")
        return parent

    @property
    def folder_seen(self) -> bool:
        """Whether the caller knows of the folder that this is in.  The root is always there."""
        return self.path.parent == self.caller.view.base or visible(self.grants, self.path.parent)

    def entry(self) -> Entry:
        """Return what is there.  Raises NotFound if the caller sees nothing."""
        entry = self.seen
        if entry is None:
            raise NotFound(f"there is nothing at {self.path}")
        return entry

    def file(self) -> StoredFile:
        """Return the file that is there.  Raises NotFound, or Conflict for a folder."""
        file = self.entry().file
        if file is None:
            raise Conflict(f"{self.path} is a folder")
        return file

    @property
    def retention(self) -> RetentionClass:
        """The class of files here."""
        return class_of(step.retention_class for step in self.found.way)

    @property
    def quiet_seconds(self) -> int:
        """How long a new file here is its creator's alone."""
        return quiet_of(self.found.way)

    def _sees(self, entry: Entry) -> bool:
        if entry.kind is EntryKind.FOLDER or entry.file is None:
            return self.path == self.caller.view.base or visible(self.grants, self.path)
        if entry.work_owner is not None:
            return self.is_mine and self.folder_seen
        young = self.now < entry.created_at + timedelta(seconds=self.quiet_seconds)
        if young and entry.file.creator != self.caller.viewer.name:
            return False
        return sees_file(self.grants, self.path)


def quiet_of(way: tuple[Step, ...]) -> int:
    """Return the quiet time, in seconds, that holds at the end of *way*."""
    named = [step.quiet_seconds for step in way if step.quiet_seconds is not None]
    return named[-1] if named else 0


def look(connection: Connection, caller: Caller, path: VirtualPath, now: datetime) -> Place:
    """Return what is at the caller's own *path*.  Raises NotFound when it is out of view."""
    return look_at(connection, caller, _in_view(caller, path), now)


def recall(moment: Moment, connection: Connection, caller: Caller, path: VirtualPath, now: datetime) -> Place:
    """Return what ``look`` returns, in a read that changes nothing, from *moment* as far as it is known there."""
    place = _in_view(caller, path)
    grants = moment.grants(connection, (caller.viewer.account, caller.organization), caller.grants)
    return Place(place, caller, grants, moment.found(connection, place), now)


def _in_view(caller: Caller, path: VirtualPath) -> VirtualPath:
    place = caller.view.catalog(path)
    if place is None:
        raise NotFound(f"there is nothing at {path}")
    return place


def look_to_add(connection: Connection, caller: Caller, path: VirtualPath, now: datetime) -> Place:
    """Return what is at the caller's own *path*, where they want to put something.

    Out of view in a folder that they see, it is not allowed, whatever may be there for others.
    """
    if caller.view.catalog(path) is None and caller.view.catalog(path.parent) is not None:
        look(connection, caller, path.parent, now).entry()
        raise Forbidden(f"{caller.actor.name} may put nothing at {path}")
    return look(connection, caller, path, now)


def look_at(connection: Connection, caller: Caller, place: VirtualPath, now: datetime) -> Place:
    """Return what is at the catalog's *place*."""
    return Place(place, caller, caller.grants(connection), catalog.resolve(connection, place), now)


def own_upload(connection: Connection, place: Place, since: datetime) -> Staged | None:
    """Return the caller's own upload at *place* if it is open or was touched after *since*."""
    parent = place.found.parent
    if parent is None or not place.folder_seen:
        return None
    mine = uploads.mine_at(connection, parent.id, place.path.name, place.caller.viewer)
    return mine if mine is not None and (mine.state is UploadState.OPEN or mine.touched_at > since) else None
