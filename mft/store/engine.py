"""Open the database the one right way, and give out transactions.

``Store.read`` and ``Store.write`` are the only ways in.  A read sees one moment and can change
nothing.  Writers stand in one line on both databases: SQLite has one write lock, and on PostgreSQL
every writer takes the same advisory lock first.  So what a transaction has looked at is still true
when it writes, the chain of the audit trail has no fork, and a room is written once for both.
Short acts that stand in line together share a commit (``mft.store.line``).
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from mft.model.errors import Unavailable
from mft.store.line import PATIENCE, Line, Shared, Wish
from mft.store.siblings import Turns, take_turns

__all__ = ["Connection", "Store", "open_store"]

_SCRUBBING: Final = 100
"""Milliseconds that writers may have to wait while the log is cut off."""

_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # An acknowledged commit survives a power cut.
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",  # A destroyed key leaves no copy in a free page.
)

_WRITERS_LOCK: Final = 0x6D66_745F_7772
"""The advisory lock of this program's writers, one database wide."""

_IDLE_READERS: Final = 8

Stamp = tuple[object, int]
"""A moment of the database: a connection, and what it counts of the commits of all others."""


class Store:
    """The database.  ``read`` and ``write`` are the only ways in."""

    def __init__(self, engine: Engine) -> None:
        """Keep *engine*; ``open_store`` makes it."""
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._drivers_error: type[Exception] = engine.dialect.loaded_dbapi.Error
        # Opened connections waiting for their next read: a checkout from the pool costs as much as the query.
        self._readers: deque[Connection] = deque()
        # Threads of one process queue here; SQLite's own waiting is sleeping and trying again.
        self._line = Line()
        # Whoever has the turn uses it, or makes it.
        self._writer: Connection | None = None
        self._writer_waits = True

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one moment and changes nothing.  Raises Unavailable."""
        try:
            connection = self._reader()
            try:
                yield connection
            finally:
                self._return(connection)
        except (DBAPIError, PoolTimeoutError) as error:
            raise _answer(error) from error

    def stamp(self, connection: Connection) -> Stamp | None:
        """Begin the read of *connection*, from ``read`` and not yet used, and name the moment that it sees.

        Two stamps are equal only if nothing was committed between the moments they name: what was read
        at the one is true at the other.  SQLite counts, on each connection, the commits of every other
        one, of this process or another, and none of ours that reads ever commits.  The count belongs to
        its connection, so the connection is part of the stamp; the driver's own, since another could be
        opened under SQLAlchemy's.  It is asked as the first statement of the transaction, which fixes
        the moment: no commit comes between the stamp and what is read after it.

        None on PostgreSQL, where a counter would have to be asked over the same wire as what it vouches
        for, and every writer would have to keep it: there a moment has no name, and nothing is remembered.
        """
        if not self.is_sqlite:
            return None
        driver = _driver(connection)
        if not driver.in_transaction:
            driver.execute("BEGIN")
        (count,) = driver.execute("PRAGMA data_version").fetchone()
        return driver, count

    @contextmanager
    def write(self, *, together: bool = False, durable: bool = True) -> Iterator[Connection]:
        """Give a connection whose work is kept, all of it, when the block ends without an error.

        What follows the block finds it committed.  *together* lets a short act share its transaction,
        and its wait for the disk, with others that stand in line: each has a savepoint of its own, and
        if their one commit fails, each raises Unavailable.  Without *durable* the commit waits for no
        disk: a power cut may take it, until the next durable one.

        Raises Unavailable when the line of writers does not move for ``PATIENCE`` seconds.
        """
        try:
            yield from self._act(Wish(together, durable))
        except (DBAPIError, PoolTimeoutError) as error:
            raise _answer(error) from error
        except self._drivers_error as error:  # Nobody but the store talks to the driver unwrapped.
            raise Unavailable(f"the database did not answer: {error}") from error

    @property
    def in_line(self) -> int:
        """How many of this process's writers wait for their turn."""
        return len(self._line)

    @contextmanager
    def alter(self) -> Iterator[Connection]:
        """Give a write transaction in which tables may be made anew, for ``mft.store.schema`` alone.

        SQLite refuses to drop a table that others point to, and its foreign keys can be switched off
        only outside a transaction; so they are checked as a whole before the work is kept.
        """
        if not self.is_sqlite:
            with self.write() as connection:
                yield connection
            return
        with self._turn(), self.engine.connect().execution_options(mft_writes=True) as connection:
            connection.detach()  # Closed at the end, so that no later user finds it without its foreign keys.
            _driver(connection).execute("PRAGMA foreign_keys=OFF")
            with connection.begin():
                yield connection
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
                if broken is not None:
                    raise Unavailable(f"a row of {broken[0]} would point nowhere; nothing was changed")

    def scrub(self) -> bool:
        """Leave no copy of what was deleted in SQLite's write-ahead log; return whether that was done.

        A reader that takes its time holds it back, and no writer is to wait for both: then it is to be
        asked again later.  On PostgreSQL dead rows go with its own VACUUM.
        """
        if not self.is_sqlite:
            return True
        with self.engine.connect() as connection:
            driver = _driver(connection)
            driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()  # Most of the work, in nobody's way.
            driver.execute(f"PRAGMA busy_timeout={_SCRUBBING}")
            try:
                with self._turn():
                    (held_back, *_) = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                driver.execute(f"PRAGMA busy_timeout={PATIENCE * 1000}")
        return not held_back

    def close(self) -> None:
        """Close every connection."""
        while self._readers:
            self._readers.pop().close()
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self.engine.dispose()

    def _act(self, wish: Wish) -> Iterator[Connection]:
        """Run one act, in a transaction of its own or in one that is handed over, and return when it is kept."""
        shared = self._line.enter(wish) or self._begin(wish)
        try:
            yield from _beside(shared) if shared.acts else _first(shared)
        finally:
            # Who failed waits, too: what it was refused for may be what the others did.
            if self._line.hand_over(shared):
                shared.wait()
            else:
                self._finish(shared)
            if shared.broken is not None:
                raise _lost(shared.broken) from shared.broken

    def _begin(self, wish: Wish) -> Shared:
        try:
            connection = self._writer_for(wish)
            try:
                connection.begin()
            except BaseException:
                self._put_back(connection, broken=True)
                raise
        except BaseException:
            self._line.leave()
            raise
        return Shared(connection, wish)

    def _finish(self, shared: Shared) -> None:
        """End the transaction, give the turn on, and tell everybody who took part."""
        try:
            if shared.acts and shared.broken is None:
                self._commit(shared.connection)
        except BaseException as error:  # noqa: BLE001  (whatever it was, nobody's act is kept, and each is told)
            shared.broken = error
        finally:
            try:
                self._put_back(shared.connection, broken=shared.broken is not None)
            finally:
                self._line.leave()
                shared.end()

    def _commit(self, connection: Connection) -> None:
        # SQLite ends a transaction by itself when its disk is full; COMMIT would then keep what came after.
        if self.is_sqlite and not _driver(connection).in_transaction:
            raise Unavailable("the database ended a transaction by itself; nothing of it was kept")
        connection.commit()

    def _writer_for(self, wish: Wish) -> Connection:
        """Return the connection for the next transaction; only who has the turn asks."""
        if not self.is_sqlite:
            return self.engine.connect().execution_options(mft_writes=True, mft_waits=wish.durable)
        if self._writer is None:
            self._writer = self.engine.connect().execution_options(mft_writes=True)
            self._writer.detach()
            self._writer_waits = True
        if self._writer_waits is not wish.durable:
            _driver(self._writer).execute(f"PRAGMA synchronous={'FULL' if wish.durable else 'NORMAL'}")
            self._writer_waits = wish.durable
        return self._writer

    def _put_back(self, connection: Connection, *, broken: bool) -> None:
        if self.is_sqlite and not broken and not connection.invalidated:
            connection.rollback()  # What failed alone; nothing after a commit.
            return
        self._writer = None
        if broken and not connection.invalidated:
            with suppress(self._drivers_error):  # SQLAlchemy takes a transaction whose COMMIT failed for ended.
                _driver(connection).rollback()
        connection.close()

    def _reader(self) -> Connection:
        if not self.is_sqlite:
            return self.engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        try:
            return self._readers.pop()
        except IndexError:
            connection = self.engine.connect()
            connection.detach()
            _driver(connection).execute("PRAGMA query_only=ON")
            return connection

    def _return(self, connection: Connection) -> None:
        # The read must end, or SQLite could not checkpoint and the next read would see an old moment.
        if not self.is_sqlite or connection.invalidated or len(self._readers) >= _IDLE_READERS:
            connection.close()
            return
        if connection.in_transaction():
            connection.rollback()
        driver = _driver(connection)
        if driver.in_transaction:
            driver.rollback()  # Begun by its stamp, which SQLAlchemy knows nothing of.
        self._readers.append(connection)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        self._line.enter(Wish(together=False, durable=True))
        try:
            yield
        finally:
            self._line.leave()


