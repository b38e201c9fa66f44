"""Holds: what must not go, whatever its term, until an operator says so or the hold's own end comes.

A hold is on files, never on folders: what is put on a folder is put on every file in it at that moment.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from mft.model.errors import Conflict, Invalid, NotFound
from mft.model.event import Action, DetailValue, Event
from mft.model.file import Hold, StoredFile
from mft.model.path import ROOT, VirtualPath
from mft.model.session import Actor
from mft.policy.breaker import KEEPS_FILES
from mft.policy.retention import STANDARD, holds, present
from mft.store import catalog, halts, terms
from mft.store.catalog import Found, Step
from mft.store.engine import Connection
from mft.store.terms import Reason, Which
from mft.vfs.parts import Parts

_LONGEST_REASON: Final = 200
_EVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Held:
    """A file that is on hold."""

    path: VirtualPath
    size: int
    hold: Hold
    term_ends_at: datetime
    """When its term ends; it stays beyond that while it is held."""


@dataclass(frozen=True, slots=True)
class Put:
    """What putting a hold did."""

    held: int
    left: int
    """Files that another hold keeps at least as long; that one stays as it is."""
    folder: bool
    """Whether it was put on a folder: what comes into it later is not held."""


@dataclass(frozen=True, slots=True)
class Lifted:
    """What lifting holds did."""

    released: int
    gone: int
    """How many of these are not there any more, since their term is over."""


class Holds:
    """For operators; paths are the catalog's.  A file on hold can be neither removed nor replaced."""

    def __init__(self, parts: Parts) -> None:
        """Keep the parts of ``Files``."""
        self._parts = parts

    def put(self, actor: Actor, path: VirtualPath, why: str, until: datetime | None = None) -> Put:
        """Hold the file *path*, or every file in the folder *path* and below now, because of *why*.

        Files under work names in a folder are left out: they were never handed over.  While destroying is halted,
        what is over and still there can be held too: an operator saves it before it is released.  Raises NotFound;
        Invalid without a reason or with an end that has passed; Conflict when the one file *path* is
        held at least as long already.
        """
        reason = _checked(why)
        with self._parts.store.write() as connection:
            now = self._parts.clock.now()
            if until is not None and until <= now:
                raise Invalid(f"{until:%Y-%m-%d %H:%M UTC} is over already; give an end in the future, or none")
            hold = Hold(reason, actor.name, now, until)
            found = catalog.resolve(connection, path)
            reach = _EVER if halts.standing(connection).keys() & KEEPS_FILES else now
            put = self._hold_file(connection, found, hold, reach) or self._hold_folder(connection, found, hold, reach)
            detail: dict[str, DetailValue] = {"why": reason, "until": until.isoformat() if until else None}
            if put.folder:
                detail |= {"files": put.held, "left": put.left}
            self._parts.trail.record(connection, Event(Action.FILE_HELD, actor, str(path), detail), now)
        return put

    def lift(self, actor: Actor, path: VirtualPath, why: str | None = None) -> Lifted:
        """Lift the hold on the file *path*, or every hold in the folder *path* and below.

        A folder whose files are held for several reasons needs *why*, the one that is over; what is held for
        another stays held.  What is held no more goes if its term has ended.  Raises NotFound, Conflict.
        """
        with self._parts.store.write() as connection:
            now = self._parts.clock.now()
            where = self._where(connection, path, now)
            over = _one_reason(path, terms.reasons(connection, where, now), why)
            terms.lift(connection, where, over.why, now)
            detail: dict[str, DetailValue] = {"why": over.why, "files": over.files, "gone": over.gone}
            self._parts.trail.record(connection, Event(Action.FILE_RELEASED, actor, str(path), detail), now)
        return Lifted(over.files, over.gone)

    def listing(self, path: VirtualPath = ROOT) -> list[Held]:
        """Return what is on hold in the folder *path* and below, or the file *path*, by path.  Raises NotFound."""
        with self._parts.store.read() as connection:
            found = list(self._held(connection, path, self._parts.clock.now()))
        return sorted(found, key=lambda held: held.path)

    def _hold_file(self, connection: Connection, found: Found, hold: Hold, reach: datetime) -> Put | None:
        file = _file(found, reach)
        if file is None:
            return None
        if not terms.hold_one(connection, file.id, hold):
            raise Conflict(
                f"{found.path} is on hold at least as long already; see mft retention hold list {found.path}"
            )
        return Put(1, 0, folder=False)

    def _hold_folder(self, connection: Connection, found: Found, hold: Hold, reach: datetime) -> Put:
        held, left = terms.hold_all(connection, _folder(found).id, hold, reach)
        if not held + left:
            raise NotFound(f"there is no file in {found.path}; a hold is on files that are there, not on what comes")
        return Put(held, left, folder=True)

    @staticmethod
    def _where(connection: Connection, path: VirtualPath, now: datetime) -> Which:
        """Return the condition that says the file *path*, or all that is in the folder *path*.  Raises NotFound."""
        found = catalog.resolve(connection, path)
        file = _file(found, now)
        if file is not None:
            return terms.alone(file.id)
        return terms.in_folder(_folder(found).id)

    def _held(self, connection: Connection, path: VirtualPath, now: datetime) -> Iterator[Held]:
        """Yield what is on hold at *now* at *path* or below.  Raises NotFound."""
        found = catalog.resolve(connection, path)
        file = _file(found, now)
        if file is not None:
            if file.hold is not None and holds(file.hold, now):
                yield Held(path, file.size, file.hold, file.expires_at)
            return
        step = _folder(found)
        places = terms.folders(connection, step.id, path, STANDARD)
        for kept, hold in terms.held_below(connection, step.id, now):
            place = VirtualPath((*places[kept.folder].path.names, kept.name))
            yield Held(place, kept.size, hold, kept.expires_at)


def _checked(why: str) -> str:
    """Return the reason if it can be shown to whoever wants to remove the file.  Raises Invalid."""
    reason = why.strip()
    if not reason:
        raise Invalid("a hold needs a reason; say why with --reason")
    if len(reason) > _LONGEST_REASON or not reason.isprintable():
        raise Invalid(f"a hold's reason is one line of at most {_LONGEST_REASON} printable characters")
    return reason


def _file(found: Found, now: datetime) -> StoredFile | None:
    """Return the file that is there at *now*, or None."""
    file = None if found.entry is None else found.entry.file
    return file if file is not None and present(file.expires_at, file.hold, now) else None


def _folder(found: Found) -> Step:
    """Return the folder that is there.  Raises NotFound."""
    if found.step is None:
        raise NotFound(f"there is no file and no folder {found.path}")
    return found.step


def _one_reason(path: VirtualPath, found: list[Reason], why: str | None) -> Reason:
    """Return the reason that is over: *why*, or the only one.  Raises Conflict when it does not stand out."""
    meant = [one for one in found if why is None or one.why == why]
    if not meant:
        what = "is on hold" if why is None else f"is held for {why!r}"
        raise Conflict(f"nothing at {path} {what}; see mft retention hold list")
    if len(meant) > 1:
        said = ", ".join(f"{one.why!r} ({one.files})" for one in meant)
        raise Conflict(
            f"what is in {path} is held for several reasons: {said}; name the one that is over with --reason"
        )
    return meant[0]
