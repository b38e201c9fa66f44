"""What somebody was told about an end that comes, as rows: each notice is given once for each end.

A moved end, as after a sign-on, is another end and is told of anew.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, insert, select

from mft.model.ids import AccountId
from mft.store.tables import notice as table

ENDED: Final = 0
"""The days of a notice that something has ended, not that it will."""


def told(connection: Connection, account: AccountId, ends_at: datetime) -> frozenset[int]:
    """Return how many days before *ends_at*, an end of the account itself, it was told of."""
    about = (table.c.account == account, table.c.version.is_(None), table.c.ends_at == ends_at)
    return frozenset(connection.scalars(select(table.c.days).where(*about)))


def tell(connection: Connection, account: AccountId, ends_at: datetime, days: int, at: datetime) -> None:
    """Note that it was told *days* before *ends_at*; ask ``told`` first, in the same transaction."""
    connection.execute(insert(table).values(account=account, version=None, days=days, ends_at=ends_at, told_at=at))
