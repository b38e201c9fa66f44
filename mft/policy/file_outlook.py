"""What will become of a file, an upload or a buried version if nobody does anything.  Pure.

Foretold by the very rules that listings, sweeps and digests ask; nothing here decides anything of its own.
Whom a digest names a file to hangs on who may read it and has not taken it, and is not foretold.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from mft.model.file import Hold
from mft.policy.dormancy import warning_due
from mft.policy.mail import FILE_DAYS
from mft.policy.retention import (
    FINANCIAL,
    STANDARD,
    Months,
    RetentionClass,
    RetentionTerms,
    Term,
    end_of,
    holds,
    leaves_at,
)


class FileChange(StrEnum):
    """What happens to a file by itself."""

    NAMED = "named in the digests of who may read it and has not taken it"
    HOLD_ENDS = "hold ends"
    EXPIRES = "expires: neither listed nor readable from then on"
    DESTROYED = "key and bytes destroyed by the next sweep"
    DROPPED = "upload that broke off dropped by the next sweep"


@dataclass(frozen=True, slots=True)
class FileTransition:
    """One thing that will happen to a file, or is due already and waits for the next sweep."""

    at: datetime
    what: FileChange
    rule: str
    """The fact or the setting that causes it."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What the future of a current version hangs on."""

    received_at: datetime
    expires_at: datetime
    work: bool
    """Whether it is under a work name."""
    hold: Hold | None
    retention: RetentionClass


_FACTS: Final = {STANDARD: "fact 0.3: ", FINANCIAL: "fact 3.11: "}


def file_transitions(facts: FileFacts, terms: RetentionTerms, now: datetime) -> Iterator[FileTransition]:
    """Yield what will become of a file, in no order; warnings whose day has come already count as given."""
    hold = facts.hold
    if hold is not None and hold.until is not None and now < hold.until:
        yield FileTransition(hold.until, FileChange.HOLD_ENDS, f"the end it was given; held because of: {hold.why}")
    yield from _named(facts, now)
    leaves = leaves_at(facts.expires_at, hold)
    if leaves is not None:
        rule = end_rule(facts, terms)
        # What expires is due to be destroyed from that very moment on.
        for what in (FileChange.EXPIRES, FileChange.DESTROYED):
            yield FileTransition(max(leaves, now), what, rule)


def upload_transition(touched_at: datetime, terms: RetentionTerms, now: datetime) -> FileTransition:
    """Return what will become of an upload last touched at *touched_at*."""
    rule = f"terms.interrupted_upload = {term_text(terms.unfinished)}"
    return FileTransition(max(touched_at + terms.unfinished, now), FileChange.DROPPED, rule)


def buried_transition(destroy_at: datetime, now: datetime) -> FileTransition:
    """Return what will become of a version under a tombstone."""
    return FileTransition(max(destroy_at, now), FileChange.DESTROYED, "terms.undo: deleted or replaced before")


def end_rule(facts: FileFacts, terms: RetentionTerms) -> str:
    """Return in words why a file ends when it does."""
    if facts.work:
        return f"terms.interrupted_upload = {term_text(terms.unfinished)}, for a work name that nobody renames"
    name = facts.retention
    key = f"{_FACTS.get(name, '')}retention.{name if name in _FACTS else f'own.{name}'}"
    term = terms.classes.get(name)
    if term is None or end_of(term, facts.received_at) != facts.expires_at:
        return f"{key} as it was when the file came or its folder was set"
    return f"{key} = {term_text(term)} from receipt"


def term_text(term: Term) -> str:
    """Return *term* in words."""
    if isinstance(term, Months):
        return f"{term.count} months"
    day = timedelta(days=1)
    return f"{term // day} days" if term % day == timedelta() else f"{term / timedelta(hours=1):g} hours"


def _named(facts: FileFacts, now: datetime) -> Iterator[FileTransition]:
    hold, ends_at = facts.hold, facts.expires_at
    held = hold is not None and holds(hold, now)
    free_from = now if hold is None or not held else hold.until
    if facts.work or free_from is None:
        return  # Nobody is told of a work name, nor of a file while it is held.
    given = None if held else warning_due(ends_at, (), now, FILE_DAYS)
    told = [] if given is None else [given]
    for days in sorted(FILE_DAYS, reverse=True):
        at = max(ends_at - timedelta(days=days), free_from)
        if warning_due(ends_at, told, at, FILE_DAYS) == days:
            told.append(days)
            yield FileTransition(at, FileChange.NAMED, f"{days} days before it expires")
