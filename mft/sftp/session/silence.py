"""When a silent session ends.  Pure: every moment is an argument, in seconds of the monotonic clock."""

from dataclasses import dataclass
from typing import Final

from mft.sftp.session.limits import SessionLimits

_TRICKLE: Final = 65_536
"""Bytes a client must take to count as taking; one at a time would keep a session for ever."""


@dataclass(slots=True)
class Silence:
    """What was last heard of a client, and what it last took."""

    limits: SessionLimits
    heard_at: float
    """When the last whole request arrived."""
    drained_at: float
    """When the client last had nothing to take, or had taken enough."""
    drained: int = 0
    """How many bytes had left by then."""
    begun_at: float | None = None
    """When the request that is arriving now began; None between requests and while we do not read."""

    def heard(self, now: float) -> None:
        """Note that a whole request arrived."""
        self.heard_at = now
        self.begun_at = None

    def begun(self, now: float) -> None:
        """Note that part of a request is here, and that we are ready to read the rest."""
        if self.begun_at is None:
            self.begun_at = now

    def held(self) -> None:
        """Note that we do not read for now, so that what is missing is not the client's fault."""
        self.begun_at = None

    def ends(self, now: float, waiting: int, sent: int) -> str | None:
        """Return why the session must end, or None.

        *waiting* is how many bytes wait to be sent, *sent* how many were ever given out to be sent.
        """
        if not waiting or sent - waiting >= self.drained + _TRICKLE:
            self.drained_at, self.drained = now, sent - waiting
        if now - self.drained_at >= self.limits.undrained:
            return "undrained"
        if self.begun_at is not None and now - self.begun_at >= self.limits.half_received:
            return "half received"
        # Whoever still takes what they asked for is not idle.
        if not waiting and now - self.heard_at >= self.limits.idle:
            return "idle"
        return None
