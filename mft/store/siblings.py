"""Writers of several processes of one machine take turns at a SQLite file.

SQLite lets in whoever tries at the right moment, and who finds it busy sleeps for up to a tenth of a
second: under load one process writes and the other waits for seconds.  So each stands in line at two
locks.  Who comes next holds the first one while waiting for the second; the one that has just written
has to stand behind.  It is a courtesy only: what may be written is decided by SQLite's own lock, and
who waits too long here goes there.
"""

import fcntl
import os
from pathlib import Path
from time import sleep
from typing import Final

from sqlalchemy import Connection, Engine, event

_LOOK_SECONDS: Final = 0.0002
_MOST_LOOKS: Final = 2000
"""About half a second: a sibling that hangs with its turn holds nobody up for longer."""


class Turns:
    """The two locks, as one process has them; its writers have a line of their own before this one."""

    def __init__(self, folder: Path) -> None:
        """Open the locks in *folder*, which all of them share, for as long as the process lives."""
        self._next = _opened(folder / "line.next")
        self._turn = _opened(folder / "line.turn")

    def take(self) -> None:
        """Wait for a turn, but not too long."""
        if _lock(self._next):
            _lock(self._turn)
            fcntl.flock(self._next, fcntl.LOCK_UN)

    def give(self) -> None:
        """Let the next one have it; harmless when it was not ours."""
        fcntl.flock(self._turn, fcntl.LOCK_UN)


def take_turns(engine: Engine, turns: Turns) -> None:
    """Let every write of *engine* stand in line; to be called before it is said how a transaction begins."""

    def take(connection: Connection) -> None:
        if _writes(connection):
            turns.take()

    def give(connection: Connection) -> None:
        # Before the commit, not after it: whoever is next begins by waiting for SQLite's lock, and is first there.
        if _writes(connection):
            turns.give()

    event.listen(engine, "begin", take)
    event.listen(engine, "commit", give)
    event.listen(engine, "rollback", give)


def _writes(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get("mft_writes", False))


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def _lock(descriptor: int) -> bool:
    for _ in range(_MOST_LOOKS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sleep(_LOOK_SECONDS)
        else:
            return True
    return False
