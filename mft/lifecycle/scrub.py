"""Reads stored files back and compares them with the digest they were committed under.

What is damaged or missing is said once, until it is whole again: a line in the trail, a number for
the monitor, a letter to the operators.  Nothing is deleted or mended here: a backup does that.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from threading import Event as Signal
from typing import Final

from mft.blobs.reader import SealedReader
from mft.crypto.segments import SEGMENT
from mft.model.errors import NotFound, Unavailable
from mft.model.event import Action, DetailValue, Event
from mft.model.ids import VersionId
from mft.model.job import Stopped
from mft.model.letter import Letter
from mft.model.node import machine_of
from mft.model.path import VirtualPath
from mft.model.session import Actor, Door
from mft.policy.retention import present
from mft.store import catalog, checks
from mft.store.checks import Kept
from mft.store.engine import Connection
from mft.store.outbox import queue
from mft.vfs.parts import Parts

LETTER: Final = "file-damaged"
"""The letter to operators; its words: files (how many were found), node."""

_SCRUBBER: Final = Actor(Door.JOBS, "scrub")
_PAGE: Final = 200
_MANY: Final = 100
"""Damaged files after which a run ends: it is the disk then, and one alarm is enough."""
_STEP: Final = 4 << 20
"""Bytes between two rests."""
_REST: Final = 3
"""How long a rest is, in times of what the step before it took: transfers come first."""


class Condition(StrEnum):
    """What was found where a file's bytes should be."""

    WHOLE = "whole"
    DAMAGED = "damaged"
    MISSING = "missing"
    GONE = "gone"  # It was removed or replaced while it was read.


_BAD: Final = frozenset({Condition.DAMAGED, Condition.MISSING})


@dataclass(frozen=True, slots=True)
class ScrubRules:
    """How often each file is read back, and how much at a time."""

    every: timedelta = timedelta(days=30)
    per_run: int = 1 << 30
    """Bytes; a file that was begun is finished, and a small one counts as a segment."""


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """What one run found."""

    files: int = 0
    bytes: int = 0
    damaged: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """What one file was found to be."""

    file: Kept
    condition: Condition


class _AskedToEndError(Exception):
    """The server stops; what was read so far counts."""


