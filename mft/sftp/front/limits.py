"""How much a caller may ask for before signing on, and who still gets a place.

A place is held from the accept until the sign-on or the end of the connection, so that neither one
source nor all of them together can fill the house with half-open connections.
"""

import mmap
import os
import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from mft.sftp.front.alone import alone
from mft.sftp.session.limits import SessionLimits


@dataclass(frozen=True, slots=True)
class Limits:
    """The numbers of the SFTP door; the settings' descriptions say what each is for.  Times are seconds."""

    unauthenticated: int = 100
    """Connections that have not signed on, from everybody; above the last place nobody is let in."""
    drop_early_from: int = 20
    """From so many on, some are turned away at random: OpenSSH's MaxStartups 20:30:100."""
    drop_early_share: float = 0.30
    per_source: int = 5
    connections: int = 1000
    """Connections in all, signed on or not."""
    per_account: int = 32
    """Sessions of one account: a client that loses count must not fill the house."""
    proxy_header: float = 3.0
    first_request: float = 20.0
    sign_on: float = 120.0
    password_change: float = 180.0
    """Instead of *sign_on* once a password change was asked for: a person is typing."""
    attempts: int = 4
    """Refused attempts until the connection is closed."""
    queries: int = 16
    """Requests that attempt nothing: ``none``, unsigned keys, methods that are not offered."""
    replacements: int = 3
    """New passwords that may be refused."""
    channels: int = 4
    unused: float = 60.0
    """A connection without any channel is closed after so long."""
    recheck: float = 20.0
    """Every so often each live session is decided upon anew."""
    session: SessionLimits = field(default_factory=SessionLimits)


_SLOT: Final = struct.Struct("=II")  # The process that holds the place, and the source; process 0: free.
_NOBODY: Final = 0


class Places:
    """The places for connections that have not signed on, shared by the processes of one machine.

    A table in memory that all map: *table* is its file, which the parent empties before it starts
    them; None for a single process.  Places of a process that died are free again.
    """

    def __init__(self, limits: Limits, table: Path | None = None, chance: Callable[[], float] = random.random) -> None:
        """Keep the numbers.  *chance* gives a number from 0 up to 1 and decides who is turned away early."""
        self._limits = limits
        self._path = table
        self._chance = chance
        self._me = os.getpid()
        self._file = -1
        self._slots = mmap.mmap(-1, self._size)

    @property
    def _size(self) -> int:
        return self._limits.unauthenticated * _SLOT.size

    def open(self) -> None:
        """Map the shared table, if there is one."""
        self._me = os.getpid()
        if self._path is None:
            return
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if os.fstat(self._file).st_size < self._size:
            os.ftruncate(self._file, self._size)
        self._slots.close()
        self._slots = mmap.mmap(self._file, self._size)

    def close(self) -> None:
        """Unmap the table."""
        self._slots.close()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def take(self, source: IPv4Address | None) -> int | None:
        """Return the number of a place for *source*, or None if it gets none.

        The source behind a load balancer is not known yet: it is None, counts towards the whole
        only, and is told by ``name``.
        """
        with alone(self._file):
            held, taken, free = self._count(source)
            if (free is None or held >= self._limits.per_source) and self._sweep():
                held, taken, free = self._count(source)
            if free is None or held >= self._limits.per_source or self._unlucky(taken):
                return None
            _SLOT.pack_into(self._slots, free * _SLOT.size, self._me, _number(source))
            return free

    def name(self, place: int, source: IPv4Address) -> bool:
        """Say who holds *place* and return whether *source* may: it may have too many already."""
        with alone(self._file):
            held, _, _ = self._count(source)
            _SLOT.pack_into(self._slots, place * _SLOT.size, self._me, _number(source))
            return held < self._limits.per_source

    def leave(self, place: int) -> None:
        """Give *place* back."""
        with alone(self._file):
            _SLOT.pack_into(self._slots, place * _SLOT.size, _NOBODY, 0)

    def taken(self) -> int:
        """Return how many places are taken."""
        return sum(process != _NOBODY for process, _ in self._entries())

    def _entries(self) -> Iterator[tuple[int, int]]:
        return _SLOT.iter_unpack(self._slots[:])

    def _count(self, source: IPv4Address | None) -> tuple[int, int, int | None]:
        """Return how many places *source* holds, how many are taken in all, and a free one."""
        held, taken, free, wanted = 0, 0, None, _number(source)
        for place, (process, holder) in enumerate(self._entries()):
            if process == _NOBODY:
                free = place if free is None else free
                continue
            taken += 1
            if wanted and holder == wanted:
                held += 1
        return held, taken, free

    def _unlucky(self, taken: int) -> bool:
        """Return whether the next caller is turned away early: the fuller, the likelier (MaxStartups)."""
        limits = self._limits
        over = taken - limits.drop_early_from
        span = limits.unauthenticated - limits.drop_early_from
        if over < 0 or span <= 0:
            return False
        return self._chance() < limits.drop_early_share + (1 - limits.drop_early_share) * over / span

    def _sweep(self) -> bool:
        """Free the places of processes that are no more, and return whether there were any."""
        gone = [place for place, (process, _) in enumerate(self._entries()) if process and not _lives(process)]
        for place in gone:
            _SLOT.pack_into(self._slots, place * _SLOT.size, _NOBODY, 0)
        return bool(gone)


def _number(source: IPv4Address | None) -> int:
    """Return *source* as the table holds it; 0.0.0.0 is nobody's and stands for not yet known."""
    return 0 if source is None else int(source)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
