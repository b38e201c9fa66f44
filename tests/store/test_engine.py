"""The promises of Store.read and Store.write, on both databases."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Connection, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from mft.model.errors import Unavailable
from mft.store import engine
from mft.store.engine import Store, open_store
from mft.store.tables import penalty
from tests.support.trails import START


def put(connection: Connection, source: int, reason: str = "x") -> None:
    connection.execute(insert(penalty).values(source=source, until=START, reason=reason, offences=0, since=START))


def offences(connection: Connection) -> int:
    return int(connection.execute(select(penalty.c.offences)).scalar_one())


def count_one(connection: Connection) -> None:
    """Look, then write what was seen plus one: wrong if another writer comes between."""
    connection.execute(update(penalty).values(offences=offences(connection) + 1))


def sources(store: Store) -> list[int]:
    with store.read() as connection:
        return list(connection.execute(select(penalty.c.source).order_by(penalty.c.source)).scalars())


def test_what_a_write_did_is_seen_by_the_next_read(any_store: Store) -> None:
    assert sources(any_store) == []
    with any_store.write() as connection:
        put(connection, 1)
    assert sources(any_store) == [1]


def test_a_write_that_fails_keeps_nothing(any_store: Store) -> None:
    with pytest.raises(RuntimeError, match="cut"), any_store.write() as connection:  # noqa: PT012  (the act)
        put(connection, 1)
        raise RuntimeError("cut")
    assert sources(any_store) == []


def test_a_mistake_of_ours_is_not_called_the_databases(any_store: Store) -> None:
    with pytest.raises(IntegrityError), any_store.write() as connection:  # noqa: PT012  (the act)
        put(connection, 1)
        put(connection, 1)


def test_a_link_to_nothing_is_refused(any_store: Store) -> None:
    with pytest.raises(IntegrityError), any_store.write() as connection:
        connection.execute(
            text(
                "INSERT INTO download (version, account_name, started_at, ended_at, bytes, whole)"
                " VALUES (404, 'a', 0, 0, 0, :whole)"
            ),
            {"whole": False},
        )


def test_a_read_sees_one_moment_and_the_next_read_a_later_one(any_store: Store) -> None:
    with any_store.read() as reading:
        before = reading.execute(select(penalty.c.source)).all()
        with any_store.write() as writing:
            put(writing, 1)
        assert reading.execute(select(penalty.c.source)).all() == before == []
    assert sources(any_store) == [1]


def test_a_read_cannot_write(any_store: Store) -> None:
    with pytest.raises((DBAPIError, Unavailable), match=r"read-?only"), any_store.read() as connection:
        put(connection, 1)
    assert sources(any_store) == []
    with any_store.write() as connection:
        put(connection, 2)
    assert sources(any_store) == [2]


def test_a_read_that_fails_does_not_spoil_the_next(any_store: Store) -> None:
    with pytest.raises(RuntimeError, match="cut"), any_store.read() as connection:  # noqa: PT012  (the act)
        connection.execute(select(penalty)).all()
        raise RuntimeError("cut")
    with any_store.write() as connection:
        put(connection, 1)
    assert sources(any_store) == [1]


def test_reads_inside_reads_each_see_their_own_moment(any_store: Store) -> None:
    with any_store.read() as outer:
        assert outer.execute(select(penalty)).all() == []
        with any_store.write() as writing:
            put(writing, 1)
        assert sources(any_store) == [1]
        assert outer.execute(select(penalty)).all() == []


def test_many_threads_read_while_one_writes(any_store: Store) -> None:
    def look(_: int) -> int:
        return len(sources(any_store))

    with ThreadPoolExecutor(8) as threads:
        looks = [threads.submit(look, number) for number in range(100)]
        for source in range(20):
            with any_store.write() as connection:
                put(connection, source)
        assert all(0 <= found.result() <= 20 for found in looks)
    assert len(sources(any_store)) == 20


def test_what_a_writer_saw_is_still_true_when_it_writes(any_store: Store) -> None:
    with any_store.write() as connection:
        put(connection, 1)

    def count_twenty_five(_: int) -> None:
        for _ in range(25):
            with any_store.write() as connection:
                count_one(connection)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(count_twenty_five, range(4)))
    with any_store.read() as connection:
        assert offences(connection) == 100


def test_writers_of_two_processes_stand_in_line_and_none_is_turned_away(any_store: Store) -> None:
    with any_store.write() as connection:
        put(connection, 1)
    script = (
        "import sys\n"
        "from sqlalchemy import select, update\n"
        "from mft.store.engine import open_store\n"
        "from mft.store.tables import penalty\n"
        "store = open_store(sys.argv[1])\n"
        "for _ in range(100):\n"
        "    with store.write() as connection:\n"
        "        seen = connection.execute(select(penalty.c.offences)).scalar_one()\n"
        "        connection.execute(update(penalty).values(offences=seen + 1))\n"
        "store.close()\n"
    )
    url = any_store.engine.url.render_as_string(hide_password=False)
    processes = [
        subprocess.Popen([sys.executable, "-c", script, url], stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    with any_store.read() as connection:
        assert offences(connection) == 200


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "PATIENCE", 1)


@pytest.mark.usefixtures("impatient")
def test_a_writer_behind_one_that_never_ends_is_told_that_the_database_did_not_answer(any_store: Store) -> None:
    held, release = Event(), Event()
    second = open_store(any_store.engine.url.render_as_string(hide_password=False))

    def hold() -> None:
        with any_store.write() as connection:
            put(connection, 1)
            held.set()
            assert release.wait(30)

    with ThreadPoolExecutor(1) as thread:
        holding = thread.submit(hold)
        assert held.wait(30)
        try:
            for other in (second, any_store) if any_store.is_sqlite else (second,):
                with pytest.raises(Unavailable, match="did not answer"), other.write():
                    pass
            assert sources(second) == []  # Readers never stand in line.
        finally:
            release.set()
        holding.result()
    second.close()
    assert sources(any_store) == [1]


def test_a_database_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    for url in (f"sqlite:///{tmp_path}/nowhere/mft.db", f"postgresql+psycopg://nobody@/none?host={tmp_path}"):
        missing = open_store(url)
        with pytest.raises(Unavailable, match="did not answer"), missing.read() as connection:
            connection.execute(select(penalty)).all()
        with pytest.raises(Unavailable, match="did not answer"), missing.write():
            pass
        missing.close()


def test_a_connection_that_was_lost_is_unavailable_once_and_then_made_anew(postgres_store: Store) -> None:
    with pytest.raises(Unavailable), postgres_store.write() as connection:  # noqa: PT012  (the act)
        put(connection, 1)
        own = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        os.kill(own, signal.SIGTERM)
        put(connection, 2)
    assert sources(postgres_store) == []


# SQLite alone.


def pragma(connection: Connection, name: str) -> object:
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


def test_sqlite_is_durable_linked_and_forgets_what_is_deleted(store: Store) -> None:
    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "busy_timeout": 10_000}
    with store.write() as connection:
        assert {name: pragma(connection, name) for name in expected} == expected
    with store.read() as connection:
        assert {name: pragma(connection, name) for name in expected} == expected


def test_a_deleted_secret_leaves_no_copy_in_the_database_file(store: Store, tmp_path: Path) -> None:
    secret = "correct-horse-battery-staple"
    with store.write() as connection:
        put(connection, 1, secret)
    with store.write() as connection:
        connection.execute(penalty.delete())
    store.close()
    assert not (tmp_path / "mft.db-wal").exists()
    assert secret.encode() not in (tmp_path / "mft.db").read_bytes()


def test_a_reader_at_rest_does_not_keep_sqlite_from_checkpointing(store: Store, tmp_path: Path) -> None:
    assert sources(store) == []
    with store.write() as connection:
        put(connection, 1)
    assert sources(store) == [1]
    direct = sqlite3.connect(tmp_path / "mft.db")
    busy, _, _ = direct.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    direct.close()
    assert busy == 0
    assert (tmp_path / "mft.db-wal").stat().st_size == 0


def test_a_closed_store_leaves_no_connection_behind(store: Store, tmp_path: Path) -> None:
    sources(store)
    store.close()
    # SQLite takes the log away with the last connection.
    assert not (tmp_path / "mft.db-wal").exists()


def test_a_reader_that_takes_its_time_holds_back_the_scrubbing_and_no_writer(store: Store):
    with closing(open_store(str(store.engine.url))) as other, other.read() as reading:
        reading.execute(select(penalty)).all()
        with store.write() as connection:
            connection.execute(text("CREATE TABLE kept (word TEXT)"))
        began = time.monotonic()
        assert not store.scrub()
        with store.write() as connection:
            connection.execute(text("INSERT INTO kept VALUES ('x')"))
        assert time.monotonic() - began < engine.PATIENCE / 2
    assert store.scrub()


def test_a_moment_is_named_anew_after_a_commit_and_only_then(store: Store) -> None:
    def stamp() -> object:
        with store.read() as connection:
            return store.stamp(connection)

    first = stamp()
    assert first is not None
    assert stamp() == first
    other = open_store(store.engine.url.render_as_string())
    with other.write() as connection:
        put(connection, 1)
    other.close()
    second = stamp()
    assert second != first
    with store.write() as connection:
        put(connection, 2)
    assert stamp() not in {first, second}


def test_a_read_that_is_named_sees_the_moment_of_its_name(store: Store) -> None:
    with store.read() as connection:
        before = store.stamp(connection)
        with store.write() as writer:
            put(writer, 1)
        assert connection.execute(select(penalty.c.source)).all() == []
        assert store.stamp(connection) == before
    assert sources(store) == [1]


def test_a_read_that_was_only_named_holds_nothing_back(store: Store) -> None:
    with store.read() as connection:
        store.stamp(connection)
    with store.write() as connection:
        put(connection, 1)
    assert store.scrub()


def test_two_readers_moments_have_no_name_in_common(store: Store) -> None:
    with store.read() as one, store.read() as other:
        assert store.stamp(one) != store.stamp(other)


def test_a_moment_has_no_name_on_postgresql(postgres_store: Store) -> None:
    with postgres_store.read() as connection:
        assert postgres_store.stamp(connection) is None
