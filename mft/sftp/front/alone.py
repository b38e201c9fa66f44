"""The moment in which one process alone changes what all of them map."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def alone(file: int) -> Iterator[None]:
    """Hold the descriptor *file* of what is shared, for microseconds and never across a wait.

    A negative one stands for what is shared with nobody.
    """
    if file < 0:
        yield
        return
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)
