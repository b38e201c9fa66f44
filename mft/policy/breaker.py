"""When removing must stop until somebody looks: too much at once, or a clock that jumped.  Pure.

What has expired is refused at use all the while; the breaker only keeps it from being destroyed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final


class Cause(StrEnum):
    """Why removing stands still."""

    FILES = "files"
    ACCOUNTS = "accounts"
    CLOCK = "clock"


KEEPS_FILES: Final = frozenset({Cause.FILES, Cause.CLOCK})
"""While one of these stands, no file that is over is destroyed."""


@dataclass(frozen=True, slots=True)
class BreakerRules:
    """The numbers."""

    files: int = 500
    """More than this many files at once, *and*"""
    percent: int = 5
    """more than this part of all files, are too many."""
    accounts: int = 20
    """More than this many accounts at once are too many."""
    drift: timedelta = timedelta(hours=1)
    """How far the wall clock may move against the monotonic one within one process."""
    gap: timedelta = timedelta(days=7)
    """How old the trail's newest line may be when a server starts."""


@dataclass(frozen=True, slots=True)
class Halt:
    """Removing must stop."""

    cause: Cause
    why: str
    """For operators and the audit trail."""


def too_many_files(due: int, there: int, rules: BreakerRules) -> Halt | None:
    """Judge a pass that would remove *due* of the *there* files that are in the tree (the due ones included)."""
    if due <= rules.files or due * 100 <= there * rules.percent:
        return None
    return Halt(
        Cause.FILES,
        f"{due} of {there} files are due at once, more than {rules.files} and more than {rules.percent} %",
    )


def too_many_accounts(due: int, rules: BreakerRules) -> Halt | None:
    """Judge a pass that would purge *due* accounts."""
    if due <= rules.accounts:
        return None
    return Halt(Cause.ACCOUNTS, f"{due} accounts are due at once, more than {rules.accounts}")


def clock_jumped(drift: timedelta, rules: BreakerRules) -> Halt | None:
    """Judge how far the wall clock moved against the monotonic one; either way is a jump."""
    if abs(drift) <= rules.drift:
        return None
    way = "ahead" if drift > timedelta(0) else "back"
    return Halt(Cause.CLOCK, f"the clock moved {abs(drift)} {way} while the server ran")


def clock_behind(now: datetime, newest: datetime | None, slack: timedelta = timedelta(minutes=1)) -> Halt | None:
    """Judge a start at *now*, when the trail's newest line says *newest*."""
    if newest is None or newest - now <= slack:
        return None
    return Halt(Cause.CLOCK, f"the clock stands {newest - now} before the newest line of the audit trail")


def clock_ahead(now: datetime, newest: datetime | None, rules: BreakerRules) -> Halt | None:
    """Judge a server's start at *now*, when the trail's newest line says *newest*.

    The clock stands ahead, or the server stood still so long that nobody was warned of what ends now:
    nothing here can tell the two apart, and somebody has to look either way.
    """
    if newest is None or now - newest <= rules.gap:
        return None
    return Halt(
        Cause.CLOCK,
        f"the newest line of the audit trail is {(now - newest).days} days old: the clock stands ahead, "
        "or the server stood still and warned nobody",
    )
