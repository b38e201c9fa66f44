"""The tree: resolve a path, list a folder, add, move and remove names.

A path is resolved in one statement, a chain of joins as long as the path is deep; the statement for
each depth is prepared once.  Nothing here asks who may: rooms do, with the policy.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, insert, literal, select, update

from mft.model.file import Entry, EntryKind
from mft.model.ids import AccountId, EntryId, OrganizationId
from mft.model.path import VirtualPath
from mft.store.prepared import Prepared, new_values
from mft.store.tables import entry, version
from mft.store.types import EPOCH
from mft.store.versions import COLUMNS as VERSION_COLUMNS
from mft.store.versions import stored_file

ROOT_ID: Final = EntryId(0)
"""The root's row, outside the numbers the database gives out itself."""

_SPAN: Final = 24
"""Joins in one statement; SQLite allows 64, and a deeper path takes a second statement."""


@dataclass(frozen=True, slots=True)
class Step:
    """A name on the way to a path, and what a folder says for all below it."""

    id: EntryId
    kind: str
    organization: OrganizationId | None
    retention_class: str | None
    quiet_seconds: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """What a path led to."""

    path: VirtualPath
    way: tuple[Step, ...]
    """Every folder that exists on the way, root first, without the entry itself."""
    entry: Entry | None
    """What is there; None when the last name, or a folder before it, is missing."""
    step: Step | None
    """The entry as a folder on the way further down; None for a file."""

    @property
    def parent(self) -> Step | None:
        """The folder that the last name is in, or would be; None when it is missing or a file."""
        above = self.way[-1]
        complete = len(self.way) == max(1, len(self.path.names))
        return above if complete and above.kind == EntryKind.FOLDER else None


_ROOT_STEP: Final = Step(ROOT_ID, EntryKind.FOLDER, None, None, None)
_FROM_ROOT: Final = (_ROOT_STEP,)
_STEP_COLUMNS: Final = ("id", "kind", "organization", "retention_class", "quiet_seconds")
_STEP_WIDTH: Final = len(_STEP_COLUMNS)
_ENTRY_COLUMNS: Final = ("created_at", "creator", "work_owner")


@lru_cache(maxsize=_SPAN + 1)
def _chain(depth: int) -> Prepared:
    """Return the statement that follows *depth* names from the folder ``:start``."""
    levels = [entry.alias(f"e{number}") for number in range(1, depth + 1)]
    source: Any = levels[0]
    for number, (above, level) in enumerate(pairwise(levels), start=2):
        source = source.outerjoin(level, (level.c.parent == above.c.id) & (level.c.name == bindparam(f"n{number}")))
    last = levels[-1]
    source = source.outerjoin(version, version.c.entry == last.c.id)
    steps = [level.c[name] for level in levels for name in _STEP_COLUMNS]
    return Prepared(
        select(*steps, *(last.c[name] for name in _ENTRY_COLUMNS), *VERSION_COLUMNS)
        .select_from(source)
        .where(levels[0].c.parent == bindparam("start"), levels[0].c.name == bindparam("n1"))
    )


@lru_cache(maxsize=_SPAN + 1)
def _binds(depth: int) -> tuple[str, ...]:
    return tuple(f"n{number}" for number in range(1, depth + 1))


def resolve(connection: Connection, path: VirtualPath, way: tuple[Step, ...] = _FROM_ROOT) -> Found:
    """Return what *path*, the catalog's, leads to.

    *way* are the first folders on it, root first and without itself, where they are known of the same moment.
    """
    if not path.names:
        return _root(connection)
    steps = list(way)
    while True:
        names = path.names[len(steps) - 1 :][:_SPAN]
        depth = len(names)
        row = _chain(depth).first(connection, start=steps[-1].id, **dict(zip(_binds(depth), names, strict=True)))
        if row is None or row[(depth - 1) * _STEP_WIDTH] is None:
            return Found(path, (*steps, *_steps(row, depth)), None, None)
        steps += _steps(row, depth)
        if len(steps) > len(path.names):
            break
    last = steps.pop()
    found = _entry(path, last, row[_STEP_WIDTH * depth :])
    return Found(path, tuple(steps), found, last if found.kind is EntryKind.FOLDER else None)


def _steps(row: tuple[Any, ...] | None, depth: int) -> list[Step]:
    if row is None:
        return []
    starts = range(0, depth * _STEP_WIDTH, _STEP_WIDTH)
    return [Step(*row[start : start + _STEP_WIDTH]) for start in starts if row[start] is not None]


def _entry(path: VirtualPath, step: Step, row: Sequence[Any]) -> Entry:
    created_at, creator, work_owner, *rest = row
    file = stored_file(rest)
    return Entry(step.id, path, EntryKind(step.kind), step.organization, created_at, creator, file, work_owner)


_ROOT_MADE: Final = Prepared(select(entry.c.created_at).where(entry.c.id == literal(ROOT_ID)))


def _root(connection: Connection) -> Found:
    row = _ROOT_MADE.first(connection)
    root = Entry(ROOT_ID, VirtualPath(), EntryKind.FOLDER, None, EPOCH if row is None else row[0], "", None, None)
    return Found(root.path, _FROM_ROOT, root, _ROOT_STEP)


def path_of(connection: Connection, place: EntryId) -> VirtualPath | None:
    """Return where the entry *place* is now, or None when it is gone."""
    names = _way_up().rows(connection, place=place)
    return VirtualPath(tuple(name for parent, name in names if parent is not None)) if names else None


