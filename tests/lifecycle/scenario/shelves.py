"""The oracle's files: what is there for whom, what is gone, what is destroyed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from tests.lifecycle.scenario.documents import UNDO, WORK_NAME, Halting, end_of, is_work_name


@dataclass(eq=False)
class Sheet:
    """One version of a file.  Two with one path are two."""

    number: int
    folder: str
    name: str
    bringer: str
    received: datetime
    work: bool
    expires: datetime
    held: bool = False
    held_until: datetime | None = None
    ended: datetime | None = None
    ending: str = ""
    destroyed: datetime | None = None
    taken_by: set[str] = field(default_factory=set)
    told: dict[tuple[str, datetime], set[int]] = field(default_factory=dict)
    """Who was told of which end, how many days before."""

    @property
    def path(self) -> str:
        return f"{self.folder}/{self.name}"

    def is_held(self, now: datetime) -> bool:
        return self.held and (self.held_until is None or now < self.held_until)

    @property
    def leaves(self) -> datetime | None:
        """From when on it is not there any more; None while a hold without an end keeps it."""
        if not self.held:
            return self.expires
        return None if self.held_until is None else max(self.expires, self.held_until)

    def is_there(self, now: datetime) -> bool:
        return self.ended is None and (now < self.expires or self.is_held(now))


class Shelves:
    """All folders and what was ever in them."""

    def __init__(self) -> None:
        self.kinds: dict[str, str] = {}
        """The class of each folder."""
        self.here: dict[str, Sheet] = {}
        """What has each path; it may be over and not yet swept."""
        self.gone: list[Sheet] = []
        """Ended and not yet destroyed."""
        self.destroyed = 0
        self.count = 0

    def set_kind(self, folder: str, kind: str, now: datetime) -> str:
        """Let *folder* be of another class: what is there stays as long from its receipt, what is gone stays gone."""
        self.kinds[folder] = kind
        for sheet in self.here.values():
            if sheet.folder == folder and not sheet.work and sheet.is_there(now):
                sheet.expires = end_of(kind, sheet.received)
        return "done"

    def at(self, path: str, now: datetime) -> Sheet | None:
        """Return what is there at *path* for somebody."""
        sheet = self.here.get(path)
        return sheet if sheet is not None and sheet.is_there(now) else None

    def seen_by(self, viewer: str, folder: str, now: datetime) -> set[str]:
        """Return the names that *viewer*, who may read *folder*, is shown there."""
        return {
            sheet.name
            for sheet in self.here.values()
            if sheet.folder == folder and sheet.is_there(now) and (not sheet.work or sheet.bringer == viewer)
        }

    def put(self, who: str, folder: str, name: str, now: datetime) -> str:
        path = f"{folder}/{name}"
        there = self.at(path, now)
        if there is not None and (there.is_held(now) or (there.work and there.bringer != who)):
            return "refused"
        if path in self.here:
            self._end(self.here[path], "expired" if there is None else "replaced", now)
        self.count += 1
        # A version over an existing name is shown at once; only a new work name is its bringer's alone.
        work = is_work_name(name) and (there is None or there.work)
        expires = now + WORK_NAME if work else end_of(self.kinds[folder], now)
        self.here[path] = Sheet(self.count, folder, name, who, now, work, expires)
        return "done"

    def rename(self, who: str, old: str, name: str, now: datetime) -> str:
        sheet = self.at(old, now)
        if sheet is None or sheet.is_held(now) or (sheet.work and sheet.bringer != who):
            return "refused"
        del self.here[old]
        if sheet.work and not is_work_name(name):
            sheet.received, sheet.work, sheet.expires = now, False, end_of(self.kinds[sheet.folder], now)
        sheet.name = name
        self.here[sheet.path] = sheet
        return "done"

    def remove(self, who: str, path: str, now: datetime) -> str:
        sheet = self.at(path, now)
        if sheet is None or sheet.is_held(now) or (sheet.work and sheet.bringer != who):
            return "refused"
        self._end(sheet, "deleted", now)
        return "done"

    def undelete(self, path: str, now: datetime) -> str:
        last = next((sheet for sheet in reversed(self.gone) if sheet.path == path), None)
        if last is None or last.ended is None or self.at(path, now) is not None:
            return "refused"
        too_late = last.ending == "expired" or now >= last.ended + UNDO
        if too_late or last.work or (now >= last.expires and not last.is_held(now)):
            return "refused"
        if path in self.here:
            self._end(self.here[path], "expired", now)
        self.gone.remove(last)
        last.ended, last.ending = None, ""
        self.here[path] = last
        return "done"

    def take(self, who: str, path: str, now: datetime) -> str:
        sheet = self.at(path, now)
        if sheet is None or (sheet.work and sheet.bringer != who):
            return "refused"
        sheet.taken_by.add(who)
        return "done"

    def hold(self, path: str, until: datetime | None, now: datetime) -> str:
        sheet = self.at(path, now)
        longer = (
            sheet is not None
            and sheet.is_held(now)
            and (sheet.held_until is None or (until is not None and until <= sheet.held_until))
        )
        if sheet is None or longer:
            return "refused"
        sheet.held, sheet.held_until = True, until
        return "done"

    def lift(self, path: str, now: datetime) -> str:
        sheet = self.at(path, now)
        if sheet is None or not sheet.is_held(now):
            return "refused"
        sheet.held, sheet.held_until = False, None
        return "done"

    def over(self, now: datetime) -> list[Sheet]:
        """Return what a sweep would end now."""
        return [sheet for sheet in self.here.values() if not sheet.is_there(now)]

    def halts(self, halting: Halting, now: datetime) -> bool:
        return halting.stops_files(len(self.over(now)), len(self.here))

    def sweep(self, now: datetime, only: set[int] | None = None) -> None:
        """End what is over and destroy what is due, or *only* some."""
        over = [sheet for sheet in self.over(now) if only is None or sheet.number in only]
        for sheet in over:
            self._end(sheet, "expired", now)
        for sheet in list(self._due(now)):
            if only is None or sheet.number in only:
                self.gone.remove(sheet)
                sheet.destroyed = now
                self.destroyed += 1

    def _due(self, now: datetime) -> Iterator[Sheet]:
        for sheet in self.gone:
            assert sheet.ended is not None
            if sheet.ending == "expired" or now >= sheet.ended + UNDO:
                yield sheet

    def _end(self, sheet: Sheet, ending: str, now: datetime) -> None:
        sheet.ended, sheet.ending = now, ending
        del self.here[sheet.path]
        self.gone.append(sheet)