def _first(shared: Shared) -> Iterator[Connection]:
    yield shared.connection
    shared.acts = 1


def _beside(shared: Shared) -> Iterator[Connection]:
    """Run an act behind others, whose work its failure must not take along."""
    _say(shared, "SAVEPOINT act")
    try:
        yield shared.connection
    except BaseException:
        _say(shared, "ROLLBACK TO SAVEPOINT act")
        _say(shared, "RELEASE SAVEPOINT act")
        raise
    _say(shared, "RELEASE SAVEPOINT act")
    shared.acts += 1


def _say(shared: Shared, words: str) -> None:
    """Tell the database; what it cannot do breaks the whole transaction."""
    try:
        _driver(shared.connection).execute(words)
    except Exception as error:
        shared.broken = error
        raise


def open_store(url: str, siblings: Path | None = None) -> Store:
    """Return the store at *url* (``sqlite:///…`` or ``postgresql+psycopg://…``).  Connects lazily.

    *siblings*: a folder that other processes have too which write as much as this one.
    """
    target = make_url(url)
    if target.get_backend_name() == "sqlite":
        engine = create_engine(target, connect_args={"check_same_thread": False, "timeout": PATIENCE})
        event.listen(engine, "connect", _prepare_sqlite)
        if siblings is not None:
            take_turns(engine, Turns(siblings))
        event.listen(engine, "begin", _begin_sqlite)
    else:
        options = " ".join(f"-c {name}={value}" for name, value in _postgres_settings().items())
        arguments = {"connect_timeout": PATIENCE, "options": options}
        engine = create_engine(target, connect_args=arguments, pool_size=8, max_overflow=8, pool_pre_ping=True)
        event.listen(engine, "begin", _begin_postgres)
    return Store(engine)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver's own BEGIN is deferred and comes late; ours is below.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begin_sqlite(connection: Connection) -> None:
    # A writer that begins deferred and upgrades later meets "database is locked" with no waiting.
    writes = connection.get_execution_options().get("mft_writes", False)
    driver = _driver(connection)
    if writes or not driver.in_transaction:  # The stamp of a read may have begun it.
        driver.execute("BEGIN IMMEDIATE" if writes else "BEGIN")  # Twice as quick as through SQLAlchemy.


