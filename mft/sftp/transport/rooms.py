"""The buffers that all connections of an event loop share, so that an idle one holds none."""

import asyncio
from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

from mft.sftp.transport.framing import Framing
from mft.sftp.transport.receiving import Intake


@dataclass(frozen=True, slots=True)
class Rooms:
    """Where input is opened, and where output is sealed."""

    intake: Intake
    framing: Framing

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> "Rooms":
        """Return those of *loop*."""
        found = _ROOMS.get(loop)
        if found is None:
            found = _ROOMS[loop] = cls(Intake(), Framing())
        return found


_ROOMS: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, Rooms]] = WeakKeyDictionary()
