"""A clock that tests move."""

from datetime import UTC, datetime, timedelta


class MovingClock:
    """Stands still until told to move."""

    def __init__(self, at: datetime = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)) -> None:
        self._at = at
        self._elapsed = timedelta()

    def now(self) -> datetime:
        return self._at

    def advance(self, **lapse: float) -> datetime:
        """Move on by timedelta(**lapse) and return the new moment."""
        self._at += timedelta(**lapse)
        self._elapsed += timedelta(**lapse)
        return self._at

    def elapsed(self) -> timedelta:
        return self._elapsed

    def jump(self, **lapse: float) -> datetime:
        """Set the wall clock on (or back) by timedelta(**lapse) as no time passes; return the new moment."""
        self._at += timedelta(**lapse)
        return self._at
