"""Short acts that stand in line share one commit: each is answered after it, and fails alone or with it."""

import asyncio
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Connection, event, insert, select
from sqlalchemy.exc import IntegrityError, OperationalError

from mft.model.errors import Unavailable
from mft.offload import Offload
from mft.store import line
from mft.store.engine import Store
from mft.store.tables import penalty
from tests.support.queue import standing_in_line
from tests.support.trails import START

_FRAME_HEADER = 24


def put(connection: Connection, source: int) -> None:
    connection.execute(insert(penalty).values(source=source, until=START, reason="x", offences=0, since=START))


def act(store: Store, source: int) -> int:
    with store.write(together=True) as connection:
        put(connection, source)
    return source


def kept(store: Store) -> set[int]:
    with store.read() as connection:
        return set(connection.execute(select(penalty.c.source)).scalars())


def commits_in_log(path: Path) -> int:
    """Count the commits in a write-ahead log: frames that say how large the database is then (SQLite, 4.2)."""
    log = path.read_bytes()
    size = struct.unpack(">I", log[8:12])[0]
    salt = log[16:24]
    frames = (log[at : at + _FRAME_HEADER] for at in range(32, len(log), _FRAME_HEADER + size))
    return sum(frame[8:16] == salt and frame[4:8] != bytes(4) for frame in frames)


@pytest.fixture(autouse=True)
def _no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "LONGEST", 600.0)


@dataclass(eq=False)
class Commits:
    """What was answered already when each commit began, and what to do instead of the next."""

    answered: list[int] = field(default_factory=list)
    before: list[set[int]] = field(default_factory=list)
    fails: bool = False

    def __call__(self, _connection: Connection) -> None:
        self.before.append(set(self.answered))
        if self.fails:
            self.fails = False
            raise OperationalError("COMMIT", None, Exception("disk I/O error"))


@contextmanager
def watched(store: Store) -> Iterator[Commits]:
    commits = Commits()
    event.listen(store.engine, "commit", commits)
    try:
        yield commits
    finally:
        event.remove(store.engine, "commit", commits)


def together(store: Store, acts: list[Callable[[], int]], commits: Commits) -> list[Future[int]]:
    """Let all *acts* stand in line in this order, then go."""

    def answered(one: Callable[[], int]) -> int:
        source = one()
        commits.answered.append(source)
        return source

    with ThreadPoolExecutor(len(acts)) as pool:
        return standing_in_line(store, pool, [lambda one=one: answered(one) for one in acts])


def test_a_hundred_acts_in_line_wait_for_the_disk_twice(store: Store, tmp_path: Path):
    before = commits_in_log(tmp_path / "mft.db-wal") if (tmp_path / "mft.db-wal").exists() else 0
    with watched(store) as commits:
        done = together(store, [lambda source=source: act(store, source) for source in range(100)], commits)
    assert sorted(future.result() for future in done) == list(range(100))
    assert kept(store) == set(range(100))
    # One more is the write that they all waited behind, which changed nothing and so left no frame.
    assert commits_in_log(tmp_path / "mft.db-wal") - before == 2


def test_nobody_is_answered_before_the_commit_that_keeps_the_act(any_store: Store):
    with watched(any_store) as commits:
        together(any_store, [lambda source=source: act(any_store, source) for source in range(10)], commits)
    assert len(commits.before) == 1
    assert commits.before == [set()]
    assert kept(any_store) == set(range(10))


def test_one_that_fails_takes_nothing_of_its_neighbours_along(any_store: Store):
    with watched(any_store) as commits:
        *good, bad, last = together(
            any_store, [lambda source=source: act(any_store, source) for source in (1, 2, 2, 3)], commits
        )
    assert [future.result() for future in (*good, last)] == [1, 2, 3]
    with pytest.raises(IntegrityError):
        bad.result()
    assert kept(any_store) == {1, 2, 3}
    assert len(commits.before) == 1


@pytest.mark.parametrize("fails", [0, 2])
def test_a_raise_of_ours_undoes_its_own_act_alone(any_store: Store, fails: int):
    def cut() -> int:
        with any_store.write(together=True) as connection:
            put(connection, 99)
            raise RuntimeError("cut")

    acts: list[Callable[[], int]] = [lambda source=source: act(any_store, source) for source in range(3)]
    acts.insert(fails, cut)
    with watched(any_store) as commits:
        done = together(any_store, acts, commits)
    assert [str(future.exception()) for future in done if future.exception()] == ["cut"]
    assert kept(any_store) == {0, 1, 2}


def test_if_the_commit_fails_each_of_them_fails_and_nothing_is_kept(any_store: Store):
    with watched(any_store) as commits:
        commits.fails = True
        done = together(any_store, [lambda source=source: act(any_store, source) for source in range(5)], commits)
    for future in done:
        with pytest.raises(Unavailable, match="disk I/O error"):
            future.result()
    assert commits.answered == []
    assert kept(any_store) == set()
    assert act(any_store, 7) == 7
    assert kept(any_store) == {7}


