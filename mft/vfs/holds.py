"""Holds: what must not go, whatever its term, until an operator says so."""

from datetime import datetime

from mft.model.errors import Conflict, Invalid, NotFound
from mft.model.event import Action, DetailValue, Event
from mft.model.file import Hold, StoredFile
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

    def put(self, actor: Actor, path: VirtualPath, why: str, until: datetime | None = None) -> None:
        """Hold the file *path* because of *why*.  Raises NotFound, Invalid without a reason."""
        reason = why.strip()
        if not reason:
            raise Invalid("a hold needs a reason")
        now = self._parts.clock.now()
        if until is not None and until <= now:
            raise Invalid(f"{until.isoformat()} is over already; give an end in the future, or none")
        detail: dict[str, DetailValue] = {"why": reason, "until": until.isoformat() if until else None}
        with self._parts.store.write() as connection:
            event = Event(Action.FILE_HELD, actor, str(path), detail)
            self._change(connection, event, path, Hold(reason, actor.name, now, until))

    def lift(self, actor: Actor, path: VirtualPath) -> None:
        """Release the file *path*; if its term has ended meanwhile, it is gone.  Raises NotFound, Conflict."""
        with self._parts.store.write() as connection:
            file = self._file(connection, path)
            if file.hold is None:
                raise Conflict(f"{path} is not on hold")
            detail: dict[str, DetailValue] = {"why": file.hold.why}
            self._change(connection, Event(Action.FILE_RELEASED, actor, str(path), detail), path, None)

    def _change(self, connection: Connection, event: Event, path: VirtualPath, hold: Hold | None) -> None:
        versions.set_hold(connection, self._file(connection, path).id, hold)
        self._parts.trail.record(connection, event, self._parts.clock.now())

    def _file(self, connection: Connection, path: VirtualPath) -> StoredFile:
        entry = catalog.resolve(connection, path).entry
        file = None if entry is None else entry.file
        if file is None or not present(file.expires_at, file.hold, self._parts.clock.now()):
            raise NotFound(f"there is no file {path}")
        return file
