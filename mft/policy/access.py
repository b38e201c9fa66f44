"""Which right an operation needs, what a caller's grants add up to, and what a caller sees.  Pure."""

from collections.abc import Iterable
from enum import Enum, StrEnum, auto
from typing import Final

from mft.model.path import VirtualPath
from mft.model.rights import Grant, Right


class Operation(StrEnum):
    """What a caller can try to do at a path."""

    LIST = "list"
    READ = "read"
    CREATE = "create"
    REPLACE = "replace"
    MAKE_FOLDER = "make_folder"
    REMOVE = "remove"
    REMOVE_FOLDER = "remove_folder"
    RENAME_AWAY = "rename_away"
    RENAME_WORK = "rename_work"  # A work name's final renaming: only create at the target is asked for.
    REMOVE_OWN = "remove_own"  # One's own upload, or own file under a work name: nobody else ever saw it.


NEEDS: Final = {
    Operation.LIST: Right.LIST,
    Operation.READ: Right.READ,
    Operation.CREATE: Right.CREATE,
    Operation.REPLACE: Right.REPLACE,
    Operation.MAKE_FOLDER: Right.CREATE,
    Operation.REMOVE: Right.DELETE,
    Operation.REMOVE_FOLDER: Right.DELETE,
    Operation.RENAME_AWAY: Right.DELETE,
    Operation.RENAME_WORK: Right.NONE,
    Operation.REMOVE_OWN: Right.CREATE,
}


class Sight(Enum):
    """How much of a folder's content a listing shows."""

    ALL = auto()
    WAYS = auto()  # Only the folders that lead to a granted one.
    NOTHING = auto()


def rights_at(grants: Iterable[Grant], path: VirtualPath) -> Right:
    """Return what *grants* add up to at *path*: each counts at its folder and everywhere below."""
    rights = nothing = Right.NONE
    for grant in grants:
        if path.within(grant.folder):
            rights = grant.rights if rights is nothing else rights | grant.rights
    return rights


def permits(grants: Iterable[Grant], operation: Operation, path: VirtualPath) -> bool:
    """Return whether *grants* allow *operation* at *path*."""
    return NEEDS[operation] in rights_at(grants, path)


def visible(grants: Iterable[Grant], path: VirtualPath) -> bool:
    """Return whether the folder *path* exists for a caller with *grants*.

    A folder on the way to a granted one is seen, and nothing beside it: what you may not see does
    not exist for you.
    """
    return any(path.within(g.folder) or g.folder.within(path) for g in grants if g.rights)


def sees_file(grants: Iterable[Grant], path: VirtualPath) -> bool:
    """Return whether the file *path* exists for a caller with *grants*: who may fetch it may know of it."""
    rights = rights_at(grants, path)
    return Right.LIST in rights or Right.READ in rights


def sight(grants: Iterable[Grant], folder: VirtualPath) -> Sight:
    """Return how much of *folder* a caller with *grants* may list."""
    held = tuple(grants)
    if permits(held, Operation.LIST, folder):
        return Sight.ALL
    leads_on = any(g.folder != folder and g.folder.within(folder) for g in held if g.rights)
    return Sight.WAYS if leads_on else Sight.NOTHING
