"""The SHA-256 of what a client sends, computed beside the event loop that takes it.

A GiB costs 0.6 s to digest, a third of all that its upload costs, and hashlib lets other threads run
meanwhile.  A thread costs too, so bytes go over a mebibyte at a time, and small files never do.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256
from mmap import mmap
from typing import Final

from mft.crypto.segments import SEGMENT, Bytes

BATCH: Final = 1 << 20
"""Bytes that go to the other thread at once.  One batch is on its way and one is gathered, at most."""
PIECE: Final = 1 << 18
"""Bytes that may be given at once."""

_FULL: Final = SEGMENT + BATCH + PIECE
_BESIDE: Final = ThreadPoolExecutor(2, "digest")


class Digest:
    """The digest of bytes in order, of which the last lie side by side.  One caller at a time."""

    __slots__ = ("_begin", "_filled", "_gathered", "_sha256", "_spare", "_under_way", "given")

    def __init__(self) -> None:
        """Begin with no bytes."""
        self._sha256 = sha256()
        self._gathered = self._spare = memoryview(b"")
        self._begin = self._filled = 0
        self._under_way: Future[None] | None = None
        self.given = 0
        """Bytes that were given so far."""

    def update(self, data: Bytes) -> None:
        """Take *data*, PIECE bytes at most; waits while the batch before the last is still being digested."""
        if self._filled - self._begin >= BATCH or self._filled + len(data) > _FULL:
            self._hand_over()
        end = self._filled + len(data)
        if end > len(self._gathered):
            self._grow(end)
        self._gathered[self._filled : end] = data
        self._filled = end
        self.given += len(data)

    def last(self, count: int) -> memoryview:
        """Return the last *count* bytes, good until more are given: what was given last, and a segment before it."""
        return self._gathered[self._filled - count : self._filled]

    def settle(self) -> None:
        """Return once the other thread has nothing to do for this any more."""
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way.result()

    def finish(self, rest: Bytes = b"") -> bytes:
        """Return the digest of all that was given, and *rest*; more may follow where *rest* began."""
        self.settle()
        self._sha256.update(self._gathered[self._begin : self._filled])
        self._begin = self._filled
        whole = self._sha256.copy()
        whole.update(rest)
        return whole.digest()

    def _hand_over(self) -> None:
        self.settle()
        batch, keep = self._gathered[self._begin : self._filled], self.last(min(SEGMENT, self._filled))
        self._gathered, self._spare = self._spare or _room(), self._gathered
        self._gathered[: len(keep)] = keep
        self._begin = self._filled = len(keep)
        # In one go: for each piece it would have to wait for its turn among the threads.
        self._under_way = _BESIDE.submit(self._sha256.update, batch)

    def _grow(self, size: int) -> None:
        """Make room for *size* bytes: a little at first, since most files are small."""
        larger = memoryview(bytearray(2 * size)) if size <= SEGMENT else _room()
        larger[: self._filled] = self._gathered[: self._filled]
        self._gathered = larger


def _room() -> memoryview:
    return memoryview(mmap(-1, _FULL))
