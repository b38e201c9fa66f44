"""Prove that nothing in the trail was altered, dropped or moved; or name every place where it was.

Works on the store and, offline, on an export.  It changes nothing and never heals what it finds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mft.audit.chain import Break, Fault, Walk
from mft.audit.lines import UNREADABLE, Header, Link, Statement, read_line, statement_of
from mft.audit.search import ends, every_line
from mft.policy.trail import event_in
from mft.store import events
from mft.store.engine import Store
from mft.store.events import Line

__all__ = ["Break", "Fault", "Report", "verify_export", "verify_store"]


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at, and every break in it."""

    events: int
    checkpoints: int
    ends: Mapping[str, int]
    """The number of the last line of each chain."""
    signed: Mapping[str, int]
    """The last line of each chain that a sound checkpoint covers; a cut behind it would not be seen."""
    breaks: tuple[Break, ...]
    key_came_along: bool
    """The checkpoints were checked with the export's own key: order is proven, origin is not."""

    @property
    def sound(self) -> bool:
        """Whether there is no break."""
        return not self.breaks


def verify_store(store: Store, public: bytes, outside: Iterable[str] = ()) -> Report:
    """Verify the trail in *store*; checkpoints must be signed by the key whose *public* half is given.

    *outside* are lines of a ``checkpoints.jsonl`` that was kept off the machine.
    """
    walk = Walk(public)
    _expect_outside(walk, outside)
    with store.read() as connection:
        signed = list(events.checkpoints(connection))
    for made in signed:
        walk.expect(Statement(made.node, made.number, made.digest, statement_of(made), made.signature))
    # Looked at after the checkpoints, so that none of them names a line beyond these ends.
    for line in every_line(store, ends(store)):
        walk.take(Link(line.body, line.previous, line.digest), (line.node, line.number))
        if not _columns_agree(line):
            walk.note(Fault.ALTERED, line.node, line.number, "its columns do not say what its body says")
    walk.finish({})
    return _report(walk, key_came_along=False)


def verify_export(lines: Iterable[str], public: bytes | None = None, outside: Iterable[str] = ()) -> Report:
    """Verify the *lines* of an export; without *public*, with the key in its header (see ``key_came_along``)."""
    walk = Walk(public)
    promised: Mapping[str, int] = {}
    read = enumerate(lines, 1)
    _, first = next(read, (0, ""))
    header = _read(walk, 1, first)
    if isinstance(header, Header):
        promised = header.ends
        walk.public = public or header.public
    else:
        walk.note(Fault.MISSING, "", 1, "the export does not begin with its header")
    _expect_outside(walk, outside)
    for place, text in read:
        _take(walk, place, _read(walk, place, text))
    walk.finish(promised)
    return _report(walk, key_came_along=public is None)


def _take(walk: Walk, place: int, said: Header | Statement | Link | None) -> None:
    if isinstance(said, Link):
        walk.take(said)
    elif isinstance(said, Statement) and not walk.events:
        walk.expect(said)
    elif said is not None:
        walk.note(Fault.MOVED, "", place, f"line {place} of the export stands where it must not")


def _expect_outside(walk: Walk, outside: Iterable[str]) -> None:
    for place, text in enumerate(outside, 1):
        if not text.strip():
            continue
        said = _read(walk, place, text)
        if isinstance(said, Statement):
            walk.expect(said)
        elif said is not None:
            walk.note(Fault.MOVED, "", place, f"line {place} of the outside file is no checkpoint")


def _read(walk: Walk, place: int, text: str) -> Header | Statement | Link | None:
    try:
        return read_line(text)
    except UNREADABLE:
        walk.note(Fault.UNREADABLE, "", place, f"line {place} cannot be read")
        return None


def _columns_agree(line: Line) -> bool:
    try:
        _, _, at, event = event_in(line.body)
    except UNREADABLE:
        return True  # The walk has said so.
    said = (at, event.action.value, event.subject, event.actor.name, event.reference)
    return said == (line.at, line.action, line.subject, line.actor, line.reference)


def _report(walk: Walk, *, key_came_along: bool) -> Report:
    return Report(walk.events, walk.checkpoints, walk.ends, walk.signed, tuple(walk.breaks), key_came_along)
