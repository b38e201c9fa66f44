"""The 120 days: when an account was used last, when it is warned, from when it is gone (fact 0.15).  Pure.

A successful sign-on by any door and method counts; an operator's edit does not; an account that never
signed on counts from its creation.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from mft.model.account import Account
from mft.policy.signon import Terms

WARN_DAYS: Final = (30, 14, 7, 1)
"""How many days before the purge its person and the organization's administrator are told."""


def purge_at(account: Account, terms: Terms) -> datetime:
    """Return when *account* is purged: from the very moment on from which it is refused for disuse."""
    return terms.dormant_from(account)


def warn_days(term: timedelta) -> tuple[int, ...]:
    """Return how many days before the end of *term* somebody is warned: only what is less than the whole of it."""
    return tuple(each for each in WARN_DAYS if timedelta(days=each) < term)


def warning_due(
    ends_at: datetime, told: Collection[int], now: datetime, days: tuple[int, ...] = WARN_DAYS
) -> int | None:
    """Return which of the warnings in *days* before *ends_at* is to be given at *now*, or None.

    *told* are those given already for this very end.  After an outage only the most urgent one is given:
    nobody is helped by four letters at once.
    """
    if now >= ends_at:
        return None
    passed = [each for each in days if now >= ends_at - timedelta(days=each)]
    most_urgent = min(passed, default=None)
    return None if most_urgent is None or any(each <= most_urgent for each in told) else most_urgent


def days_left(ends_at: datetime, now: datetime) -> int:
    """Return how many days are left until *ends_at*, a begun one counted whole: what a letter says."""
    return -((now - ends_at) // timedelta(days=1))
