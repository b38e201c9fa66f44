"""Open the database the one right way, and give out transactions."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from mft.model.errors import Unavailable

_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # An acknowledged commit survives a power cut.
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",  # A destroyed key leaves no copy in a free page.
    "PRAGMA busy_timeout=10000",
)


class Store:
    """The database.  ``read`` and ``write`` are the only ways in."""

    def __init__(self, engine: Engine) -> None:
        """Keep *engine*; ``open_store`` makes it."""
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one moment and changes nothing."""
        with self._answering(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection whose work is kept, all of it, when the block ends without an error."""
        with self._answering(), self.engine.connect().execution_options(mft_writes=True) as connection:
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @staticmethod
    @contextmanager
    def _answering() -> Iterator[None]:
        try:
            yield
        except OperationalError as error:
            raise Unavailable(f"the database did not answer: {error.orig}") from error


def open_store(url: str) -> Store:
    """Return the store at *url* (``sqlite:///…`` or ``postgresql+psycopg://…``).  Connects lazily."""
    target = make_url(url)
    if target.get_backend_name() == "sqlite":
        engine = create_engine(target, connect_args={"check_same_thread": False})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        engine = create_engine(target, pool_size=8, max_overflow=8, pool_pre_ping=True)
    return Store(engine)


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401  (a DBAPI connection)
    # The driver's own BEGIN is deferred and comes late; ours is below.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begin_sqlite(connection: Connection) -> None:
    # A writer that begins deferred and upgrades later meets "database is locked" with no waiting.
    writes = connection.get_execution_options().get("mft_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
