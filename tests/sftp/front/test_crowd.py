"""Connections counted by all workers together, and whose turn it is."""

import asyncio
import socket
from functools import partial
from pathlib import Path

import pytest

from mft.sftp.front.crowd import Crowd, Worker
from mft.sftp.front.listener import accept_in_turn


@pytest.fixture
def two(tmp_path: Path):
    crowds = [Crowd(5, Worker(number, 2, tmp_path)) for number in (1, 2)]
    for crowd in crowds:
        crowd.open()
    yield crowds
    for crowd in crowds:
        crowd.close()


def test_a_single_process_lets_in_as_many_as_may_be():
    crowd = Crowd(2)
    crowd.open()
    assert [crowd.enter() for _ in range(3)] == [True, True, False]
    crowd.leave()
    assert crowd.enter()
    assert not crowd.is_ahead()
    crowd.close()


def test_workers_let_in_as_many_together_as_one_would_alone(two: list[Crowd]):
    one, other = two
    assert [one.enter() for _ in range(3)] == [True] * 3
    assert [other.enter() for _ in range(3)] == [True, True, False]
    assert not one.enter()
    one.leave()
    assert other.enter()


def test_whoever_has_more_than_another_is_ahead(two: list[Crowd]):
    one, other = two
    assert not one.is_ahead()
    one.enter()
    assert one.is_ahead()
    assert not other.is_ahead()
    other.enter()
    assert not one.is_ahead()


def test_a_worker_in_the_place_of_one_that_died_begins_with_nobody(two: list[Crowd], tmp_path: Path):
    two[0].enter()
    again = Crowd(5, Worker(1, 2, tmp_path))
    again.open()
    assert not two[0].is_ahead()
    again.close()


def test_the_table_is_nobody_elses_to_read(two: list[Crowd], tmp_path: Path):
    assert (tmp_path / "crowd").stat().st_mode & 0o777 == 0o600
    assert len(two) == 2


async def test_of_two_that_wait_at_one_socket_the_one_that_is_ahead_comes_second():
    with socket.create_server(("127.0.0.1", 0)) as one, one.dup() as other:
        one.setblocking(False)
        for turn in range(20):
            # Either waits first, since nobody knows in which order they are woken.
            ahead = [turn % 2 == 0, turn % 2 == 1]
            waiting = []
            for is_ahead, sock in zip(ahead, (one, other), strict=True):
                waiting.append(asyncio.create_task(accept_in_turn(sock, partial(bool, is_ahead))))
                await asyncio.sleep(0)
            with socket.create_connection(one.getsockname()):
                done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            behind = waiting[ahead.index(False)]
            assert done == {behind}
            accepted, _ = behind.result()
            assert accepted.gettimeout() == 0.0
            accepted.close()
            for task in waiting:
                task.cancel()
            await asyncio.wait(waiting)


async def test_one_that_is_ahead_takes_the_caller_whom_nobody_else_takes():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        sock.setblocking(False)
        with socket.create_connection(sock.getsockname()):
            accepted, _ = await accept_in_turn(sock, lambda: True)
            accepted.close()
