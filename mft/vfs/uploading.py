"""A file on its way in.

Only ``publish``, which a door calls when its client asked for a close, shows it to anybody.  Every
other end keeps what arrived for its owner.  Writing asks no database: the lease is checked by the
transaction that commits.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock
from typing import Final

from mft.blobs.sealed import Finished, SealedWriter
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

_DISK_STEP: Final = 64 << 20
"""Bytes between two looks at the free space of the disk."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How a path was opened."""

    row: Staged
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
        self._lock = Lock()
        self._over: str | None = None
        self._changed = opening.changes
        self._mtime: int | None = None
        self._finished: Finished | None = None
        self._taken = taken
        self._disk_mark = writer.size
        self._active_at = parts.clock.now()

    @property
    def size(self) -> int:
        """One past the last byte written so far."""
        return self._writer.size

    @property
    def contiguous(self) -> int:
        """Bytes without a gap from the start."""
        return self._writer.contiguous

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """Take *data* at *offset* (at the end when opened to append).  No query, no wait for a lane.

        Raises Exhausted (quota, free space), Conflict (this handle was ended), Unavailable (disk).
        """
        with self._lock:
            self._check_writable()
            if self._opening.mode.append:
                offset = self._writer.size
            self._reserve(max(offset + len(data), self._writer.size))
            self._writer.write(offset, data)
            self._changed = self._changed or len(data) > 0
            self._active_at = self._parts.clock.now()

    def read(self, offset: int, length: int) -> bytes:
        """Return what was written there; Forbidden unless opened with *read*."""
        if not self._opening.mode.read:
            raise Forbidden("the file was not opened for reading")
        with self._lock:
            self._check()
            return self._writer.read(offset, length)

    def truncate(self, size: int) -> None:
        """Cut or grow to *size*; growth counts as written zeros."""
        with self._lock:
            self._check_writable()
            self._reserve(size)
            self._writer.truncate(size)
            self._changed = True
            self._active_at = self._parts.clock.now()

    def set_mtime(self, seconds: int) -> None:
        """Keep the client's claim for the version to come."""
        self._mtime = seconds

    def sync(self) -> None:
        """Put what arrived on the disk (fsync@openssh.com); for the file lane."""
        with self._lock:
            self._check()
            self._writer.sync()

    def silent_for(self, lapse: timedelta) -> bool:
        """Return whether nothing was written for *lapse*."""
        return self._parts.clock.now() - self._active_at >= lapse

    def check_lease(self) -> None:
        """Tell the store that this handle lives and learn whether it still may; for the write lane.

        A door calls it every five seconds for a handle that was written to since.  Raises Conflict
        when the handle was taken over or its upload removed.
        """
        row = self._opening.row
        with self._lock:
            self._check()
            size, active_at = self._writer.contiguous, self._active_at
        with self._parts.store.write() as connection:
            held = uploads.touch(connection, row.id, row.lease, size, active_at)
        if not held:
            with self._lock:
                self._end("the upload was opened again or removed by another session")
                self._check()

    def finish(self) -> None:
        """First half of a close that the client asked for: no holes, fsync, SHA-256; for the file lane.

        Raises Conflict naming the first hole; the upload is then kept, interrupted, for its owner.
        """
        try:
            with self._lock:
                self._check()
                if self._changed:
                    self._finished = self._writer.finish()
                    self._parts.blobs.publish(self._opening.row.blob)
        except Exception:
            self._keep_after_failure()
            raise

    def publish(self) -> None:
        """Second half: entry, version and audit event in one transaction; for the write lane.

        Only when this has returned may the client be told OK.  On any error (quota, rights taken
        away, lease lost) the upload is kept, interrupted, where it is still the caller's.
        A handle that neither made, wrote nor cut anything leaves no trace.
        """
        with self._lock:
            self._check()
        if not self._changed:
            self._leave()
            return
        if self._finished is None:
            raise Conflict("a file is finished before it is published")
        whole = Whole(self._opening.row, self._finished, self._opening.mode.exclusive, self._mtime)
        try:
            commit(self._parts, self._caller, whole)
        except Exception:
            self._keep_after_failure()
            raise
        with self._lock:
            self._end("the file was closed")

    def interrupt(self, why: Ended) -> None:
        """End in any way but a client's close: keep what arrived for its owner.  Idempotent; file lane."""
        with self._lock:
            if self._over is not None:
                return
            size = self._kept_size()
            self._end(f"the upload ended: {why}")
        self._keep(why, size)

    def _check(self) -> None:
        if self._over is not None:
            raise Conflict(self._over)

    def _check_writable(self) -> None:
        self._check()
        if self._finished is not None:
            raise Conflict("the file is being closed")  # Its digest is taken.

    def _reserve(self, size: int) -> None:
        """Make sure that the file may come to *size* bytes."""
        growth = max(0, size - self._opening.replaces) - self._taken
        if growth:
            self._parts.ledger.take(self._opening.owner, growth)
            self._taken += growth
        if size >= self._disk_mark + _DISK_STEP:
            demand_disk(self._parts)
            self._disk_mark = size

    def _end(self, why: str) -> None:
        if self._over is None:
            self._over = why
            self._writer.close()
            self._parts.ledger.take(self._opening.owner, -self._taken)
            self._parts.open_here.pop(self._opening.row.id, None)

    def _kept_size(self) -> int:
        """Put what arrived on the disk and return how much of it, without a gap, a resumption will find."""
        try:
            self._writer.sync()
        except MftError:
            return self._writer.kept
        return self._writer.contiguous

    def _keep(self, why: Ended, size: int) -> None:
        if not self._changed:
            self._leave_row()
            return
        row, now = self._opening.row, self._parts.clock.now()
        with self._parts.store.write() as connection:
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
            self._end("the file was closed")
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
