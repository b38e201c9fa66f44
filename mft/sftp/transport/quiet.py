"""A connection that does not tell the library's own log what it does, packet by packet.

``mft.logs`` takes nothing below a warning from asyncssh, and its connections and channels say nothing
else; each of the sixty things that one says until its caller is in is put into words all the same.
"""

import logging
from typing import Any, Final, Self

import asyncssh

_LIBRARY: Final = logging.getLogger("asyncssh")


class Silence:
    """Stands where the library has a log: drops what it tells by the way, and passes warnings and errors."""

    def get_child(self, _child: str = "", _context: str = "", **_named: object) -> Self:
        """Return what drops the same."""
        return self

    def debug1(self, *_said: object, **_named: object) -> None:
        """Drop it."""

    debug2 = info = packet = debug1

    def warning(self, said: str, *values: object, **_named: object) -> None:
        """Pass it on."""
        _LIBRARY.warning(said, *values)

    error = warning


_SILENCE: Final = Silence()


class Quiet(asyncssh.SSHServerConnection):
    """A server connection that keeps its steps to itself."""

    @property
    def logger(self) -> Any:
        """What the connection, its sign-on and its channels tell their steps to."""
        return _SILENCE

    def log_sent_packet(self, pkttype: int, pktid: int | None, packet: object, note: str = "") -> None:
        """Drop it, before it is put into words."""

    def log_received_packet(self, pkttype: int, pktid: int | None, packet: object, note: str = "") -> None:
        """Drop it, before it is put into words."""
