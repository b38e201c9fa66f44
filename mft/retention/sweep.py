"""The sweep: tidies what is over.  It decides no validity: what has expired was not there before it came.

Each page is a transaction of its own; several sweeps at once do everything once.
"""

from dataclasses import dataclass
from typing import Final

from mft.model.event import Action, DetailValue, Event
from mft.model.path import VirtualPath
from mft.retention.destroy import destroy
from mft.store import catalog, tombstones, uploads, versions
from mft.store.engine import Connection
from mft.store.uploads import Staged
from mft.vfs.ending import RETENTION, expire_file
from mft.vfs.parts import Parts

_PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep did."""

    expired: int
    """Files whose term had ended."""
    uploads: int
    """Uploads that broke off and were not resumed in time."""
    destroyed: int
    """Tombstones under which nothing is left."""


class Sweep:
    """Run now and then; how often changes nothing that anybody may see."""

    def __init__(self, parts: Parts) -> None:
        """Keep the parts of ``Files``."""
        self._parts = parts

    def run(self) -> Swept:
        """Expire, drop and destroy everything that is due."""
        return Swept(self._expire(), self._drop_uploads(), self._destroy())

    def _expire(self) -> int:
        done = 0
        while True:
            with self._parts.store.write() as connection:
                page = versions.expired(connection, self._parts.clock.now(), _PAGE)
                gone = sum(self._expire_one(connection, catalog.path_of(connection, place)) for _, place in page)
            if not gone:
                return done
            done += gone

    def _expire_one(self, connection: Connection, path: VirtualPath | None) -> bool:
        entry = None if path is None else catalog.resolve(connection, path).entry
        if entry is None:
            return False
        expire_file(connection, self._parts.trail, self._parts.rules.terms, entry, self._parts.clock.now())
        return True

    def _drop_uploads(self) -> int:
        done = 0
        while True:
            with self._parts.store.write() as connection:
                before = self._parts.clock.now() - self._parts.rules.terms.unfinished
                page = uploads.stale(connection, before, _PAGE)
                for row in page:
                    self._drop_one(connection, row)
            for row in page:
                self._parts.blobs.discard(row.blob)
            if not page:
                return done
            done += len(page)

    def _drop_one(self, connection: Connection, row: Staged) -> None:
        uploads.drop(connection, row.id, row.lease)
        folder = catalog.path_of(connection, row.parent) or VirtualPath()
        path = VirtualPath((*folder.names, row.name))
        detail: dict[str, DetailValue] = {"size": row.size, "owner": row.owner_name}
        event = Event(Action.UPLOAD_EXPIRED, RETENTION, str(path), detail)
        self._parts.trail.record(connection, event, self._parts.clock.now())

    def _destroy(self) -> int:
        done = 0
        while True:
            with self._parts.store.read() as connection:
                page = tombstones.due(connection, self._parts.clock.now(), _PAGE)
            finished = sum(destroy(self._parts, buried.tombstone.id) for buried in page)
            if not finished:
                break
            done += finished
        if done:
            self._parts.store.scrub()  # The keys were overwritten in the database, not yet in its log.
        return done
