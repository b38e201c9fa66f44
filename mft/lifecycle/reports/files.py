"""Which files leave soon, and which nobody came for.  Reads only.

A file leaves when its term is over and no hold keeps it (``mft.policy.retention``).  Files under work
names are nobody's but their owner's and are not told of.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from mft.lifecycle.reports.view import View
from mft.model.path import VirtualPath
from mft.policy.dormancy import days_left
from mft.store.reports import files

_NOWHERE: Final = VirtualPath()


@dataclass(frozen=True, slots=True)
class LeavingDay:
    """How much leaves one folder on one day, in UTC."""

    organization: str
    folder: VirtualPath
    day: date
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class WaitingFile:
    """A file that is there, since when and for how long still."""

    organization: str
    path: VirtualPath
    size: int
    put_by: str
    received_at: datetime
    age_days: int
    """Whole days since its receipt."""
    leaves_at: datetime | None
    """None while a hold without an end keeps it."""
    days_left: int | None
    """A begun day counts whole."""
    downloads: int


def leaving(view: View, ahead: timedelta) -> list[LeavingDay]:
    """Return how much leaves each folder on each day up to *ahead*, by day and folder."""
    found = files.leaving(view.connection, view.now, view.now + ahead, view.within)
    paths = files.paths(view.connection, {one.folder for one in found})
    days = [
        LeavingDay(view.name(one.owner), paths.get(one.folder, _NOWHERE), one.day, one.files, one.bytes)
        for one in found
    ]
    return sorted(days, key=lambda one: (one.day, one.folder))


def leaving_files(view: View, ahead: timedelta) -> list[WaitingFile]:
    """Return each file that leaves up to *ahead*, the first to go first."""
    return _placed(view, files.leaving_files(view.connection, view.now, view.now + ahead, view.within))


def unfetched(view: View, age: timedelta) -> list[WaitingFile]:
    """Return the files that have been here for *age* and that nobody came for, oldest first.

    What came from elsewhere waits for somebody of the organization to take it whole; what its own
    people put, for anybody but who put it.
    """
    return _placed(view, files.unfetched(view.connection, view.now, view.now - age, view.within))


def _placed(view: View, found: list[files.Waiting]) -> list[WaitingFile]:
    paths = files.paths(view.connection, {one.folder for one in found})
    return [
        WaitingFile(
            organization=view.name(one.owner),
            path=VirtualPath((*paths.get(one.folder, _NOWHERE).names, one.name)),
            size=one.size,
            put_by=one.put_by,
            received_at=one.received_at,
            age_days=(view.now - one.received_at) // timedelta(days=1),
            leaves_at=one.leaves_at,
            days_left=days_left(one.leaves_at, view.now) if one.leaves_at else None,
            downloads=one.downloads,
        )
        for one in found
    ]
