"""Holds: what must not go, whatever its term, until an operator says so."""

from mft.model.errors import Conflict, Invalid, NotFound
from mft.model.event import Action, DetailValue, Event
from mft.model.file import StoredFile
from mft.model.path import VirtualPath
from mft.model.session import Actor
from mft.policy.retention import present
from mft.store import catalog, versions
from mft.store.engine import Connection
from mft.vfs.parts import Parts


class Holds:
    """For operators; paths are the catalog's.  A file on hold can be neither removed nor replaced."""

    def __init__(self, parts: Parts) -> None:
        """Keep the parts of ``Files``."""
        self._parts = parts

    def put(self, actor: Actor, path: VirtualPath, why: str) -> None:
        """Hold the file *path* because of *why*.  Raises NotFound, Invalid without a reason."""
        reason = why.strip()
        if not reason:
            raise Invalid("a hold needs a reason")
        with self._parts.store.write() as connection:
            self._change(connection, Event(Action.FILE_HELD, actor, str(path), {"why": reason}), path, reason)

    def lift(self, actor: Actor, path: VirtualPath) -> None:
        """Release the file *path*; if its term has ended meanwhile, it is gone.  Raises NotFound, Conflict."""
        with self._parts.store.write() as connection:
            file = self._file(connection, path)
            if file.hold is None:
                raise Conflict(f"{path} is not on hold")
            detail: dict[str, DetailValue] = {"why": file.hold}
            self._change(connection, Event(Action.FILE_RELEASED, actor, str(path), detail), path, None)

    def _change(self, connection: Connection, event: Event, path: VirtualPath, reason: str | None) -> None:
        versions.set_hold(connection, self._file(connection, path).id, reason)
        self._parts.trail.record(connection, event, self._parts.clock.now())

    def _file(self, connection: Connection, path: VirtualPath) -> StoredFile:
        entry = catalog.resolve(connection, path).entry
        file = None if entry is None else entry.file
        if file is None or not present(file.expires_at, file.hold, self._parts.clock.now()):
            raise NotFound(f"there is no file {path}")
        return file
