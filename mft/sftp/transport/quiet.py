"""A connection that does not tell the library's own log what it does, packet by packet.

``mft.logs`` takes nothing below a warning from asyncssh, and its connections and channels say nothing
else; each of the sixty things that one says until its caller is in is put into words all the same.
"""

from typing import Any, Final, Self

import asyncssh
from asyncssh.logging import SSHLogger


class Silence(SSHLogger):
    """Drops what asyncssh tells by the way; warnings and errors pass."""

    def get_child(self, child: str = "", context: str = "") -> Self:  # noqa: ARG002
        """Return what drops the same."""
        return self

    def debug1(self, msg: str, *args: object, **kwargs: object) -> None:
        """Drop it."""

    def debug2(self, msg: str, *args: object, **kwargs: object) -> None:
        """Drop it."""

    def info(self, msg: object, *args: object, **kwargs: Any) -> None:
        """Drop it."""

    def packet(self, pktid: int | None, packet: bytes, msg: str, *args: object, **kwargs: object) -> None:
        """Drop it."""


_SILENCE: Final = Silence()


class Quiet(asyncssh.SSHServerConnection):
    """A server connection that keeps its steps to itself."""

    @property
    def logger(self) -> SSHLogger:
        """What the connection, its sign-on and its channels tell their steps to."""
        return _SILENCE

    def log_sent_packet(self, pkttype: int, pktid: int | None, packet: object, note: str = "") -> None:
        """Drop it, before it is put into words."""

    def log_received_packet(self, pkttype: int, pktid: int | None, packet: object, note: str = "") -> None:
        """Drop it, before it is put into words."""
