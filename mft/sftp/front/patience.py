"""How long a caller may take to sign on: a little to begin, more once they have begun to type."""

import asyncio

from mft.sftp.front.limits import Limits


class Patience:
    """The time of one caller, counted from the accept.  Runs out with TimeoutError where it is entered."""

    def __init__(self, limits: Limits) -> None:
        """Begin to count."""
        self._limits = limits
        self._begun = asyncio.get_running_loop().time()
        self._timeout: asyncio.Timeout | None = None

    def lasts(self) -> asyncio.Timeout:
        """Return the block that must be done in time; enter it once."""
        self._timeout = asyncio.timeout_at(self._begun + self._limits.first_request)
        return self._timeout

    def asked(self) -> None:
        """Give the time for a sign-on: the first authentication request is here."""
        self._extend(self._limits.sign_on)

    def typing(self) -> None:
        """Give the time for typing: a person was asked for a new password."""
        self._extend(self._limits.password_change)

    def _extend(self, seconds: float) -> None:
        timeout = self._timeout
        if timeout is None or timeout.expired():
            return
        until = self._begun + seconds
        if until > (timeout.when() or until):
            timeout.reschedule(until)
