"""Writers that all stand in line before the first of them goes."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from threading import Event
from typing import TypeVar

from mft.store.engine import Store

T = TypeVar("T")


class _GoError(Exception):
    """The line may move."""


def standing_in_line(store: Store, pool: ThreadPoolExecutor, acts: Sequence[Callable[[], T]]) -> list[Future[T]]:
    """Begin *acts*, each one ``store.write``, in this order while the line does not move; then let it go."""
    done = []
    with suppress(_GoError), store.write():
        for number, one in enumerate(acts, start=1):
            done.append(pool.submit(one))
            while store.in_line < number and not done[-1].done():
                Event().wait(0.001)
        raise _GoError  # Commits nothing itself.
    return done
