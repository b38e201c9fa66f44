"""The line of one process's writers, and the commit that neighbours in it share.

A commit waits for a disk, and one wait can serve many: whoever has done a short act and sees another
that waits in line hands over the open transaction instead of committing it.  The last commits for all,
and until then nobody who took part goes on.  So code behind a ``with store.write()`` still finds what
it did on the disk, and an act that waited for nobody commits at once, alone.
"""

import time
from collections import deque
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Final

from sqlalchemy import Connection

from mft.model.errors import Unavailable

PATIENCE: Final = 10
"""Seconds a writer stands in line before it is told that the database did not answer."""

MOST: Final = 64
"""Acts that share one commit."""

LONGEST: Final = 0.01
"""Seconds after which a transaction takes no further act: the first of them is waiting for its answer."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a writer wants of its commit."""

    together: bool
    """Whether it may share a transaction with its neighbours: only what is short."""
    durable: bool
    """Whether it waits for the disk."""


@dataclass(slots=True)
class Shared:
    """An open transaction, and who waits for its end."""

    connection: Connection
    wish: Wish
    begun_at: float = field(default_factory=time.monotonic)
    acts: int = 0
    """How many acts it keeps so far."""
    broken: BaseException | None = None
    """Why none of them can be kept."""
    _ended: Event = field(default_factory=Event)

    def takes(self, wish: Wish) -> bool:
        """Return whether one more act with this *wish* may come into it."""
        alike = self.wish.together and wish.together and (self.wish.durable or not wish.durable)
        young = self.acts < MOST and time.monotonic() - self.begun_at < LONGEST
        return alike and young and self.acts > 0 and self.broken is None

    def end(self) -> None:
        """Let everybody go on who waits."""
        self._ended.set()

    def wait(self) -> None:
        """Return when it is committed or *broken*; whoever has the turn commits it, so that it ends."""
        self._ended.wait()


@dataclass(slots=True, eq=False)
class _Waiting:
    wish: Wish
    turn: Event = field(default_factory=Event)
    shared: Shared | None = None


class Line:
    """First come, first served.  One thread has the turn."""

    def __init__(self) -> None:
        """Begin with nobody in it."""
        self._lock = Lock()
        self._taken = False
        self._waiting: deque[_Waiting] = deque()

    def __len__(self) -> int:
        """Return how many wait for their turn."""
        return len(self._waiting)

    def enter(self, wish: Wish) -> Shared | None:
        """Wait for the turn; return the transaction that is handed over with it, if one is.

        Raises Unavailable after PATIENCE seconds.
        """
        with self._lock:
            if not self._taken:
                self._taken = True
                return None
            mine = _Waiting(wish)
            self._waiting.append(mine)
        if not mine.turn.wait(PATIENCE):
            self._give_up(mine)
        return mine.shared

    def hand_over(self, shared: Shared) -> bool:
        """Give the turn, with *shared*, to the next in line; return False, and keep both, if it is not for them."""
        with self._lock:
            if not self._waiting or not shared.takes(self._waiting[0].wish):
                return False
            following = self._waiting.popleft()
        following.shared = shared
        following.turn.set()
        return True

    def leave(self) -> None:
        """Give the turn to the next in line, who begins anew."""
        with self._lock:
            if not self._waiting:
                self._taken = False
                return
            following = self._waiting.popleft()
        following.turn.set()

    def _give_up(self, mine: _Waiting) -> None:
        with self._lock:
            if mine in self._waiting:
                self._waiting.remove(mine)
                raise Unavailable("the database did not answer: another writer of this process does not finish")
        mine.turn.wait()  # The turn came in this very moment.
