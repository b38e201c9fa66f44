"""Walk along the chains line by line and note every break.  Never stops at the first, never mends."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mft.audit.lines import UNREADABLE, Link, Statement
from mft.crypto.signer import verify
from mft.policy.trail import GENESIS, digest, event_in


class Fault(StrEnum):
    """What can be wrong with a trail."""

    ALTERED = "altered"  # A line is not what was digested.
    UNLINKED = "unlinked"  # A line does not follow the one before it: one of the two was made anew.
    MISSING = "missing"  # Numbers are left out.
    MOVED = "moved"  # A line stands where another must be.
    CUT = "cut"  # The chain ends before a line that is known to have been there.
    CONTRADICTED = "contradicted"  # A checkpoint names another digest: the chain was made anew.
    FORGED = "forged"  # A checkpoint was not signed by the key it must be signed by.
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Break:
    """One place where the trail does not hold.  *node* is empty where no chain can be named."""

    fault: Fault
    node: str
    number: int
    says: str


class Walk:
    """Takes checkpoints first, then lines in order, then ``finish``."""

    def __init__(self, public: bytes | None) -> None:
        """Trust checkpoints by the key whose *public* half is given, or none until ``public`` is set."""
        self.public = public
        self.breaks: list[Break] = []
        self.events = 0
        self.checkpoints = 0
        self.ends: dict[str, int] = {}
        self.signed: dict[str, int] = {}
        self._last: dict[str, bytes] = {}
        self._expected: dict[tuple[str, int], list[Statement]] = {}

    def expect(self, statement: Statement) -> None:
        """Hold the lines that follow against *statement*."""
        self.checkpoints += 1
        if self.public is None or not verify(self.public, statement.signature, statement.stated.encode()):
            self.note(Fault.FORGED, statement.node, statement.number, "a checkpoint is not signed by the key given")
            return
        self._expected.setdefault((statement.node, statement.number), []).append(statement)

    def take(self, link: Link, place: tuple[str, int] | None = None) -> None:
        """Hold the next line against the one before it; *place* is its chain and number in the store."""
        self.events += 1
        try:
            node, number, _, _ = event_in(link.body)
        except UNREADABLE:
            if place is None:
                self.note(Fault.UNREADABLE, "", self.events, "an event cannot be read")
                return
            node, number = place
            self.note(Fault.ALTERED, node, number, "its body cannot be read")
        if place is not None and place != (node, number):
            self.note(Fault.MOVED, *place, f"its body is that of line {number} of chain {node}")
            node, number = place
        self._follow(node, number, link)

    def finish(self, promised: Mapping[str, int]) -> None:
        """Note the chains that end before a checkpoint or before *promised*, the ends that a header names."""
        for (node, number), statements in self._expected.items():
            for _ in statements if number > self.ends.get(node, 0) else ():
                self._cut(node, f"a checkpoint says that it reached {number}")
        for node, number in promised.items():
            if number > self.ends.get(node, 0):
                self._cut(node, f"the export's header says that it reached {number}")

    def note(self, fault: Fault, node: str, number: int, says: str) -> None:
        """Note a break."""
        self.breaks.append(Break(fault, node, number, says))

    def _follow(self, node: str, number: int, link: Link) -> None:
        due = self.ends.get(node, 0) + 1
        if number < due:
            self.note(Fault.MOVED, node, number, f"it stands behind line {due - 1}")
            return
        if number > due:
            self.note(Fault.MISSING, node, due, f"lines {due} to {number - 1} are not there")
        elif link.previous != self._last.get(node, GENESIS):
            self.note(Fault.UNLINKED, node, number, "it does not follow the line before it")
        if not _holds(link):
            self.note(Fault.ALTERED, node, number, "it is not what was digested")
        self.ends[node], self._last[node] = number, link.digest
        for statement in self._expected.pop((node, number), ()):
            if statement.digest == link.digest:
                self.signed[node] = number
            else:
                self.note(Fault.CONTRADICTED, node, number, "a checkpoint names another digest")

    def _cut(self, node: str, says: str) -> None:
        end = self.ends.get(node, 0)
        self.note(Fault.CUT, node, end + 1, f"the chain ends at line {end}, and {says}")


def _holds(link: Link) -> bool:
    try:
        return digest(link.previous, link.body) == link.digest
    except UNREADABLE:
        return False  # SQLite keeps any type in any column, so a body put there by hand may be no text.
