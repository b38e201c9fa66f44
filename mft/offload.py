"""How a call leaves the event loop, in one place.

Rooms are plain functions, so that the CLI calls them as they are.  A door calls them through here:
a short read on SQLite runs inline (37 µs, where a thread hop costs 330), everything that waits for
a disk, a lock or a network runs in a bounded pool of its own kind.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
_FILES: Final = 16
"""Most of them wait: for the disk, or in the line of writers to share a commit."""

_Work = Callable[[], None]
_Desk = SimpleQueue[_Work | None]


class Lane:
    """Threads for one kind of work.  Whoever rested last works next: its memory is still near the processor.

    One session alone so meets one or two threads; the library's pool hands work around among all of them,
    and a hop took an eighth more of the processor.
    """

    def __init__(self, most: int, name: str) -> None:
        """Begin with no thread; there will be *most* at once, called *name*."""
        self._most = most
        self._name = name
        self._lock = Lock()
        self._resting: list[_Desk] = []
        self._waiting: deque[_Work] = deque()
        self._threads: list[Thread] = []
        self._closed = False

    def put(self, work: _Work) -> None:
        """Let a thread do *work*, which raises nothing, as soon as one is free.  Raises RuntimeError once closed."""
        with self._lock:
            if self._closed:
                raise RuntimeError(f"the lane {self._name} is closed")
            if not self._resting and len(self._threads) == self._most:
                self._waiting.append(work)
                return
            desk = self._resting.pop() if self._resting else self._employ()
        desk.put(work)

    def close(self) -> None:
        """Return when all that was put is done; take no more."""
        with self._lock:
            self._closed = True
            resting, self._resting = self._resting, []
        for desk in resting:
            desk.put(None)
        for thread in self._threads:
            thread.join()

    def _employ(self) -> _Desk:
        desk: _Desk = SimpleQueue()
        # A lane that nobody closed must not keep the program from its end.
        thread = Thread(target=self._serve, args=(desk,), name=f"{self._name}-{len(self._threads)}", daemon=True)
        self._threads.append(thread)
        thread.start()
        return desk

    def _serve(self, desk: _Desk) -> None:
        while (work := desk.get()) is not None:
            while work is not None:
                work()
                work = self._next(desk)

    def _next(self, desk: _Desk) -> _Work | None:
        """Return what waits, or let the thread of *desk* rest; None at its desk sends it home."""
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            if self._closed:
                desk.put(None)
            else:
                self._resting.append(desk)
        return None


class Offload:
    """Four lanes: reads, writes, file work and password hashing.  Close it when the doors are shut."""

    def __init__(self, *, inline_reads: bool, writers: int, hashers: int) -> None:
        """Make the lanes.  Of *writers* one writes at a time; the others stand in line and share commits."""
        self._reads = None if inline_reads else Lane(8, "read")
        self._writes = Lane(writers, "write")
        self._files = Lane(_FILES, "file")
        self._hashes = Lane(hashers, "hash")

    async def read(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a short database read."""
        if self._reads is None:
            return function(*args, **kwargs)
        return await _in(self._reads, function, *args, **kwargs)

    async def write(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something that commits a transaction."""
        return await _in(self._writes, function, *args, **kwargs)

    async def file(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something that waits for a disk: fsync, digest, copy."""
        return await _in(self._files, function, *args, **kwargs)

    async def hash(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a password hash.  The lane is narrow: each takes 64 MiB."""
        return await _in(self._hashes, function, *args, **kwargs)

    def close(self) -> None:
        """Finish what was begun and take no more."""
        for lane in (self._reads, self._files, self._hashes, self._writes):
            if lane is not None:
                lane.close()


def _in(lane: Lane, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "asyncio.Future[T]":
    """Return the result to come of *function*; who no longer waits for it when its turn comes spares it."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def work() -> None:
        if future.cancelled():
            return
        settle: Callable[[Any], None]
        outcome: Any
        try:
            settle, outcome = future.set_result, function(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001  (whatever it was, it is the caller's)
            settle, outcome = future.set_exception, error
        with suppress(RuntimeError):  # The loop is closed: nobody waits any more.
            loop.call_soon_threadsafe(_settle, future, settle, outcome)
        outcome = None  # An error keeps this frame, and so itself, alive.

    lane.put(work)
    return future


def _settle(future: "asyncio.Future[T]", settle: Callable[[Any], None], outcome: Any) -> None:
    if not future.done():
        settle(outcome)
