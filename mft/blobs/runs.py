"""Which whole numbers are in: runs ``[start, end)``, sorted, disjoint and never touching.

Says which bytes of an upload arrived and which of its segments wait to be sealed.  Adding at the
end, which is what sequential writers do, costs the same however much is in.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator


class Runs:
    """A set of whole numbers that is cheap while it has few runs."""

    __slots__ = ("_ends", "_starts")

    def __init__(self) -> None:
        """Begin empty."""
        self._starts: list[int] = []
        self._ends: list[int] = []

    def __len__(self) -> int:
        """Return the number of runs, not of numbers."""
        return len(self._starts)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Yield each run as ``(start, end)``, lowest first."""
        return zip(self._starts, self._ends, strict=True)

    def __contains__(self, number: int) -> bool:
        """Return whether *number* is in."""
        return self.reach(number) > number

    def reach(self, start: int) -> int:
        """Return the end of the run that holds *start*, or *start* itself if none does."""
        at = bisect_right(self._starts, start) - 1
        return max(self._ends[at], start) if at >= 0 else start

    def touches(self, start: int, end: int) -> bool:
        """Return whether any number of ``[start, end)`` is in."""
        at = bisect_right(self._ends, start)
        return at < len(self._starts) and max(self._starts[at], start) < end

    def gaps(self, end: int) -> list[tuple[int, int]]:
        """Return the runs of ``[0, end)`` that are not in, lowest first."""
        starts = [0, *self._ends]
        ends = [*self._starts, end]
        return [(low, min(high, end)) for low, high in zip(starts, ends, strict=True) if low < min(high, end)]

    def add(self, start: int, end: int) -> None:
        """Put every number of ``[start, end)`` in."""
        if start >= end:
            return
        if self._ends and self._starts[-1] <= start <= self._ends[-1]:
            self._ends[-1] = max(self._ends[-1], end)
            return
        low = bisect_left(self._ends, start)
        high = bisect_right(self._starts, end)
        if low < high:
            start = min(start, self._starts[low])
            end = max(end, self._ends[high - 1])
        self._starts[low:high] = [start]
        self._ends[low:high] = [end]

    def remove(self, start: int, end: int) -> None:
        """Take every number of ``[start, end)`` out."""
        low = bisect_right(self._ends, start)
        high = bisect_left(self._starts, end)
        if start >= end or low >= high:
            return
        kept = [(self._starts[low], start), (end, self._ends[high - 1])]
        left = [(first, last) for first, last in kept if first < last]
        self._starts[low:high] = [first for first, _ in left]
        self._ends[low:high] = [last for _, last in left]
