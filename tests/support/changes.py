"""What somebody else may change under a session, by this process or, as a program, by another.

``python -m tests.support.changes URL CHANGE`` makes one in the database at URL.
"""

import sys
from collections.abc import Callable
from typing import Final

from sqlalchemy import delete, update

from mft.model.account import AccountState
from mft.store.engine import Connection, Store, open_store
from mft.store.tables import account, entry, folder_grant, organization, version


def revoke(connection: Connection) -> None:
    connection.execute(delete(folder_grant))


def disable(connection: Connection) -> None:
    connection.execute(update(account).values(state=AccountState.DISABLED))


def close_the_organization(connection: Connection) -> None:
    connection.execute(update(organization).values(enabled=False))


def end(connection: Connection) -> None:
    connection.execute(update(version).values(entry=None))
    connection.execute(delete(entry).where(entry.c.kind == "file"))


def rename_the_folder(connection: Connection) -> None:
    connection.execute(update(entry).where(entry.c.name == "sub").values(name="elsewhere"))


def replace(connection: Connection) -> None:
    connection.execute(update(version).values(size=7))


CHANGES: Final[dict[str, Callable[[Connection], None]]] = {
    change.__name__: change for change in (revoke, disable, close_the_organization, end, rename_the_folder, replace)
}


def make(store: Store, change: str) -> None:
    """Make *change* in the database of *store*."""
    with store.write() as connection:
        CHANGES[change](connection)


if __name__ == "__main__":
    make(open_store(sys.argv[1]), sys.argv[2])
