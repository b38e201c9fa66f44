"""Finding what an operator names, in the words an operator understands."""

from typing import Final

from sqlalchemy import Connection

from mft.model.account import Account, Organization
from mft.model.errors import Invalid, NotFound
from mft.store import accounts, organizations

_LONGEST_REMARK: Final = 200


def known_account(connection: Connection, name: str) -> Account:
    """Return the account *name*.  Raises NotFound."""
    account = accounts.by_name(connection, name)
    if account is None:
        raise NotFound(f"there is no account {name}; mft account list shows them")
    return account


def known_organization(connection: Connection, name: str) -> Organization:
    """Return the organization *name*.  Raises NotFound."""
    organization = organizations.by_name(connection, name)
    if organization is None:
        raise NotFound(f"there is no organization {name}; mft org list shows them")
    return organization


def checked_remark(text: str) -> str:
    """Return *text*, a title or a reason that people read, if it is one short printable line.  Raises Invalid."""
    remark = text.strip()
    if len(remark) > _LONGEST_REMARK or not remark.isprintable():
        raise Invalid(f"a title or reason is one line of at most {_LONGEST_REMARK} printable characters")
    return remark
