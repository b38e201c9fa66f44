"""A file on its way out.  What was served is counted here and told to the ledger once, at the end."""

from mft.blobs.reader import SealedReader
from mft.model.errors import Conflict
from mft.model.event import Action, DetailValue, Event
from mft.model.file import StoredFile
from mft.model.path import VirtualPath
from mft.policy.access import Operation
from mft.store import downloads
from mft.store.downloads import Taken
from mft.vfs.coverage import Coverage
from mft.vfs.looking import recall
from mft.vfs.parts import Caller, Parts
from mft.vfs.shapes import Ended


class Download:
    """One opened version.  It stays readable though its name be replaced or removed meanwhile."""

    def __init__(self, parts: Parts, caller: Caller, path: VirtualPath, file: StoredFile, reader: SealedReader) -> None:
        """Take over *reader* of *file*, found at the catalog's *path*."""
        self._parts = parts
        self._caller = caller
        self._path = path
        self._file = file
        self._reader = reader
        self._served = Coverage()
        self._started_at = parts.clock.now()
        self._open = True
        self.size = file.size
        """Bytes of the version."""

    def read(self, offset: int, length: int) -> bytes:
        """Return up to *length* bytes from *offset*; fewer at the end, none past it.

        Cheap: no query.  May wait for a disk.  Raises Unavailable when the bytes are damaged.
        """
        if not self._open:
            raise Conflict("the file was closed")
        data = self._reader.read(offset, length)
        self._served.add(offset, len(data))
        return data

    def read_into(self, offset: int, out: memoryview) -> int:
        """Fill *out* from *offset* and return how many bytes there were; else as ``read``."""
        if not self._open:
            raise Conflict("the file was closed")
        count = self._reader.read_into(offset, out)
        self._served.add(offset, count)
        return count

    def close(self, ended: Ended) -> None:
        """Write the ledger's line and the audit event; a transaction, for the write lane.  Idempotent.

        Opening a file and taking nothing of it leaves no line.
        """
        if not self._open:
            return
        self._open = False
        self._reader.close()
        whole = self._served.covers(self.size)
        if not whole and not self._served.total:
            return
        now = self._parts.clock.now()
        with self._parts.store.write(together=True) as connection:
            downloads.record(connection, self._taken(whole=whole))
            detail: dict[str, DetailValue] = {
                "size": self.size,
                "bytes": self._served.total,
                "sha256": self._file.sha256.hex(),
                "ended": ended.value,
            }
            action = Action.DOWNLOAD_COMPLETED if whole else Action.DOWNLOAD_PARTIAL
            self._parts.trail.record(connection, Event(action, self._caller.actor, str(self._path), detail), now)

    def _taken(self, *, whole: bool) -> Taken:
        actor = self._caller.actor
        return Taken(
            version=self._file.id,
            account=actor.account,
            account_name=actor.name,
            session=actor.session,
            source=actor.source,
            started_at=self._started_at,
            ended_at=self._parts.clock.now(),
            bytes=self._served.total,
            whole=whole,
        )


def open_download(parts: Parts, caller: Caller, path: VirtualPath) -> Download:
    """Return the version at the caller's own *path*, open.  Raises as ``Workspace.open_download`` says."""
    with parts.store.read() as connection:
        place = recall(parts.memory.at(connection), connection, caller, path, parts.clock.now())
        file = place.file()
        if not place.is_mine:
            place.demand(Operation.READ)
    reader = SealedReader(parts.blobs.open(file.blob), parts.cipher(file.blob, file.key), file.size)
    return Download(parts, caller, place.path, file, reader)
