"""How many connections each of the workers has: who may let in another one, and whose turn it is.

They accept from one socket, so that whoever wakes first has the next caller.  One that has more
callers than another waits for a moment, and the other one is quicker.
"""

import mmap
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mft.sftp.front.alone import alone

_CELL: Final = struct.Struct("=I")


@dataclass(frozen=True, slots=True)
class Worker:
    """One of the processes that serve together."""

    number: int = 1
    """From 1 on."""
    of: int = 1
    """How many there are."""
    table: Path | None = None
    """A folder of theirs on this machine, which the parent empties before it starts them; None for a single one."""

    def file(self, name: str) -> Path | None:
        """Return the file *name* that all of them map."""
        return None if self.table is None else self.table / name


ALONE: Final = Worker()


class Crowd:
    """A number for each worker, in memory that all map; each writes its own only."""

    def __init__(self, most: int, worker: Worker = ALONE) -> None:
        """Let in *most* connections, all workers together."""
        self._most = most
        self._worker = worker
        self._file = -1
        self._cells = mmap.mmap(-1, self._size)

    @property
    def _size(self) -> int:
        return self._worker.of * _CELL.size

    def open(self) -> None:
        """Map what is shared; a worker begins with nobody, whatever the one in its place had."""
        path = self._worker.file("crowd")
        if path is None:
            return
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if os.fstat(self._file).st_size < self._size:
            os.ftruncate(self._file, self._size)
        self._cells.close()
        self._cells = mmap.mmap(self._file, self._size)
        self._put(0)

    def close(self) -> None:
        """Unmap it."""
        self._cells.close()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def enter(self) -> bool:
        """Count one more connection; False when there are as many as may be."""
        with alone(self._file):
            if sum(self._counts()) >= self._most:
                return False
            self._put(self._mine() + 1)
            return True

    def leave(self) -> None:
        """Count one less."""
        self._put(self._mine() - 1)

    def is_ahead(self) -> bool:
        """Return whether another worker has fewer connections than this one."""
        return self._mine() > min(self._counts())

    def _counts(self) -> list[int]:
        return [count for (count,) in _CELL.iter_unpack(self._cells[:])]

    def _mine(self) -> int:
        return self._counts()[self._worker.number - 1]

    def _put(self, count: int) -> None:
        _CELL.pack_into(self._cells, (self._worker.number - 1) * _CELL.size, count)
