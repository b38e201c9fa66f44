"""How a call leaves the event loop, in one place.

Rooms are plain functions, so that the CLI calls them as they are.  A door calls them through here:
a short read on SQLite runs inline (37 µs, where a thread hop costs 330), everything that waits for
a disk, a lock or a network runs in a bounded pool of its own kind.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
_FILES = 16
"""Most of them wait: for the disk, or in the line of writers to share a commit."""


class Offload:
    """Four lanes: reads, writes, file work and password hashing.  Close it when the doors are shut."""

    def __init__(self, *, inline_reads: bool, writers: int, hashers: int) -> None:
        """Make the lanes.  Of *writers* one writes at a time; the others stand in line and share commits."""
        self._reads = None if inline_reads else ThreadPoolExecutor(8, "read")
        self._writes = ThreadPoolExecutor(writers, "write")
        self._files = ThreadPoolExecutor(_FILES, "file")
        self._hashes = ThreadPoolExecutor(hashers, "hash")

    async def read(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a short database read."""
        if self._reads is None:
            return function(*args, **kwargs)
        return await self._in(self._reads, function, *args, **kwargs)

    async def write(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something that commits a transaction."""
        return await self._in(self._writes, function, *args, **kwargs)

    async def file(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something that waits for a disk: fsync, digest, copy."""
        return await self._in(self._files, function, *args, **kwargs)

    async def hash(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a password hash.  The lane is narrow: each takes 64 MiB."""
        return await self._in(self._hashes, function, *args, **kwargs)

    def close(self) -> None:
        """Finish what was begun and take no more."""
        for lane in (self._reads, self._files, self._hashes, self._writes):
            if lane is not None:
                lane.shutdown(wait=True)

    @staticmethod
    async def _in(lane: ThreadPoolExecutor, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(lane, lambda: function(*args, **kwargs))
