"""When to go on with an answer that the peer has, at present, no window for (RFC 4254, 5.2).

A READ is left where it is until its answer can go out: what was made too early would lie in memory
and be copied three times.  And since a peer opens its window by a packet or two at a time, whoever
has used it up waits until a good part is open again; going on each time would cost more than the data.
"""

from typing import Final

_WORTH: Final = 1 << 20
"""Bytes that are waited for, should the window ever have been so wide."""


class Waiting:
    """What one session waits for on one channel.  *window* is always what the peer takes now, in bytes."""

    __slots__ = ("_awaited", "_seen", "_still", "_widest")

    def __init__(self) -> None:
        """Wait for nothing."""
        self._widest = 0
        self._awaited = 0
        self._seen = 0
        self._still = False

    def may(self, window: int, length: int, *, clogged: bool) -> bool:
        """Return whether to answer with *length* bytes now; if not, ``over`` tells when.

        Goes on, too, with what the peer will never take at once: half of what it ever took is enough
        then.  *clogged* says that bytes wait for the window already.
        """
        self._widest = max(self._widest, window)
        self._seen = window
        if self._still:
            self._still = False
            return True
        if clogged:
            self._awaited = 1
            return False
        self._awaited = 0 if window >= length else max(1, min(max(length, _WORTH), self._widest // 2))
        return window >= self._awaited

    def over(self, window: int, *, clogged: bool) -> bool:
        """Return, once, that the wait is over."""
        if not self._awaited or clogged or window < self._awaited:
            return False
        self._awaited = 0
        return True

    def vain(self, window: int, length: int, *, clogged: bool) -> bool:
        """Return whether to wait no longer: *length* bytes are taken now, or no more was since the last look.

        Some clients open their window only when less is left of it than we wait for.  ``may`` agrees then.
        """
        self._still = not clogged and (window >= length or window == self._seen)
        self._seen = window
        return self._still
