"""Which right an operation needs, and what a caller's grants add up to.  Pure."""

from collections.abc import Iterable
from enum import StrEnum
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
}


def rights_at(grants: Iterable[Grant], path: VirtualPath) -> Right:
    """Return what *grants* add up to at *path*: each counts at its folder and everywhere below."""
    rights = Right.NONE
    for grant in grants:
        if path.within(grant.folder):
            rights |= grant.rights
    return rights


def permits(grants: Iterable[Grant], operation: Operation, path: VirtualPath) -> bool:
    """Return whether *grants* allow *operation* at *path*."""
    needed = NEEDS[operation]
    return rights_at(grants, path) & needed == needed


def visible(grants: Iterable[Grant], path: VirtualPath) -> bool:
    """Return whether *path* exists for a caller with *grants*.

    A folder on the way to a granted one is seen, and nothing beside it: what you may not see does
    not exist for you.
    """
    return any(path.within(g.folder) or g.folder.within(path) for g in grants if g.rights)
