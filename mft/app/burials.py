"""What was buried after a backup was made: read from a newer audit trail, done again in the restored tree.

The trail is the witness since it outlives files: an export of it, or the old data folder's database.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from mft.audit.lines import UNREADABLE, Link, read_line
from mft.audit.search import ends, every_line
from mft.audit.trail import Trail
from mft.model.errors import Invalid
from mft.model.event import Action, Event
from mft.model.file import Ending
from mft.model.ids import VersionId
from mft.policy.retention import RetentionTerms
from mft.policy.trail import event_in
from mft.store import catalog
from mft.store.engine import Connection, Store, open_store
from mft.store.restoring import holder_of
from mft.vfs.ending import RETENTION, remove_file

_BURYING: Final = {
    Action.FILE_DELETED: Ending.DELETED,
    Action.FILE_REPLACED: Ending.REPLACED,
    Action.FILE_EXPIRED: Ending.EXPIRED,
}

Told = tuple[str, int, Event]
"""One line of a trail: its chain, its number, what happened."""


@dataclass(frozen=True, slots=True)
class Burial:
    """A version that is not to come back."""

    version: VersionId
    sha256: bytes
    ending: Ending


def told_by(witness: Path) -> Iterator[Told]:
    """Yield what *witness* tells: an audit export in JSON lines, or a data folder.  Raises Invalid."""
    if witness.is_dir():
        with closing(open_store(f"sqlite:///{witness / 'mft.db'}")) as store:
            for line in every_line(store, ends(store)):
                yield _told(line.body, witness)
        return
    with witness.open(encoding="utf-8") as lines:
        for text in lines:
            try:
                read = read_line(text)
            except UNREADABLE:
                raise Invalid(f"{witness} is no audit export in JSON lines; see mft audit export") from None
            if isinstance(read, Link):
                yield _told(read.body, witness)


def _told(body: str, witness: Path) -> Told:
    try:
        node, number, _, event = event_in(body)
    except UNREADABLE:
        raise Invalid(f"{witness} holds a damaged line; run mft audit verify on it") from None
    return node, number, event


def buried_since(known: Mapping[str, int], told: Iterable[Told]) -> list[Burial]:
    """Return what *told* buries behind the lines *known* of each chain, and does not bring back."""
    standing: dict[VersionId, Burial] = {}
    for node, number, event in told:
        version = event.detail.get("version")
        if number <= known.get(node, 0) or not isinstance(version, int):
            continue
        if event.action is Action.FILE_UNDELETED:
            standing.pop(VersionId(version), None)
        elif event.action in _BURYING:
            digest = bytes.fromhex(str(event.detail.get("sha256", "")))
            standing[VersionId(version)] = Burial(VersionId(version), digest, _BURYING[event.action])
    return list(standing.values())


def bury_again(store: Store, trail: Trail, burials: Iterable[Burial], at: datetime) -> int:
    """Take each of *burials* out of the tree, due to be destroyed at once; return how many still were in it."""
    with store.write() as connection:
        return sum(_bury_one(connection, trail, burial, at) for burial in burials)


def _bury_one(connection: Connection, trail: Trail, burial: Burial, at: datetime) -> bool:
    holder = holder_of(connection, burial.version, burial.sha256)
    path = None if holder is None else catalog.path_of(connection, holder)
    entry = None if path is None else catalog.resolve(connection, path).entry
    if entry is None:
        return False
    # Whoever could take it back had their time on the old server.
    at_once = RetentionTerms(undo=timedelta(0))
    remove_file(connection, trail, at_once, entry, burial.ending, by=RETENTION, at=at)
    return True
