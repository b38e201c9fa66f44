"""A worker as its parent has it: a process, and what is said between them."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, Self

from mft.app import channel
from mft.app.channel import Order
from mft.model.errors import MftError

_PROGRAM: Final = (sys.executable, "-P", "-m", "mft.app.worker")
_OURS_ALONE: Final = frozenset(
    {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}
)
"""What the service manager says to the parent only."""


class Hand:
    """One started worker."""

    def __init__(
        self, process: asyncio.subprocess.Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Keep what ``start`` made."""
        self._process = process
        self._reader = reader
        self._writer = writer
        self._heard = asyncio.get_running_loop().time()
        self.ready: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        """What it said when it served."""
        self.error: MftError | None = None
        """Why it could not begin, if it said so."""

    @classmethod
    async def start(cls, order: Order, inherited: Sequence[int]) -> Self:
        """Start a worker by *order*; it has the descriptors *inherited* beside its sockets."""
        ours, theirs = socket.socketpair()
        with theirs:
            descriptors = (theirs.fileno(), *order.sockets, *inherited)
            environ = {name: value for name, value in os.environ.items() if name not in _OURS_ALONE}
            process = await asyncio.create_subprocess_exec(
                *_PROGRAM,
                str(theirs.fileno()),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=descriptors,
                env=environ | {"PROMETHEUS_MULTIPROC_DIR": str(order.folder)},
                start_new_session=True,  # A terminal's Ctrl-C is for the parent.
            )
        reader, writer = await asyncio.open_connection(sock=ours, limit=channel.LONGEST)
        writer.write(order.line())
        return cls(process, reader, writer)

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    @property
    def is_ready(self) -> bool:
        """Whether it serves, or did."""
        return self.ready.done()

    def silent_for(self) -> float:
        """Return for how many seconds nothing was heard of it."""
        return asyncio.get_running_loop().time() - self._heard

    def tell(self, word: bytes) -> None:
        """Say *word* to it."""
        self._writer.write(word)

    def kill(self) -> None:
        """End it at once."""
        with suppress(ProcessLookupError):
            self._process.kill()

    async def over(self) -> str:
        """Take what it says until its process has ended; return how that was, empty when it was as it should be."""
        with suppress(OSError):
            while line := await self._reader.readline():
                self._heard = asyncio.get_running_loop().time()
                self._take(json.loads(line))
        status = await self._process.wait()
        self._writer.close()
        return _ending(status)

    def _take(self, said: dict[str, Any]) -> None:
        if "ready" in said and not self.ready.done():
            self.ready.set_result(said["ready"])
        if "failed" in said:
            self.error = channel.error_in(said["failed"])


def _ending(status: int) -> str:
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"exit status {status}" if status else ""
