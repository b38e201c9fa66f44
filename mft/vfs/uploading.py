"""A file on its way in.

Only ``publish``, which a door calls when its client asked for a close, shows it to anybody.  Every
other end keeps what arrived for its owner.  Writing asks no database: the lease is checked by the
transaction that commits.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock
from typing import Final

from mft.blobs.sealed import Finished, SealedWriter
from mft.crypto.segments import SEGMENT
from mft.model.errors import Conflict, Forbidden, MftError
from mft.model.event import Action, Event
from mft.model.ids import OrganizationId
from mft.model.path import VirtualPath
from mft.store import catalog, uploads, versions
from mft.store.engine import Connection
from mft.store.uploads import Staged
from mft.vfs.committing import Whole, commit
from mft.vfs.parts import Caller, Parts
from mft.vfs.room import demand_disk
from mft.vfs.shapes import Ended, OpenMode

_DISK_STEP: Final = (64 << 20) // SEGMENT
"""Segments put on the disk, at whatever offset, between two looks at its free space."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How a path was opened."""

    row: Staged
    path: VirtualPath
    """The catalog's, at the opening; a folder on the way may be renamed since."""
    mode: OpenMode
    owner: OrganizationId | None
    """Whose quota it counts against."""
    replaces: int
    """Bytes of the version that it would replace, which make room."""
    changes: bool
    """Whether opening alone changed something: the file was made or cut."""
    resumed: Staged | None
    """The upload that this continues."""


