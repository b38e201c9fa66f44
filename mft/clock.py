"""The only place that asks what time it is."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the moment.  Two exist: the system's, and one that tests move."""

    def now(self) -> datetime:
        """Return the moment, aware and in UTC."""
        ...

    def elapsed(self) -> timedelta:
        """Return how long something has run that nobody can set: only differences mean anything."""
        ...


class SystemClock:
    """The machine's wall clock."""

    def now(self) -> datetime:
        """Return the moment, aware and in UTC."""
        return datetime.now(UTC)

    def elapsed(self) -> timedelta:
        """Return the time since the machine started, sleeping included."""
        return timedelta(seconds=time.clock_gettime(time.CLOCK_BOOTTIME))
