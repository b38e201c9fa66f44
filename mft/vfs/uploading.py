"""A file on its way in."""

from mft.vfs.shapes import Ended


class UploadHandle:
    """One opening of a path for writing.  Nobody else sees its bytes until ``publish`` has returned."""

    size: int
    """One past the last byte written so far."""

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """Take *data* at *offset* (at the end when opened to append).  No query, no wait for a lane.

        Raises Exhausted (quota, free space), Conflict (this handle was ended), Unavailable (disk).
        """
        raise NotImplementedError

    def read(self, offset: int, length: int) -> bytes:
        """Return what was written there; Forbidden unless opened with *read*."""
        raise NotImplementedError

    def truncate(self, size: int) -> None:
        """Cut or grow to *size*; growth counts as written zeros."""
        raise NotImplementedError

    def set_mtime(self, seconds: int) -> None:
        """Keep the client's claim for the version to come."""
        raise NotImplementedError

    def sync(self) -> None:
        """Put what arrived on the disk (fsync@openssh.com); for the file lane."""
        raise NotImplementedError

    def check_lease(self) -> None:
        """Tell the store that this handle lives and learn whether it still may; for the write lane.

        A door calls it every five seconds for a handle that was written to since.  Raises Conflict
        when the handle was taken over or its upload removed.
        """
        raise NotImplementedError

    def finish(self) -> None:
        """First half of a close that the client asked for: no holes, fsync, SHA-256; for the file lane.

        Raises Conflict naming the first hole; the upload is then kept, interrupted, for its owner.
        """
        raise NotImplementedError

    def publish(self) -> None:
        """Second half: entry, version and audit event in one transaction; for the write lane.

        Only when this has returned may the client be told OK.  On any error (quota, rights taken
        away, lease lost) the upload is kept, interrupted, where it is still the caller's.
        A handle that neither made, wrote nor cut anything leaves no trace.
        """
        raise NotImplementedError

    def interrupt(self, why: Ended) -> None:
        """End in any way but a client's close: keep what arrived for its owner.  Idempotent; file lane."""
        raise NotImplementedError
