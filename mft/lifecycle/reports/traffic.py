"""What went in and out, by account or folder and day; and how much lies here how long (the exposure).  Reads only."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from mft.lifecycle.reports.view import View
from mft.model.ids import OrganizationId
from mft.model.path import VirtualPath
from mft.store.reports import files, traffic
from mft.store.reports.traffic import Slot


@dataclass(slots=True)
class Moved:
    """How much went in and out."""

    uploads: int = 0
    uploaded_bytes: int = 0
    whole: int = 0
    """Downloads that took all of a file."""
    whole_bytes: int = 0
    partial: int = 0
    """Downloads that broke off, or asked for a part."""
    partial_bytes: int = 0

    def add(self, other: "Moved") -> None:
        """Count *other* too."""
        self.uploads += other.uploads
        self.uploaded_bytes += other.uploaded_bytes
        self.whole += other.whole
        self.whole_bytes += other.whole_bytes
        self.partial += other.partial
        self.partial_bytes += other.partial_bytes


@dataclass(frozen=True, slots=True)
class Traffic:
    """What one account moved, or what was moved in one folder, on one day in UTC."""

    day: date
    organization: str
    """Whose files they are."""
    account: str
    """Or the operator's name; empty where folders are counted."""
    folder: VirtualPath | None
    """Where the files are now, or were when they went; None where accounts are counted."""
    moved: Moved


@dataclass(frozen=True, slots=True)
class Exposure:
    """What one organization moved in a period, and what lay here meanwhile for anybody who broke in."""

    organization: str
    moved: Moved
    byte_days: int
    """Bytes times the days they lay here."""
    byte_days_before: int
    """The same for the period of the same length before it."""
    unfetched_files: int
    """There now, and nobody came for them."""
    unfetched_bytes: int


@dataclass(frozen=True, slots=True)
class Period:
    """From *since*, up to and without *until*."""

    since: datetime
    until: datetime

    @property
    def before(self) -> "Period":
        """The period of the same length before this."""
        return Period(self.since - (self.until - self.since), self.since)


def by_account(view: View, period: Period) -> list[Traffic]:
    """Return what each account moved on each day of *period*, by day."""
    found = _moved(view, period, by_folder=False)
    lines = [Traffic(slot.day, view.name(slot.owner), slot.who, None, moved) for slot, moved in found.items()]
    return sorted(lines, key=lambda one: (one.day, one.organization, one.account))


def by_folder(view: View, period: Period) -> list[Traffic]:
    """Return what was moved in each folder on each day of *period*, by day."""
    found = _moved(view, period, by_folder=True)
    paths = files.paths(view.connection, {slot.folder for slot in found if slot.folder is not None})
    summed: dict[tuple[date, str, VirtualPath], Moved] = defaultdict(Moved)
    for slot, moved in found.items():
        # What is in a folder and what has gone from it come apart, and belong together.
        was = VirtualPath(tuple(filter(None, (slot.was or "").split("/"))))
        folder = was if slot.folder is None else paths.get(slot.folder, was)
        summed[slot.day, view.name(slot.owner), folder].add(moved)
    lines = [Traffic(day, owner, "", folder, moved) for (day, owner, folder), moved in summed.items()]
    return sorted(lines, key=lambda one: (one.day, one.organization, str(one.folder)))


def exposure(view: View, period: Period) -> list[Exposure]:
    """Return what each organization moved in *period* and how much of it lay here, the most exposed first."""
    moved: dict[OrganizationId | None, Moved] = defaultdict(Moved)
    for slot, some in _moved(view, period, by_folder=False).items():
        moved[slot.owner].add(some)
    days, before = (
        traffic.byte_days(view.connection, one.since, min(one.until, view.now), view.within)
        for one in (period, period.before)
    )
    waiting = files.unfetched_sums(view.connection, view.now, view.within)
    lines = [
        Exposure(
            organization=one.name,
            moved=moved[one.id],
            byte_days=round(days.get(one.id, 0)),
            byte_days_before=round(before.get(one.id, 0)),
            unfetched_files=waiting.get(one.id, (0, 0))[0],
            unfetched_bytes=waiting.get(one.id, (0, 0))[1],
        )
        for one in view.organizations.values()
    ]
    return sorted(lines, key=lambda one: (-one.byte_days, one.organization))


def _moved(view: View, period: Period, *, by_folder: bool) -> dict[Slot, Moved]:
    found: dict[Slot, Moved] = defaultdict(Moved)
    span = traffic.Span(period.since, period.until, view.within)
    for slot, came_in in traffic.uploads(view.connection, span, by_folder=by_folder).items():
        found[slot].add(Moved(*came_in))
    for slot, went_out in traffic.downloads(view.connection, span, by_folder=by_folder).items():
        found[slot].add(Moved(0, 0, *went_out))
    return found
