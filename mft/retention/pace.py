"""How fast removing goes: each step is followed by a rest, so that people's requests come first.

A sweep is work for the processor and for the one writer's line; it may take minutes, a request may not.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from mft.clock import Clock

_REST: Final = 0.5
"""How long a rest is, in times of what the step before it took."""
_LONGEST: Final = timedelta(milliseconds=200)


class Pace:
    """Measures the steps of one sweep and rests behind each."""

    def __init__(self, clock: Clock, rest: Callable[[float], None]) -> None:
        """Keep *clock*, and *rest*, which waits for as many seconds as it is told."""
        self._clock = clock
        self._rest = rest

    @contextmanager
    def step(self) -> Iterator[None]:
        """Let the block be one step."""
        began = self._clock.elapsed()
        yield
        took = self._clock.elapsed() - began
        self._rest(min(took * _REST, _LONGEST).total_seconds())
