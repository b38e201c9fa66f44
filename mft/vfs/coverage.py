"""Which bytes of a file were served.  Sequential reading costs one comparison."""

from bisect import bisect_left, insort
from typing import Final

_MOST_RUNS: Final = 4096
"""A client that picks every second byte is not remembered beyond this; its download counts as partial."""


class Coverage:
    """The bytes served so far, as one run from the start and others waiting for the gap to close."""

    __slots__ = ("_front", "_later", "total")

    def __init__(self) -> None:
        """Begin with nothing served."""
        self._front = 0
        self._later: list[tuple[int, int]] = []
        self.total = 0
        """Bytes served, counting what was served twice twice."""

    def add(self, start: int, length: int) -> None:
        """Note that *length* bytes from *start* were served."""
        self.total += length
        end = start + length
        if start > self._front:
            self._wait(start, end)
        elif end > self._front:
            self._front = end
            if self._later:
                self._catch_up()

    def covers(self, size: int) -> bool:
        """Return whether each of the first *size* bytes was served at least once."""
        return self._front >= size

    def _wait(self, start: int, end: int) -> None:
        at = bisect_left(self._later, (start, end))
        before = self._later[at - 1] if at else None
        if before is not None and start <= before[1]:
            self._later[at - 1] = (before[0], max(end, before[1]))
        elif len(self._later) < _MOST_RUNS:
            insort(self._later, (start, end))

    def _catch_up(self) -> None:
        passed = 0
        for start, end in self._later:
            if start > self._front:
                break
            self._front = max(self._front, end)
            passed += 1
        del self._later[:passed]
