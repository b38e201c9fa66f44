"""The sealed records of one blob, each in a slot of its own: the only code that moves blob bytes.

A record is replaced in place.  If the machine dies in that moment the record does not authenticate
any more, and a resumed upload ends before it; nothing damaged is ever taken for data.
"""

import os
from contextlib import suppress
from typing import Final

from mft.blobs.faults import fault
from mft.crypto.segments import OVERHEAD, RECORD, Bytes, SegmentCipher
from mft.model.errors import Exhausted, Invalid, Unavailable

_CLOSED: Final = -1
_STRETCH: Final = 8 << 20
"""Bytes that are written in order before the disk is told of them."""


class Records:
    """Reads and writes the records of the blob open at *fd*, which it owns from now on."""

    __slots__ = ("_broken", "_cipher", "_fd", "_reached", "_record", "_told", "opened", "sealed")

    def __init__(self, fd: int, cipher: SegmentCipher) -> None:
        """Take *fd* and the file's *cipher*."""
        self._fd = fd
        self._cipher = cipher
        self._record = memoryview(bytearray(RECORD))
        self._broken: str | None = None
        self._reached = 0
        self._told = 0
        self.sealed = 0
        """How many records were written so far."""
        self.opened = 0
        """How many records were opened so far."""

    def check(self) -> None:
        """Raise Unavailable if the disk failed under this blob before, or it is closed."""
        if self._broken is not None:
            raise Unavailable(self._broken)

    def seal(self, number: int, plain: Bytes, filled: int) -> None:
        """Seal *plain* as segment *number*; its first *filled* bytes are free of gaps."""
        self.check()
        size = self._cipher.seal_into(number, plain, filled, self._record)
        rest, at = self._record[:size], number * RECORD
        try:
            while rest:
                written = os.pwrite(self._fd, rest, at)
                rest, at = rest[written:], at + written
        except OSError as error:
            raise self._failed(error, "writing a blob") from error
        self._reached = at
        self.sealed += 1

    def write_back(self) -> None:
        """Let the disk begin with what was written in order, so that ``sync`` finds little left to do.

        For another thread than the writer's: it may take the disk's time, and is advice that may fail.
        """
        reached = self._reached
        if reached - self._told >= _STRETCH:
            with suppress(OSError):
                # Linux begins to write such pages, and drops from memory only those that are written.
                os.posix_fadvise(self._fd, self._told, reached - self._told, os.POSIX_FADV_DONTNEED)
            self._told = reached

    def peek(self, number: int, plain: memoryview) -> tuple[int, int] | None:
        """Open segment *number* into *plain* and return ``(length, filled)``; None if it does not authenticate."""
        self.check()
        have = self._read(number * RECORD, min(RECORD, OVERHEAD + len(plain)))
        try:
            found = self._cipher.open_into(number, self._record[:have], plain)
        except Invalid:
            return None
        self.opened += 1
        return found

    def open(self, number: int, plain: memoryview) -> tuple[int, int]:
        """Open segment *number* into *plain* and return ``(length, filled)``.  Raises Unavailable if damaged."""
        found = self.peek(number, plain)
        if found is None:
            raise Unavailable(f"segment {number} of a blob is damaged; restore the blob from a backup")
        return found

    def cut(self, number: int, length: int = 0) -> None:
        """End the blob after *length* sealed bytes of segment *number*; with 0, just before that segment."""
        self.check()
        try:
            os.ftruncate(self._fd, number * RECORD + (OVERHEAD + length if length else 0))
        except OSError as error:
            raise self._failed(error, "cutting a blob") from error

    def sync(self) -> None:
        """Return once everything written is on the disk.

        After a failure nothing more is done with this blob: the kernel marks the pages clean, so
        that a second fsync would report a success that is none.
        """
        self.check()
        try:
            os.fsync(self._fd)
        except OSError as error:
            self._broken = "an earlier fsync of this blob failed; what it holds cannot be known"
            raise fault(error, "flushing a blob to the disk") from error

    def close(self) -> None:
        """Close the file.  A second call does nothing."""
        fd, self._fd = self._fd, _CLOSED
        self._broken = "the blob is closed"
        if fd != _CLOSED:
            # What had to be durable was fsynced; a late complaint changes nothing.
            with suppress(OSError):
                os.close(fd)

    def _read(self, offset: int, length: int) -> int:
        have = 0
        try:
            while have < length:
                got = os.preadv(self._fd, [self._record[have:length]], offset + have)
                if not got:
                    break
                have += got
        except OSError as error:
            raise self._failed(error, "reading a blob") from error
        return have

    def _failed(self, error: OSError, doing: str) -> Exhausted | Unavailable:
        known = fault(error, doing)
        if isinstance(known, Unavailable):
            self._broken = "an earlier read or write of this blob failed; what it holds cannot be known"
        return known
