"""What was in a folder, who took a file, and taking a deletion back."""

from mft.model.errors import Conflict, Forbidden, NotFound
from mft.model.event import Action, DetailValue, Event
from mft.model.file import EntryKind, Tombstone
from mft.model.path import VirtualPath
from mft.model.session import Actor
from mft.policy.names import is_work_name
from mft.policy.quota import Use
from mft.policy.retention import class_of, expiry, present
from mft.store import catalog, downloads, tombstones, versions
from mft.store.downloads import Taken
from mft.store.engine import Connection
from mft.store.tombstones import Buried, Cause
from mft.store.usage import add_usage
from mft.vfs.departed import causes_in, departed_from
from mft.vfs.ending import expire_file
from mft.vfs.parts import Parts

__all__ = ["Cause", "History"]


class History:
    """For operators; paths are the catalog's."""

    def __init__(self, parts: Parts) -> None:
        """Keep the parts of ``Files``."""
        self._parts = parts

    def folder(self, path: VirtualPath, limit: int = 500) -> list[Tombstone]:
        """Return up to *limit* files that were in the folder *path*, the last to go first (fact 0.24).

        What has expired is among them, swept or not.
        """
        with self._parts.store.read() as connection:
            return departed_from(connection, path, self._parts.clock.now(), limit)

    def causes(self, path: VirtualPath) -> list[Cause]:
        """Return why the files that were in the folder *path* went, the latest cause first (fact 0.24)."""
        with self._parts.store.read() as connection:
            return causes_in(connection, path, self._parts.clock.now())

    def downloads(self, path: VirtualPath) -> list[Taken]:
        """Return who took the current version of the file *path*, whole or in part.  Raises NotFound."""
        with self._parts.store.read() as connection:
            entry = catalog.resolve(connection, path).entry
            if entry is None or entry.file is None:
                raise NotFound(f"there is no file {path}")
            return downloads.of_version(connection, entry.file.id)

    def undelete(self, actor: Actor, path: VirtualPath) -> None:
        """Bring back the file that was at *path* last, within the undo period.

        Raises NotFound when nothing was there or it is too late, Conflict when the name is taken or
        its folder is gone, Exhausted when the quota has no room for it.
        """
        with self._parts.store.write() as connection:
            now = self._parts.clock.now()
            buried = tombstones.latest_at(connection, path)
            if buried is None or not tombstones.unbury(connection, buried.tombstone.id, now):
                raise NotFound(f"nothing that was at {path} can be brought back; see mft folder history")
            self._revive(connection, path, buried)
            detail: dict[str, DetailValue] = {
                "size": buried.tombstone.size,
                "sha256": buried.tombstone.sha256.hex(),
                "version": buried.version,
            }
            self._parts.trail.record(connection, Event(Action.FILE_UNDELETED, actor, str(path), detail), now)

    def _revive(self, connection: Connection, path: VirtualPath, buried: Buried) -> None:
        now = self._parts.clock.now()
        held = versions.find_version(connection, buried.version)
        if held is None or not present(held[0].expires_at, held[0].hold, now):
            raise NotFound(f"the file that was at {path} has expired since")
        file, owner = held
        if is_work_name(path.name):
            # Whose alone it was is not known any more, and it was never anybody else's.
            raise Forbidden(f"{path} was under a work name and never handed over")
        found = catalog.resolve(connection, path)
        if found.parent is None or found.parent.organization != owner:
            raise Conflict(f"the folder {path.parent} is gone; make it first")
        # Its folder may have become one of another class meanwhile.
        kept = class_of(step.retention_class for step in found.way)
        expires_at = expiry(file.received_at, kept, self._parts.rules.terms)
        if not present(expires_at, file.hold, now):
            raise NotFound(f"the folder {path.parent} is of the class {kept} now, and the file's term is over")
        if found.entry is not None:
            if found.entry.file is None or present(found.entry.file.expires_at, found.entry.file.hold, now):
                raise Conflict(f"another file is at {path}; rename or remove it first")
            expire_file(connection, self._parts.trail, self._parts.rules.terms, found.entry, now)
        place = catalog.add_entry(
            connection,
            found.parent.id,
            path.name,
            EntryKind.FILE,
            owner=owner,
            at=file.created_at,
            creator=file.creator,
        )
        versions.revive_version(connection, file.id, place)
        versions.set_expiry(connection, file.id, expires_at)
        add_usage(connection, owner, Use(file.size, 1))