class Scrubber:
    """Reads a part of everything at each run, those files first that were not read for longest."""

    def __init__(self, parts: Parts, rules: ScrubRules, alarms: tuple[str, ...] = ()) -> None:
        """Keep the parts of ``Files``; *alarms* are the operators' mail addresses."""
        self._parts = parts
        self._rules = rules
        self._alarms = alarms
        self._end = Signal()

    def stop(self) -> None:
        """Ask a run to end, now and for good: the server stops."""
        self._end.set()

    def run(self) -> Scrubbed | Stopped:
        """Read back what is due, up to the budget of one run.  Raises Exhausted when too many files are open."""
        now, done, left = self._parts.clock.now(), Scrubbed(), self._rules.per_run
        pace = _Pace(self._parts, self._end)
        while left > 0 and done.damaged < _MANY:
            with self._parts.store.read() as connection:
                before, masters = now - self._rules.every, self._parts.master.generations
                page = checks.unchecked(connection, before, self._parts.clock.now(), masters, _PAGE)
            if not page:
                break
            found, ended = self._read_back(page, left, pace)
            left -= sum(_cost(one.file) for one in found)
            done = _sum(done, found)
            if ended:
                return Stopped(done)
        return done

    def verify(self, actor: Actor, path: VirtualPath, told: Callable[[int], object] = lambda _: None) -> Finding:
        """Read the file *path* of the catalog back now; *told* hears of each block's bytes.  Raises NotFound."""
        with self._parts.store.read() as connection:
            entry = catalog.resolve(connection, path).entry
            file = None if entry is None else entry.file
            if file is None or not present(file.expires_at, file.hold, self._parts.clock.now()):
                raise NotFound(f"there is no file {path}")
            kept = Kept(file.id, file.blob, file.key, file.size, file.sha256)
        finding = Finding(kept, self._condition(kept, told))
        self._note(actor, [finding])
        return finding

    def report_missing(self, numbers: Sequence[VersionId]) -> int:
        """Say of those of *numbers* that are current and have no bytes that they are missing; return how many."""
        with self._parts.store.read() as connection:
            asked = [kept for number in numbers if (kept := checks.current(connection, number)) is not None]
        gone = [Finding(kept, Condition.MISSING) for kept in asked if self._parts.blobs.written_at(kept.blob) is None]
        self._note(_SCRUBBER, gone)
        return len(gone)

    def damaged(self) -> int:
        """Return how many files were found damaged or missing and not whole since."""
        with self._parts.store.read() as connection:
            return checks.damaged(connection)

    def _read_back(self, page: Sequence[Kept], budget: int, pace: "_Pace") -> tuple[list[Finding], bool]:
        """Read the files of *page* until *budget* is spent; return what was found, and whether it was asked to end."""
        found: list[Finding] = []
        try:
            for kept in page:
                if budget <= 0:
                    break
                pace.read(max(0, SEGMENT - kept.size))
                found.append(Finding(kept, self._condition(kept, pace.read)))
                budget -= _cost(kept)
        except _AskedToEndError:
            return found, True
        finally:
            self._note(_SCRUBBER, found)
        return found, False

    def _condition(self, kept: Kept, told: Callable[[int], object]) -> Condition:
        found = self._read_whole(kept, told)
        if found is Condition.WHOLE:
            return found
        with self._parts.store.read() as connection:
            return found if checks.current(connection, kept.version) is not None else Condition.GONE

    def _read_whole(self, kept: Kept, told: Callable[[int], object]) -> Condition:
        parts = self._parts
        try:
            cipher = parts.cipher(kept.blob, kept.key)
            with closing(SealedReader(parts.blobs.open(kept.blob), cipher, kept.size)) as reader:
                whole = reader.digest(told) == kept.sha256
        except Unavailable:
            if kept.key.master not in parts.master.generations:
                raise  # Keys were rotated since this process began: that is no word about the bytes.
            return Condition.MISSING if parts.blobs.written_at(kept.blob) is None else Condition.DAMAGED
        return Condition.WHOLE if whole else Condition.DAMAGED

    def _note(self, actor: Actor, found: Sequence[Finding]) -> None:
        """Write down what was found; of what ended meanwhile nothing is said."""
        if not found:
            return
        with self._parts.store.write() as connection:
            now = self._parts.clock.now()
            whole = [one.file.version for one in found if one.condition is Condition.WHOLE]
            checks.found_whole(connection, whole, now)
            news = sum(self._say(connection, actor, one, now) for one in found if one.condition in _BAD)
            if news:
                facts: dict[str, str | int] = {"files": news, "node": machine_of(self._parts.node)}
                for address in self._alarms:
                    queue(connection, Letter(LETTER, address, facts), now)

    def _say(self, connection: Connection, actor: Actor, one: Finding, at: datetime) -> bool:
        place = checks.found_damaged(connection, one.file.version, at)
        if place is None:
            return False
        path = catalog.path_of(connection, place) or VirtualPath()
        detail: dict[str, DetailValue] = {
            "condition": one.condition.value,
            "version": one.file.version,
            "size": one.file.size,
            "sha256": one.file.sha256.hex(),
        }
        self._parts.trail.record(connection, Event(Action.FILE_DAMAGED, actor, str(path), detail), at)
        return True


class _Pace:
    """Rests behind each step, and notices when the end is asked for."""

    def __init__(self, parts: Parts, end: Signal) -> None:
        self._clock = parts.clock
        self._end = end
        self._since = 0
        self._began = self._clock.elapsed()

    def read(self, octets: int) -> None:
        """Hear that *octets* were read, and rest if it is time.  Raises _AskedToEndError."""
        self._since += octets
        rest = 0.0
        if self._since >= _STEP:
            rest = (self._clock.elapsed() - self._began).total_seconds() * _REST
        if self._end.wait(rest) if rest else self._end.is_set():
            raise _AskedToEndError
        if self._since >= _STEP:
            self._since, self._began = 0, self._clock.elapsed()


def _cost(kept: Kept) -> int:
    return max(kept.size, SEGMENT)


def _sum(done: Scrubbed, found: Sequence[Finding]) -> Scrubbed:
    return Scrubbed(
        files=done.files + len(found),
        bytes=done.bytes + sum(one.file.size for one in found),
        damaged=done.damaged + sum(one.condition in _BAD for one in found),
    )
