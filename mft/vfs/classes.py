"""What a change of a folder's retention class would do, worked out before anything is done.

The same numbers are shown, written to the audit trail and made true.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from mft.model.errors import NotFound
from mft.model.event import DetailValue
from mft.model.path import VirtualPath
from mft.policy.retention import RetentionClass, RetentionTerms, class_of, end_of, leaves_at, present
from mft.store import terms
from mft.store.catalog import Found, Step
from mft.store.engine import Connection
from mft.store.terms import Kept, Ruled


@dataclass(frozen=True, slots=True)
class Share:
    """The files of one class, as a change meets them."""

    was: RetentionClass
    becomes: RetentionClass
    """The same as before where a folder below says a class of its own."""
    files: int
    bytes: int
    gone: int
    """Files whose new end has passed: they are not there any more from that moment."""
    gone_bytes: int
    earliest_end: datetime | None
    """When the first of the others leaves; None when there are none, or a hold without an end keeps each."""


@dataclass(frozen=True, slots=True)
class ClassChange:
    """What it means that a folder is of another class."""

    folder: VirtualPath
    was: RetentionClass
    becomes: RetentionClass
    touched: Share
    """What stays as long as the new class says, from its receipt."""
    apart: tuple[Share, ...]
    """What folders below keep as they are, since they say a class of their own; by class."""

    def detail(self) -> dict[str, DetailValue]:
        """Return the numbers as the audit trail keeps them."""
        end = self.touched.earliest_end
        return {
            "was": self.was,
            "files": self.touched.files,
            "gone": self.touched.gone,
            "gone_bytes": self.touched.gone_bytes,
            "earliest_end": None if end is None else end.isoformat(),
        }


def plan_change(
    connection: Connection, found: Found, retention: RetentionClass | None, rules: RetentionTerms, now: datetime
) -> ClassChange:
    """Return what letting *found*, a folder, be of the class *retention* would do; None is the folder's above.

    Raises NotFound where there is no folder, Unavailable for a class that nobody knows.
    """
    step = folder_of(found)
    becomes = retention or class_of(each.retention_class for each in found.way)
    rules.of(becomes)
    was = class_of(each.retention_class for each in (*found.way, step))
    places = terms.folders(connection, step.id, found.path, was)
    touched, apart = _parted(terms.below(connection, step.id, now), places)
    return ClassChange(
        folder=found.path,
        was=was,
        becomes=becomes,
        touched=_touched(touched, was, becomes, rules, now),
        apart=tuple(_left(name, kept) for name, kept in sorted(apart.items())),
    )


def folder_of(found: Found) -> Step:
    """Return the folder that *found* is.  Raises NotFound."""
    if found.step is None:
        raise NotFound(f"there is no folder {found.path}")
    return found.step


def _parted(kept: Iterable[Kept], places: Mapping[int, Ruled]) -> tuple[list[Kept], dict[RetentionClass, list[Kept]]]:
    touched: list[Kept] = []
    apart: dict[RetentionClass, list[Kept]] = defaultdict(list)
    for one in kept:
        if not one.work:  # A work name has a term of its own.
            place = places[one.folder]
            (apart[place.retention] if place.apart else touched).append(one)
    return touched, apart


def _touched(
    kept: list[Kept], was: RetentionClass, becomes: RetentionClass, rules: RetentionTerms, now: datetime
) -> Share:
    term = rules.of(becomes)
    ends = [(one, end_of(term, one.received_at)) for one in kept]
    gone = [one.size for one, end in ends if not present(end, one.hold, now)]
    stay = [leaves_at(end, one.hold) for one, end in ends if present(end, one.hold, now)]
    return Share(
        was=was,
        becomes=becomes,
        files=len(kept),
        bytes=sum(one.size for one in kept),
        gone=len(gone),
        gone_bytes=sum(gone),
        earliest_end=min((end for end in stay if end is not None), default=None),
    )


def _left(name: RetentionClass, kept: list[Kept]) -> Share:
    ends = (leaves_at(one.expires_at, one.hold) for one in kept)
    first = min((end for end in ends if end is not None), default=None)
    return Share(name, name, len(kept), sum(one.size for one in kept), 0, 0, first)
