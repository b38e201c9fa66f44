"""The SHA-256 of what a client sends, computed beside the event loop that takes it.

A GiB costs 0.6 s to digest, a third of all that its upload costs, and hashlib lets other threads run
meanwhile.  A thread costs too, so bytes go over a mebibyte at a time, and small files never do.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256
from typing import Final

from mft.crypto.segments import Bytes

BATCH: Final = 1 << 20
"""Bytes that go to the other thread at once.  One batch is on its way and one is gathered, at most."""

_BESIDE: Final = ThreadPoolExecutor(2, "digest")


class Digest:
    """The digest of bytes in order.  One caller at a time; nothing is kept of what it gives."""

    __slots__ = ("_after", "_filled", "_gathered", "_sha256", "_spare", "_under_way")

    def __init__(self, after: Callable[[], object] = lambda: None) -> None:
        """Begin with no bytes.  *after* is called in the other thread, after each batch."""
        self._after = after
        self._sha256 = sha256()
        self._gathered = self._spare = memoryview(b"")
        self._filled = 0
        self._under_way: Future[None] | None = None

    def update(self, data: Bytes) -> None:
        """Take *data*; waits while the batch before the last is still being digested."""
        view = memoryview(data)
        while view:
            if not self._gathered:
                self._gathered = memoryview(bytearray(BATCH))
            piece = view[: BATCH - self._filled]
            self._gathered[self._filled : self._filled + len(piece)] = piece
            self._filled += len(piece)
            view = view[len(piece) :]
            if self._filled == BATCH:
                self._hand_over()

    def settle(self) -> None:
        """Return once the other thread has nothing to do for this any more."""
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way.result()

    def finish(self, rest: Bytes = b"") -> bytes:
        """Return the digest of all that was given, and *rest*; more may follow where *rest* began."""
        self.settle()
        self._sha256.update(self._gathered[: self._filled])
        self._filled = 0
        whole = self._sha256.copy()
        whole.update(rest)
        return whole.digest()

    def _hand_over(self) -> None:
        self.settle()
        batch, self._gathered, self._spare, self._filled = self._gathered, self._spare, self._gathered, 0
        self._under_way = _BESIDE.submit(self._take, batch)

    def _take(self, batch: memoryview) -> None:
        # In one go: for each piece it would have to wait for its turn among the threads.
        self._sha256.update(batch)
        self._after()
