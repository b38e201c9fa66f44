"""What the documents say about time, written down a second time.

Nothing here comes from the product: the scenario's oracle must be able to contradict it.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

TEMPORARY = timedelta(hours=48)
"""Fact 0.12."""
DORMANT = timedelta(days=120)
"""Fact 0.15."""
DORMANT_UNATTENDED = timedelta(days=60)
"""The scenario's own number for batch jobs: the issue asks for a class of their own."""
REQUEST_DUE = timedelta(days=14)
"""Fact 0.11."""
REQUEST_EXPIRES = timedelta(days=90)
RECERTIFY = timedelta(days=30)
WORK_NAME = timedelta(hours=24)
UNDO = timedelta(hours=1)
ACCOUNT_WARNINGS = (30, 14, 7, 1)
FILE_WARNINGS = (7, 1)
WORK_SUFFIXES = (".filepart", ".part", ".partial", ".tmp")


@dataclass(frozen=True)
class Halting:
    """When removing stops until somebody looks."""

    files: int
    percent: int
    accounts: int

    def stops_files(self, due: int, there: int) -> bool:
        return due > self.files and due * 100 > there * self.percent

    def stops_accounts(self, due: int) -> bool:
        return due > self.accounts


def months_later(moment: datetime, months: int) -> datetime:
    """Return the same day of a later month, or that month's last day if it has no such day."""
    first = date(moment.year, moment.month, 1)
    for _ in range(months):
        first = (first + timedelta(days=31)).replace(day=1)
    for day in range(moment.day, 0, -1):
        try:
            return moment.replace(year=first.year, month=first.month, day=day)
        except ValueError:
            continue
    raise AssertionError(moment)


def end_of(kind: str, received: datetime) -> datetime:
    """Return when a file of the class *kind* goes (facts 0.3 and 3.11); *remits* is the scenario's own class."""
    if kind == "financial":
        return months_later(received, 18)
    return received + {"standard": timedelta(days=90), "remits": timedelta(days=30)}[kind]


def is_work_name(name: str) -> bool:
    return name.lower().endswith(WORK_SUFFIXES)


def warning(ends: datetime, days: Iterable[int], told: Collection[int], now: datetime) -> int | None:
    """Return which warning is due: after an outage the most urgent alone, and none that was overtaken."""
    if now >= ends:
        return None
    reached = [each for each in days if ends - now <= timedelta(days=each)]
    if not reached or any(each <= min(reached) for each in told):
        return None
    return min(reached)
