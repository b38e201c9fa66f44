"""The sealed records of one blob, each in a slot of its own: the only code that moves blob bytes.

A record is replaced in place.  If the machine dies in that moment the record does not authenticate
any more, and a resumed upload ends before it; nothing damaged is ever taken for data.
"""

import os
from contextlib import suppress
from typing import Final

from mft.blobs.faults import fault
from mft.blobs.stretch import Stretch, write_all
from mft.crypto.segments import OVERHEAD, RECORD, Bytes, SegmentCipher
from mft.model.errors import Exhausted, Invalid, Unavailable

_CLOSED: Final = -1
IN_ORDER: Final = 32
"""Records that followed one another before the next are gathered; a small file never is."""


class Records:
    """Reads and writes the records of the blob open at *fd*, which it owns from now on."""

    __slots__ = ("_broken", "_cipher", "_fd", "_in_order", "_next", "_record", "_stretch", "opened", "sealed")

    def __init__(self, fd: int, cipher: SegmentCipher) -> None:
        """Take *fd* and the file's *cipher*."""
        self._fd = fd
        self._cipher = cipher
        self._record = memoryview(bytearray(RECORD))
        self._broken: str | None = None
        self._next = self._in_order = 0
        self._stretch: Stretch | None = None
        self.sealed = 0
        """How many records were written so far."""
        self.opened = 0
        """How many records were opened so far."""

    def check(self) -> None:
        """Raise Unavailable if the disk failed under this blob before, or it is closed."""
        if self._broken is not None:
            raise Unavailable(self._broken)

    @property
    def landed(self) -> int | None:
        """How many records from the start the file has of those that were written in order; None if all."""
        return None if self._stretch is None else self._stretch.landed // RECORD

    def seal(self, number: int, plain: Bytes, filled: int) -> None:
        """Seal *plain* as segment *number*; its first *filled* bytes are free of gaps.

        Of records that follow one another the last few may wait in memory: ``land`` writes them.
        """
        self.check()
        at = number * RECORD
        try:
            stretch = self._stretch
            if stretch is not None and stretch.end == at:
                stretch.demand()
                stretch.take(self._cipher.seal_into(number, plain, filled, stretch.room))
            else:
                self.land()
                size = self._cipher.seal_into(number, plain, filled, self._record)
                write_all(self._fd, self._record[:size], at)
                self._follow(at, size)
        except OSError as error:
            raise self._failed(error, "writing a blob") from error
        self.sealed += 1

    def land(self) -> None:
        """Return once all that was sealed is in the file, though perhaps not on the disk."""
        stretch = self._stretch
        if stretch is None:
            return
        try:
            stretch.land()
        except OSError as error:
            raise self._failed(error, "writing a blob") from error
        self._stretch, self._in_order = None, 0

    def peek(self, number: int, plain: memoryview) -> tuple[int, int] | None:
        """Open segment *number* into *plain* and return ``(length, filled)``; None if it does not authenticate."""
        self.check()
        self.land()
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
        self.land()
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
        self.land()
        try:
            os.fsync(self._fd)
        except OSError as error:
            self._broken = "an earlier fsync of this blob failed; what it holds cannot be known"
            raise fault(error, "flushing a blob to the disk") from error

    def close(self) -> None:
        """Close the file.  A second call does nothing."""
        fd, self._fd = self._fd, _CLOSED
        stretch, self._stretch = self._stretch, None
        if stretch is not None:
            stretch.settle()  # The number of the descriptor may be another file's soon.
        self._broken = "the blob is closed"
        if fd != _CLOSED:
            # What had to be durable was fsynced; a late complaint changes nothing.
            with suppress(OSError):
                os.close(fd)

    def _follow(self, at: int, size: int) -> None:
        """Gather from now on if enough records followed one another, of which the last was *size* bytes at *at*.

        Only at the file's end: of bytes written over, a kill must not leave the older ones.
        """
        self._in_order = self._in_order + 1 if at == self._next else 0
        self._next = at + size
        if self._in_order >= IN_ORDER and os.fstat(self._fd).st_size == self._next:
            self._stretch = Stretch(self._fd, self._next)

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