def _postgres_settings() -> dict[str, str]:
    return {
        "lock_timeout": f"{PATIENCE}s",
        "idle_in_transaction_session_timeout": "60s",  # A stopped process must not hold up the line for ever.
        "timezone": "UTC",
    }


def _begin_postgres(connection: Connection) -> None:
    # READ COMMITTED looks anew at each statement, so what follows the lock sees all that came before it.
    options = connection.get_execution_options()
    if options.get("mft_writes", False):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS_LOCK})")
        if not options.get("mft_waits", True):
            connection.exec_driver_sql("SET LOCAL synchronous_commit=off")


def _driver(connection: Connection) -> Any:
    return connection.connection.dbapi_connection


def _lost(why: BaseException) -> BaseException:
    """Return what each is told whose act was in a transaction that was not kept."""
    if isinstance(why, DBAPIError):
        return _answer(why)
    return Unavailable(f"the database did not answer: {why}") if isinstance(why, Exception) else why


def _answer(error: DBAPIError | PoolTimeoutError) -> Exception:
    """Return what a caller is told: Unavailable if the database failed us, the error itself if we failed it."""
    if isinstance(error, PoolTimeoutError):
        return Unavailable("the database did not answer: every connection is busy")
    if isinstance(error, OperationalError) or error.connection_invalidated:
        return Unavailable(f"the database did not answer: {error.orig}")
    return error