class UploadHandle:
    """One opening of a path for writing.  Nobody else sees its bytes until ``publish`` has returned."""

    def __init__(self, parts: Parts, caller: Caller, opening: Opening, writer: SealedWriter, taken: int) -> None:
        """Take over *writer*, the row that *opening* leased and the *taken* bytes of the ledger."""
        self._parts = parts
        self._caller = caller
        self._opening = opening
        self._writer = writer
        # Doors call from the event loop and from their lanes, and a takeover from another session's.
        # Whoever waits for the disk holds it, so only the file lane may wait for it.
        self._lock = Lock()
        self._over: str | None = None
        self._changed = opening.changes
        self._mtime: int | None = None
        self._finished: Finished | None = None
        self._taken = taken
        self._looked_at = writer.sealed
        self._arrived = writer.arrived
        self._left = False
        # Whether the row is on the disk: that of a new upload is not yet (mft.vfs.opening).
        self._promised = opening.resumed is not None
        self._active_at = parts.clock.now()

    @property
    def size(self) -> int:
        """One past the last byte written so far."""
        return self._writer.size

    @property
    def contiguous(self) -> int:
        """Bytes without a gap from the start that were written; never waits for whoever writes."""
        return self._arrived

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """Take *data* at *offset* (at the end when opened to append).  No query, no wait for a lane.

        Raises Exhausted (quota, free space), Conflict (this handle was or is being ended), Unavailable (disk).
        """
        with self._at_once():
            self._check_writable()
            if self._opening.mode.append:
                offset = self._writer.size
            self._reserve(max(offset + len(data), self._writer.size))
            if self._writer.sealed - self._looked_at >= _DISK_STEP:
                demand_disk(self._parts)
                self._looked_at = self._writer.sealed
            self._writer.write(offset, data)
            self._wrote(len(data) > 0)

    def read(self, offset: int, length: int) -> bytes:
        """Return what was written there; Forbidden unless opened with *read*."""
        if not self._opening.mode.read:
            raise Forbidden("the file was not opened for reading")
        with self._at_once():
            self._check()
            return self._writer.read(offset, length)

    def truncate(self, size: int) -> None:
        """Cut or grow to *size*; growth counts as written zeros, as far as the writer lets it go.

        Raises as ``write`` does.
        """
        with self._at_once():
            self._check_writable()
            if size > self._writer.size:
                demand_disk(self._parts, size - self._writer.size)
            self._reserve(size)
            try:
                self._writer.truncate(size)
            finally:
                self._reserve(self._writer.size)
            self._wrote(True)

    def set_mtime(self, seconds: int) -> None:
        """Keep the client's claim for the version to come."""
        self._mtime = seconds

    def sync(self) -> None:
        """Put what arrived on the disk (fsync@openssh.com), and what names it; for the file lane.

        Raises as ``check_lease`` does, too.
        """
        with self._lock:
            self._check()
            self._writer.sync()
            self._parts.blobs.sync_staged()
        if not self._promised:
            self.check_lease()

    def silent_for(self, lapse: timedelta) -> bool:
        """Return whether nothing was written for *lapse*."""
        return self._parts.clock.now() - self._active_at >= lapse

    def check_lease(self) -> None:
        """Tell the store that this handle lives and learn whether it still may; for the write lane.

        A door calls it every five seconds for a handle that was written to since.  Raises Conflict
        when the handle was taken over or its upload removed.
        """
        row = self._opening.row
        self._check()
        with self._parts.store.write(together=True) as connection:
            held = uploads.touch(connection, row.id, row.lease, self._arrived, self._active_at)
        self._promised = True
        if not held:
            why = "the upload was opened again or removed by another session"
            with suppress(Conflict), self._at_once():  # Whoever has the lock is ending it, or finds out at the commit.
                self._end(why)
            raise Conflict(why)

    def finish(self) -> None:
        """First half of a close that the client asked for: no holes, fsync, SHA-256; for the file lane.

        Raises Conflict naming the first hole; the upload is then kept, interrupted, for its owner.
        A handle that neither made, wrote nor cut anything leaves no trace.
        """
        if not self._changed:
            self._leave()
            return
        try:
            with self._lock:
                self._check()
                self._finished = self._writer.finish()
                self._parts.blobs.publish(self._opening.row.blob)
        except Exception:
            self._keep_after_failure()
            raise

    def publish(self) -> None:
        """Second half: entry, version and audit event in one transaction; for the write lane.

        Only when this has returned may the client be told OK.  On any error (quota, rights taken
        away, lease lost) the upload is kept, interrupted, where it is still the caller's.
        """
        if self._left:
            return
        with self._at_once():
            self._check()
            if self._finished is None:
                raise Conflict("a file is finished before it is published")
            opening = self._opening
            whole = Whole(opening.row, opening.path, self._finished, opening.mode.exclusive, self._mtime)
            try:
                commit(self._parts, self._caller, whole)
            except Exception:
                self._end(f"the upload ended: {Ended.FAILED}")
                with suppress(MftError):
                    self._keep(Ended.FAILED, whole.finished.size)
                raise
            self._end("the file was closed")

    def close(self) -> None:
        """Do both halves of a close that the client asked for; for the file lane.  Raises as they do."""
        self.finish()
        self.publish()

    def interrupt(self, why: Ended) -> None:
        """End in any way but a client's close: keep what arrived for its owner.  Idempotent; file lane.

        Of an upload that was removed nothing is kept.
        """
        with self._lock:
            if self._over is not None:
                return
            size = 0 if why is Ended.REMOVED else self._kept_size()
            self._end(f"the upload ended: {why}")
        if why is not Ended.REMOVED:
            self._keep(why, size)

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        """Hold the handle, or raise Conflict: for the event loop and the write lane, which must not wait."""
        if not self._lock.acquire(blocking=False):
            raise Conflict("the upload is being ended")
        try:
            yield
        finally:
            self._lock.release()

    def _wrote(self, changed: bool) -> None:  # noqa: FBT001  (whether, not how)
        self._changed = self._changed or changed
        self._arrived = self._writer.arrived
        self._active_at = self._parts.clock.now()

    def _check(self) -> None:
        if self._over is not None:
            raise Conflict(self._over)

    def _check_writable(self) -> None:
        self._check()
        if self._finished is not None:
            raise Conflict("the file is being closed")  # Its digest is taken.

    def _reserve(self, size: int) -> None:
        """Make sure that the organization may have the file come to *size* bytes."""
        growth = max(0, size - self._opening.replaces) - self._taken
        if growth:
            self._parts.ledger.take(self._opening.owner, growth)
            self._taken += growth

    def _end(self, why: str) -> None:
        if self._over is None:
            self._over = why
            self._writer.close()
            self._parts.ledger.take(self._opening.owner, -self._taken)
            self._parts.open_here.pop(self._opening.row.id, None)

    def _kept_size(self) -> int:
        """Put what arrived on the disk, drop the rest, and return how much a resumption will find."""
        if self._finished is not None:
            return self._finished.size
        try:
            size = self._writer.settle()
            self._parts.blobs.sync_staged()
            return size
        except MftError:
            return min(self._writer.kept, self._writer.arrived)

    def _keep(self, why: Ended, size: int) -> None:
        if not self._changed:
            self._leave_row()
            return
        row, now = self._opening.row, self._parts.clock.now()
        with self._parts.store.write(together=True) as connection:
            kept = uploads.interrupt(connection, row.id, row.lease, size, now)
            if kept is not None:
                folder = catalog.path_of(connection, kept.parent) or VirtualPath()
                subject = str(VirtualPath((*folder.names, kept.name)))
                detail = {"size": size, "why": why.value}
                event = Event(Action.UPLOAD_INTERRUPTED, self._caller.actor, subject, detail)
                self._parts.trail.record(connection, event, now)

    def _keep_after_failure(self) -> None:
        # The first error is the one to tell; what cannot be noted now, recovery finds.
        with suppress(MftError):
            self.interrupt(Ended.FAILED)

    def _leave(self) -> None:
        with self._lock:
            self._check()
            self._end("the file was closed")
            self._left = True
        self._leave_row()

    def _leave_row(self) -> None:
        """Undo the opening: nothing was made, written or cut."""
        row, resumed = self._opening.row, self._opening.resumed
        with self._parts.store.write() as connection:
            if resumed is not None:
                uploads.interrupt(connection, row.id, row.lease, resumed.size, resumed.touched_at)
                return
            dropped = uploads.drop(connection, row.id, row.lease)
            if dropped is not None and self._mtime is not None:
                _claim(connection, dropped, self._mtime)
        if dropped is not None:
            self._parts.blobs.discard(dropped.blob)


def _claim(connection: Connection, row: Staged, seconds: int) -> None:
    """Keep a time that was set through a handle which wrote nothing, on the version that stays."""
    folder = catalog.path_of(connection, row.parent) or VirtualPath()
    entry = catalog.resolve(connection, VirtualPath((*folder.names, row.name))).entry
    if entry is not None and entry.file is not None:
        versions.set_mtime(connection, entry.file.id, seconds)
