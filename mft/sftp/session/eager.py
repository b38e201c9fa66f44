"""Begin a coroutine at once, and make a task only of what really waits.

Most requests are answered from memory or by a short inline read and never wait; a task for each
would cost more than the answer (Python 3.12 has eager tasks, 3.11 has this).
"""

from collections.abc import Coroutine, Generator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Waiting(Generic[T]):
    """A coroutine that has begun and waits for a future.  Await it once, in a task."""

    coroutine: Coroutine[Any, Any, T]
    future: Any

    def __await__(self) -> Generator[Any, Any, T]:
        """Go on where the coroutine waits, passing everything through in both directions."""
        waits_for = self.future
        while True:
            try:
                sent = yield waits_for
            except GeneratorExit:
                self.coroutine.close()
                raise
            except BaseException as error:  # noqa: BLE001  (a cancellation belongs to the coroutine)
                thrown: BaseException | None = error
            else:
                thrown = None
            try:
                waits_for = self.coroutine.throw(thrown) if thrown is not None else self.coroutine.send(sent)
            except StopIteration as done:
                result: T = done.value
                return result


def begin(coroutine: Coroutine[Any, Any, T]) -> T | Waiting[T]:
    """Run *coroutine* until it ends or waits: return its result, or what must be awaited for it."""
    try:
        future = coroutine.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    return Waiting(coroutine, future)
