"""Answers on their way out of a session: small ones gathered, long ones written where they are sealed."""

from collections.abc import Callable
from typing import Final

import asyncssh

from mft.sftp.transport.connection import LOST, Channel

_LARGE: Final = 16_384
"""Answers below this are gathered and written together."""


class Outbox:
    """What a session answers, in order.  Without a channel, or on one that is closing, it leads nowhere."""

    def __init__(self, backlog: Callable[[], int]) -> None:
        """Begin without a channel.  *backlog* tells how many bytes of the connection wait for the socket."""
        self.channel: asyncssh.SSHServerChannel[bytes] | None = None
        self._backlog = backlog
        self._gathered: list[bytes] = []
        self.sent = 0
        """Bytes of all answers so far."""

    @property
    def waiting(self) -> int:
        """How many bytes wait for the client's window or for the socket."""
        return self._backlog() + (self.channel.get_write_buffer_size() if self.channel is not None else 0)

    @property
    def lost(self) -> bool:
        """Whether it leads nowhere.  Nobody tells a session that while it does not read."""
        return self.channel is None or self.channel.is_closing() or self._backlog() == LOST

    def room(self, length: int) -> memoryview | None:
        """Return where an answer of *length* bytes can be written so that ``put`` copies nothing, or None."""
        channel = self.channel
        if not isinstance(channel, Channel) or channel.is_closing():
            return None
        self.flush()  # What waits goes out first, and through the same room.
        return channel.room(length)

    def put(self, answer: bytes | memoryview) -> None:
        """Send *answer*, soon; a view is the start of the last ``room``."""
        self.sent += len(answer)
        if isinstance(answer, memoryview):
            if isinstance(self.channel, Channel):
                self.channel.send_room(len(answer))
            return
        self._gathered.append(answer)
        if len(answer) >= _LARGE:
            self.flush()

    def flush(self) -> None:
        """Send what was gathered."""
        if not self._gathered:
            return
        gathered, self._gathered = self._gathered, []
        if self.channel is not None and not self.channel.is_closing():
            self.channel.write(gathered[0] if len(gathered) == 1 else b"".join(gathered))