def test_what_is_refused_for_something_that_was_not_kept_fails_with_it(any_store: Store):
    with watched(any_store) as commits:
        commits.fails = True
        first, second = together(any_store, [lambda: act(any_store, 1), lambda: act(any_store, 1)], commits)
    for future in (first, second):
        with pytest.raises(Unavailable):
            future.result()


def test_a_full_disk_keeps_exactly_what_was_answered(store: Store):
    with store.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 1}")

    def large(source: int) -> int:
        with store.write(together=True) as connection:
            row = {"source": source, "until": START, "reason": "x" * 3000, "offences": 0, "since": START}
            connection.execute(insert(penalty).values(row))
        return source

    with watched(store) as commits:
        done = together(store, [lambda source=source: large(source) for source in range(12)], commits)
    refused = [future for future in done if future.exception()]
    assert refused
    assert all(isinstance(future.exception(), Unavailable) for future in refused)
    assert kept(store) == {future.result() for future in done if not future.exception()}


def test_a_transaction_that_the_database_ended_itself_is_not_taken_for_kept(store: Store):
    def ended() -> int:
        with store.write(together=True) as connection:
            put(connection, 2)
            connection.connection.dbapi_connection.execute("ROLLBACK")  # type: ignore[union-attr]  # As on a full disk.
        return 2

    with watched(store) as commits:
        done = together(store, [lambda: act(store, 1), ended, lambda: act(store, 3)], commits)
    assert [isinstance(future.exception(), Unavailable) for future in done] == [True, True, False]
    assert kept(store) == {3}


def test_what_is_not_short_keeps_its_transaction_to_itself(any_store: Store):
    def alone() -> int:
        with any_store.write() as connection:
            put(connection, 2)
        return 2

    with watched(any_store) as commits:
        together(any_store, [lambda: act(any_store, 1), alone, lambda: act(any_store, 3)], commits)
    assert len(commits.before) == 3
    assert kept(any_store) == {1, 2, 3}


def test_a_transaction_takes_no_further_act_when_the_first_waits_too_long(
    any_store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(line, "LONGEST", 0.0)
    with watched(any_store) as commits:
        together(any_store, [lambda source=source: act(any_store, source) for source in range(4)], commits)
    assert len(commits.before) == 4


def waits_for_disk(connection: Connection) -> bool:
    if connection.dialect.name == "sqlite":
        return bool(connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2)
    return bool(connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "on")


def test_a_commit_waits_for_the_disk_unless_told_otherwise_and_the_next_one_again(any_store: Store):
    seen = []
    for durable in (True, False, True, False):
        with any_store.write(durable=durable) as connection:
            seen.append(waits_for_disk(connection))
    assert seen == [True, False, True, False]


def test_what_waits_for_the_disk_joins_nothing_that_does_not(any_store: Store):
    def of(source: int, *, durable: bool) -> Callable[[], int]:
        def do() -> int:
            with any_store.write(together=True, durable=durable) as connection:
                put(connection, source)
                seen[source] = waits_for_disk(connection)
            return source

        return do

    seen: dict[int, bool] = {}
    acts = [of(1, durable=False), of(2, durable=True), of(3, durable=False)]
    with watched(any_store) as commits:
        together(any_store, acts, commits)
    assert seen == {1: False, 2: True, 3: True}
    assert len(commits.before) == 2


def test_a_shutdown_finishes_everybody_who_stands_in_line(store: Store):
    async def shut() -> set[int]:
        lanes = Offload(inline_reads=True, writers=8, hashers=1)
        with store.write():
            waiting = [asyncio.ensure_future(lanes.write(act, store, source)) for source in range(20)]
            await asyncio.sleep(0)
        lanes.close()
        return set(await asyncio.gather(*waiting))

    assert asyncio.run(shut()) == kept(store) == set(range(20))


def test_a_request_that_nobody_waits_for_any_more_holds_up_no_other(store: Store):
    async def cancel() -> set[int]:
        lanes = Offload(inline_reads=True, writers=8, hashers=1)
        began = Event()

        def first() -> int:
            began.set()
            return act(store, 100)

        with store.write():
            gone = asyncio.ensure_future(lanes.write(first))
            await asyncio.to_thread(began.wait, 10)
            waiting = [asyncio.ensure_future(lanes.write(act, store, source)) for source in range(5)]
            await asyncio.sleep(0)
            gone.cancel()
        done = set(await asyncio.gather(*waiting))
        lanes.close()
        return done

    assert asyncio.run(cancel()) == set(range(5))
    assert kept(store) == {*range(5), 100}  # It had begun, so it is done; only its answer is not waited for.
