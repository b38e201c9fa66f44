"""Rights: what a grant on a folder lets an account do, there and below."""

from dataclasses import dataclass
from datetime import datetime
from enum import Flag, auto
from typing import Final

from mft.model.errors import Invalid
from mft.model.ids import AccountId, GrantId, OrganizationId
from mft.model.path import VirtualPath


class Right(Flag):
    """The five rights.  They add up: what any grant on the way from the root gives, is given."""

    NONE = 0
    LIST = auto()  # See names, sizes and dates.
    READ = auto()  # Fetch content.
    CREATE = auto()  # Put a file or folder where none is.
    REPLACE = auto()  # Put a new version over an existing file.
    DELETE = auto()  # Remove, or rename away.


ALL: Final = Right.LIST | Right.READ | Right.CREATE | Right.REPLACE | Right.DELETE


def parse_rights(text: str) -> Right:
    """Return the rights that *text* lists: ``all``, or names split by commas.  Raises Invalid."""
    rights = Right.NONE
    for word in filter(None, (part.strip().lower() for part in text.split(","))):
        if word == "all":
            rights |= ALL
        elif word.upper() in Right.__members__ and word != "none":
            rights |= Right[word.upper()]
        else:
            raise Invalid(f"{word!r} is not a right; use all, or some of list,read,create,replace,delete")
    if not rights:
        raise Invalid("no right was named; use all, or some of list,read,create,replace,delete")
    return rights


def format_rights(rights: Right) -> str:
    """Return *rights* as people type them."""
    if rights == ALL:
        return "all"
    return ",".join(right.name.lower() for right in Right if right in rights and right.name) or "none"


@dataclass(frozen=True, slots=True)
class Grant:
    """Rights on *folder* and all below it, for one account or for everyone of an organization."""

    id: GrantId
    folder: VirtualPath
    rights: Right
    account: AccountId | None
    organization: OrganizationId | None
    granted_by: str
    granted_at: datetime