@lru_cache(maxsize=1)
def _way_up() -> Prepared:
    """Return the statement, built once: building it takes longer than running it."""
    start = entry.c.id == bindparam("place")
    up = select(entry.c.parent, entry.c.name, literal(0).label("height")).where(start).cte(recursive=True)
    up = up.union_all(select(entry.c.parent, entry.c.name, up.c.height + 1).join(up, entry.c.id == up.c.parent))
    return Prepared(select(up.c.parent, up.c.name).order_by(up.c.height.desc()))


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a folder is, and what the folders on the way say about keeping files."""

    path: VirtualPath
    classes: tuple[str | None, ...]
    """What each folder from the root down says, itself included; None where one says nothing."""


def whereabouts(connection: Connection, folders: Collection[EntryId]) -> dict[EntryId, Whereabouts]:
    """Return where each of *folders* is, in one statement; one that is gone is left out."""
    columns = (entry.c.parent, entry.c.name, entry.c.retention_class)
    start = select(entry.c.id.label("leaf"), *columns, literal(0).label("height")).where(entry.c.id.in_(folders))
    up = start.cte(recursive=True)
    up = up.union_all(select(up.c.leaf, *columns, up.c.height + 1).join(up, entry.c.id == up.c.parent))
    ways: dict[EntryId, list[tuple[str, str | None]]] = {}
    for leaf, _, name, said, _ in connection.execute(select(up).order_by(up.c.leaf, up.c.height.desc())):
        ways.setdefault(leaf, []).append((name, said))
    # The first on each way is the root, which has no name.
    return {
        leaf: Whereabouts(VirtualPath(tuple(name for name, _ in way[1:])), tuple(said for _, said in way))
        for leaf, way in ways.items()
    }


def ensure_root(connection: Connection, at: datetime) -> None:
    """Make the root's row if it is missing."""
    if connection.execute(select(entry.c.id).where(entry.c.id == ROOT_ID)).first() is None:
        connection.execute(
            insert(entry).values(id=ROOT_ID, parent=None, name="", kind=EntryKind.FOLDER, created_at=at, creator="")
        )


_MADE: Final = (
    entry.c.parent,
    entry.c.name,
    entry.c.kind,
    entry.c.organization,
    entry.c.created_at,
    entry.c.creator,
    entry.c.work_owner,
)
_ADD: Final = Prepared(insert(entry).values(new_values(_MADE)).returning(entry.c.id))
_THIS: Final = entry.c.id == bindparam("which")
_RENEW: Final = Prepared(
    update(entry).where(_THIS).values(new_values((entry.c.created_at, entry.c.creator, entry.c.work_owner)))
)
_MOVE: Final = Prepared(update(entry).where(_THIS).values(new_values((entry.c.parent, entry.c.name))))
_REMOVE_ONE: Final = Prepared(delete(entry).where(_THIS))


def add_entry(
    connection: Connection,
    parent: EntryId,
    name: str,
    kind: EntryKind,
    *,
    owner: OrganizationId | None,
    at: datetime,
    creator: str,
    work_owner: AccountId | None = None,
) -> EntryId:
    """Put *name* into the folder *parent* and return its id.  The name must be free."""
    row = _ADD.first(
        connection,
        new_parent=parent,
        new_name=name,
        new_kind=kind.value,
        new_organization=owner,
        new_created_at=at,
        new_creator=creator,
        new_work_owner=work_owner,
    )
    assert row is not None  # noqa: S101  (one row was inserted)
    return EntryId(row[0])


def renew_entry(connection: Connection, place: EntryId, at: datetime, creator: str, work: AccountId | None) -> None:
    """Let the entry *place* begin anew at *at*: what it held has expired, or leaves its work name."""
    _RENEW.run(connection, which=place, new_created_at=at, new_creator=creator, new_work_owner=work)


def move_entry(connection: Connection, place: EntryId, parent: EntryId, name: str) -> None:
    """Put the entry *place*, with all below it, under *name* into the folder *parent*."""
    _MOVE.run(connection, which=place, new_parent=parent, new_name=name)


def remove_entries(connection: Connection, places: Sequence[EntryId]) -> None:
    """Take *places* out of the tree; nothing may hang on them any more."""
    if len(places) == 1:
        _REMOVE_ONE.run(connection, which=places[0])
        return
    connection.execute(delete(entry).where(entry.c.id.in_(places)))


def set_rules(connection: Connection, folder: EntryId, retention_class: str | None, quiet_seconds: int | None) -> None:
    """Keep what *folder* says for all below it; None leaves it to the folder above."""
    changed = {"retention_class": retention_class, "quiet_seconds": quiet_seconds}
    connection.execute(update(entry).where(entry.c.id == folder).values(changed))


def names_in(connection: Connection, folder: EntryId, limit: int) -> list[tuple[str, EntryKind]]:
    """Return up to *limit* names in *folder*, whoever may see them."""
    rows = connection.execute(
        select(entry.c.name, entry.c.kind).where(entry.c.parent == folder).order_by(entry.c.name).limit(limit)
    )
    return [(name, EntryKind(kind)) for name, kind in rows]


def folders_of(connection: Connection, owner: OrganizationId) -> int:
    """Return how many folders *owner* has."""
    theirs = (entry.c.organization == owner) & (entry.c.kind == EntryKind.FOLDER)
    return int(connection.execute(select(func.count()).select_from(entry).where(theirs)).scalar_one())


def depth_below(connection: Connection, folder: EntryId) -> int:
    """Return how many names the longest way down from *folder* has."""
    down = _below(entry.c.id == folder)
    deepest = connection.execute(select(down.c.depth).order_by(down.c.depth.desc()).limit(1))
    return int(deepest.scalar_one())


def _below(start: ColumnElement[bool]) -> Any:
    down = select(entry.c.id, literal(0).label("depth")).where(start).cte(recursive=True)
    return down.union_all(select(entry.c.id, down.c.depth + 1).join(down, entry.c.parent == down.c.id))
