"""The end of a server: asked for once it drains, asked for again it does not wait."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

DRAIN: Final = 30.0
"""Seconds that transfers may go on after the end was asked for once."""

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class Asked:
    """How often the end was asked for."""

    def __init__(self) -> None:
        """Begin with nobody asking."""
        self._once = asyncio.Event()
        self._again = asyncio.Event()

    @property
    def already(self) -> bool:
        """Whether it was asked for at all."""
        return self._once.is_set()

    def ask(self) -> None:
        """Ask for the end, or for hurry."""
        (self._again if self._once.is_set() else self._once).set()

    async def wait(self) -> None:
        """Wait until it is asked for."""
        await self._once.wait()

    async def wait_again(self) -> None:
        """Wait until there is hurry."""
        await self._again.wait()


@contextmanager
def signals() -> Iterator[Asked]:
    """Give the end that SIGTERM and SIGINT ask for while the block runs."""
    asked, loop = Asked(), asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, asked.ask)
    try:
        yield asked
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
