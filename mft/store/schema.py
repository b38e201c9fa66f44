"""Bring a database to the tables this program needs, and tell whether it is there.

Steps run in one transaction: a step that fails leaves the database as it was.  There is no way
back down; a backup is.
"""

from typing import TYPE_CHECKING, Final

from mft.model.errors import Unavailable
from mft.store.engine import Connection, Store

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

_STEPS: Final = "mft.store:migrations"


def upgrade(store: Store) -> None:
    """Take every step the database at *store* has not taken yet.  Safe to repeat and to race."""
    from alembic import command  # noqa: PLC0415  (900 ms that only an upgrade pays)

    with store.alter() as connection:
        command.upgrade(_config(connection), "head")


def current(store: Store) -> str | None:
    """Return the step the database stands at, or None if it has taken none."""
    from alembic.migration import MigrationContext  # noqa: PLC0415  (lazy, as above)

    with store.read() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str:
    """Return the step this program needs."""
    revision = _steps().get_current_head()
    if revision is None:
        raise Unavailable("this installation holds no database steps; install it again")
    return revision


def require_current(store: Store) -> None:
    """Raise Unavailable unless the database stands where this program needs it."""
    found, needed = current(store), head()
    if found == needed:
        return
    known = {step.revision for step in _steps().walk_revisions()}
    if found is None or found in known:
        raise Unavailable(f"the database stands at step {found or 'none'}, not {needed}; run mft db upgrade")
    raise Unavailable(f"the database stands at step {found}, which is newer than this program; install the newer one")


def _config(connection: Connection | None = None) -> "Config":
    from alembic.config import Config  # noqa: PLC0415  (lazy, as above)

    config = Config()
    config.set_main_option("script_location", _STEPS)
    config.attributes["connection"] = connection
    return config


def _steps() -> "ScriptDirectory":
    from alembic.script import ScriptDirectory  # noqa: PLC0415  (lazy, as above)

    return ScriptDirectory.from_config(_config())
