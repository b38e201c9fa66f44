"""Bring a database to the tables this program needs, and tell whether it is there.

Steps run in one transaction: a step that fails leaves the database as it was.  There is no way
back down; a backup is.
"""

from typing import TYPE_CHECKING, Final

from sqlalchemy import Column, MetaData, Table, Text, inspect, select

from mft.model.errors import Unavailable
from mft.store.engine import Connection, Store

if TYPE_CHECKING:
    from alembic.config import Config

HEAD: Final = "0003"
"""The step this program needs.  Written here, so that asking for it loads nothing; a test compares."""

_STEPS: Final = "mft.store:migrations"
_STANDING: Final = Table("alembic_version", MetaData(), Column("version_num", Text))


def upgrade(store: Store) -> None:
    """Take every step the database at *store* has not taken yet.  Safe to repeat and to race."""
    from alembic import command  # noqa: PLC0415  (900 ms that only an upgrade pays)

    with store.alter() as connection:
        command.upgrade(_config(connection), "head")


def current(store: Store) -> str | None:
    """Return the step the database stands at, or None if it has taken none."""
    with store.read() as connection:
        if not inspect(connection).has_table(_STANDING.name):
            return None
        return connection.execute(select(_STANDING.c.version_num)).scalar()


def require_current(store: Store) -> None:
    """Raise Unavailable unless the database stands where this program needs it."""
    found = current(store)
    if found == HEAD:
        return
    # Steps are numbered in order.
    if found is None or found < HEAD:
        raise Unavailable(f"the database stands at step {found or 'none'}, not {HEAD}; run mft db upgrade")
    raise Unavailable(f"the database stands at step {found}, which is newer than this program; install the newer one")


def _config(connection: Connection | None = None) -> "Config":
    from alembic.config import Config  # noqa: PLC0415  (lazy, as above)

    config = Config()
    config.set_main_option("script_location", _STEPS)
    config.attributes["connection"] = connection
    return config
