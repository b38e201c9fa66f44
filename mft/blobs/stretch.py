"""Records that follow one another, gathered in memory and written two mebibytes at a time, past the page cache.

A large upload is written once and read much later, if at all.  Through the kernel's cache each of its
pages would be looked for, filled, and dropped again, all of it while the event loop waits; the disk
takes them from our own memory instead, beside the loop.
"""

import errno
import fcntl
import os
from concurrent.futures import Future, ThreadPoolExecutor, wait
from mmap import mmap
from typing import Final

from mft.crypto.segments import RECORD

CHUNK: Final = 2 << 20
"""Bytes that go to the disk at once.  One chunk is on its way and one is gathered, at most."""

_BLOCK: Final = 4096
"""What such writes begin and end at; no disk has larger sectors."""
_DISK: Final = ThreadPoolExecutor(4, "disk")


class Stretch:
    """What was sealed in order, from some place of the file at *fd* on.  For one caller at a time.

    While it lasts the file may be neither read nor written in any other way; ``land`` ends it.
    """

    __slots__ = ("_base", "_begun", "_fd", "_filled", "_going", "_room", "_sent", "_spare")

    def __init__(self, fd: int, at: int) -> None:
        """Go on behind byte *at*, where the file ends or what follows is of no worth.  Raises OSError."""
        self._fd = fd
        self._begun = at
        self._base = at - at % _BLOCK
        self._filled = at - self._base
        self._room = _buffer()
        self._spare: memoryview | None = None
        self._going: Future[None] | None = None
        self._sent: tuple[memoryview, int] | None = None
        self._room[: self._filled] = os.pread(fd, self._filled, self._base)
        _go_past_the_cache(fd, past=True)

    @property
    def end(self) -> int:
        """Where in the file the next record has to begin."""
        return self._base + self._filled

    @property
    def landed(self) -> int:
        """Up to where the file surely has what it was given."""
        return max(self._begun, self._sent[1] if self._sent is not None else self._base)

    @property
    def room(self) -> memoryview:
        """Where the next record goes: RECORD bytes at least."""
        return self._room[self._filled :]

    def demand(self) -> None:
        """Make sure that there is room for a record.  Raises OSError while the disk takes no more; nothing is lost."""
        if self._filled >= CHUNK:
            self._arrive()
            self._send()

    def take(self, size: int) -> None:
        """Take the *size* bytes that were put into the room."""
        self._filled += size

    def land(self) -> None:
        """Return once the file has everything, and may be read and written in other ways again.  Raises OSError."""
        self._arrive()
        _go_past_the_cache(self._fd, past=False)
        write_all(self._fd, self._room[: self._filled], self._base)

    def settle(self) -> None:
        """Return once nothing is on its way any more, come to the disk or not."""
        if self._going is not None:
            wait((self._going,))

    def _send(self) -> None:
        whole = self._filled - self._filled % _BLOCK
        chunk, rest = self._room[:whole], self._room[whole : self._filled]
        self._spare, self._room = self._room, self._spare or _buffer()
        self._room[: len(rest)] = rest
        self._sent = chunk, self._base
        self._going = _DISK.submit(write_all, self._fd, chunk, self._base)
        self._base, self._filled = self._base + whole, len(rest)

    def _arrive(self) -> None:
        """Return once what was sent is in the file; what the disk refused is written again."""
        going, self._going = self._going, None
        if going is not None:
            going.result()
        elif self._sent is not None:
            write_all(self._fd, *self._sent)
        self._sent = None


def _buffer() -> memoryview:
    return memoryview(mmap(-1, CHUNK + RECORD + _BLOCK))  # Begins with a page, as such writes want it.


def write_all(fd: int, rest: memoryview, at: int) -> None:
    """Write *rest* to *fd* at byte *at*, however little the disk takes at a time.  Raises OSError."""
    while rest:
        try:
            written = os.pwrite(fd, rest, at)
        except OSError as error:
            # After a short write, or on a file system with wishes of its own.
            if error.errno != errno.EINVAL or not _go_past_the_cache(fd, past=False):
                raise
            continue
        rest, at = rest[written:], at + written


def _go_past_the_cache(fd: int, *, past: bool) -> bool:
    """Write to *fd* past the cache from now on, or through it.  Return whether that is a change.

    Where the file system cannot, nothing changes: then the cache is used.
    """
    flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    wanted = flags | os.O_DIRECT if past else flags & ~os.O_DIRECT
    if wanted == flags:
        return False
    try:
        fcntl.fcntl(fd, fcntl.F_SETFL, wanted)
    except OSError:
        return False
    return True
