"""Callers who have not signed on: how many, how long, how often, and what hurts nobody else."""

import asyncio
import errno
import os
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncssh
import pytest

from mft.model.errors import Unavailable
from mft.model.event import Action
from mft.policy.penalties import Offence, PenaltyRules
from mft.sftp.front.listener import Entrance, accept_from
from tests.support.gate import OLGA, SECRET
from tests.support.hall import LOOPBACK, Client, Hall, Lines, OpenHall, until

FORGIVING = PenaltyRules(exempt=(LOOPBACK,))


async def said_nothing(reader: asyncio.StreamReader) -> bool:
    """Return whether the server hangs up without a word."""
    try:
        return await asyncio.wait_for(reader.read(), 10) == b""
    except ConnectionError:
        return True


async def test_a_source_that_is_kept_out_is_told_nothing(hall: Hall):
    hall.charge("127.0.0.9", Offence.CRASH)
    assert await hall.greeting("127.0.0.9") == b""
    assert await hall.greeting("127.0.0.8") == b"SSH-2.0-MFT\r\n"
    hall.gate.clock.advance(seconds=90)
    assert await hall.greeting("127.0.0.9") == b"SSH-2.0-MFT\r\n"


async def test_while_the_penalties_cannot_be_read_nobody_is_let_in(hall: Hall, monkeypatch: pytest.MonkeyPatch):
    def fails(_source: object) -> None:
        raise Unavailable("the database did not answer")

    monkeypatch.setattr(hall.penalties, "standing", fails)
    assert await hall.greeting() == b""
    assert [event for event, _ in hall.log.failures] == ["penalties.unread"]
    hall.log.failures.clear()


async def test_wrong_passwords_keep_a_stranger_out_within_a_second(hall: Hall):
    await hall.refused(password=["a", "b", "c"], source="127.0.0.9")
    begun = time.monotonic()
    await until(hall.penalties.list)
    assert time.monotonic() - begun < 1
    assert await hall.greeting("127.0.0.9") == b""
    connection, _ = await hall.connect()
    connection.close()
    [imposed] = hall.events(Action.PENALTY_IMPOSED)
    assert imposed.subject == "127.0.0.9"


async def test_one_laptop_does_not_keep_its_office_out(hall: Hall):
    await hall.refused(password=["a", "b", "c", "d"])
    connection, _ = await hall.connect()
    connection.close()
    assert hall.penalties.list() == []


async def test_who_leaves_without_an_attempt_pays_a_little(hall: Hall):
    for _ in range(15):
        assert await hall.greeting("127.0.0.9")
        await hall.seen_off()
    await until(hall.penalties.list)
    [owed] = hall.penalties.list()
    assert (owed.reason, owed.offences) == (Offence.NO_ATTEMPT, 15)


async def test_without_a_first_request_the_connection_ends_in_time(open_hall: OpenHall):
    hall = await open_hall(first_request=0.2)
    reader, writer = await hall.dial()
    assert await reader.readline() == b"SSH-2.0-MFT\r\n"
    assert await said_nothing(reader)
    writer.close()
    hall.charge("127.0.0.1", Offence.TOO_SLOW)
    await until(hall.penalties.list)
    assert {owed.reason for owed in hall.penalties.list()} == {Offence.TOO_SLOW}


async def test_one_byte_a_moment_makes_nobody_stay_longer(open_hall: OpenHall):
    hall = await open_hall(first_request=0.3, rules=FORGIVING)
    reader, writer = await hall.dial()

    async def trickle() -> None:
        for byte in b"SSH-2.0-slow" * 100:
            writer.write(bytes([byte]))
            await asyncio.sleep(0.02)

    trickling = asyncio.create_task(trickle())
    async with asyncio.timeout(2):
        assert await reader.readline()
        assert await said_nothing(reader)
    trickling.cancel()
    writer.close()


class Typing(Client):
    """A person who takes their time at each prompt."""

    def __init__(self, passwords: list[str], replacements: list[str], password: float, replacement: float) -> None:
        super().__init__(passwords, replacements)
        self.delays = (password, replacement)

    async def password_auth_requested(self) -> str | None:  # type: ignore[override]
        await asyncio.sleep(self.delays[0])
        return super().password_auth_requested()

    async def password_change_requested(self, prompt: str, lang: str) -> Any:
        await asyncio.sleep(self.delays[1])
        return super().password_change_requested(prompt, lang)


async def test_a_person_has_longer_once_they_were_asked(open_hall: OpenHall):
    hall = await open_hall(first_request=0.4, sign_on=1.2, rules=FORGIVING)
    hall.gate.account("alice", allow="127.0.0.1")
    connection, _ = await hall.connect(client=Typing([SECRET], [], 0.6, 0))
    connection.close()
    with pytest.raises(asyncssh.Error):
        await hall.connect(client=Typing([SECRET], [], 1.5, 0))


async def test_a_person_choosing_a_new_password_has_longer_still(open_hall: OpenHall):
    hall = await open_hall(first_request=0.4, sign_on=0.8, password_change=3.0, rules=FORGIVING)
    hall.gate.account("alice", allow="127.0.0.1", password=None)
    secret = hall.gate.credentials.issue_temporary(OLGA, "alice").secret
    connection, _ = await hall.connect(client=Typing([secret], ["slow rivers carve 40 canyons"], 0, 1.0))
    connection.close()


async def test_two_hundred_half_open_connections_hold_nobody_else_up(open_hall: OpenHall):
    hall = await open_hall(rules=FORGIVING)
    hall.gate.account("alice", allow="127.0.0.1")
    held = [await hall.dial("127.0.0.9") for _ in range(200)]
    greeted = await asyncio.gather(*(_first_line(reader) for reader, _ in held))
    assert sum(bool(line) for line in greeted) == 5
    lasted = []
    for _ in range(20):
        begun = time.monotonic()
        connection, _ = await hall.connect()
        lasted.append(time.monotonic() - begun)
        connection.close()
        await connection.wait_closed()
    assert sorted(lasted)[18] < 2
    for _, writer in held:
        writer.close()


async def test_from_many_sources_at_most_a_hundred_are_half_open(open_hall: OpenHall):
    hall = await open_hall(rules=FORGIVING, drop_early_share=0.0)
    held = [await hall.dial(f"127.0.1.{number}") for number in range(1, 121)]
    greeted = await asyncio.gather(*(_first_line(reader) for reader, _ in held))
    assert sum(bool(line) for line in greeted) <= 100
    for _, writer in held:
        writer.close()
    await hall.seen_off()
    assert await hall.greeting() == b"SSH-2.0-MFT\r\n"


async def _first_line(reader: asyncio.StreamReader) -> bytes:
    try:
        return await asyncio.wait_for(reader.readline(), 10)
    except ConnectionError:
        return b""


async def test_those_who_signed_on_take_no_place_from_those_who_have_not(open_hall: OpenHall):
    hall = await open_hall(per_source=2, rules=FORGIVING)
    hall.gate.account("alice", allow="127.0.0.1")
    inside = [(await hall.connect())[0] for _ in range(6)]
    assert await hall.greeting()
    for connection in inside:
        connection.close()


async def test_beyond_the_last_connection_in_all_nobody_is_let_in(open_hall: OpenHall):
    hall = await open_hall(connections=2, rules=FORGIVING)
    hall.gate.account("alice", allow="127.0.0.1")
    inside = [(await hall.connect())[0] for _ in range(2)]
    assert await hall.greeting() == b""
    inside[0].close()
    await inside[0].wait_closed()
    await hall.seen_off(most=1)
    assert await hall.greeting()
    inside[1].close()


async def test_a_caller_from_ipv6_or_nowhere_is_closed(hall: Hall):
    ours, theirs = socket.socketpair()
    hall.door._visits.receive(ours, "2001:db8::1", ())  # noqa: SLF001
    theirs.settimeout(5)
    assert theirs.recv(10) == b""
    theirs.close()


@contextmanager
def few_descriptors(more: int) -> Iterator[None]:
    """Leave this process *more* descriptors than it has."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    probe = os.dup(0)
    os.close(probe)
    resource.setrlimit(resource.RLIMIT_NOFILE, (probe + more, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_without_descriptors_the_door_waits_and_goes_on():
    log = Lines()
    received: list[str] = []
    listening = socket.socket()
    listening.setblocking(False)
    listening.bind(("127.0.0.1", 0))
    listening.listen()

    def receive(sock: socket.socket, peer: str, _balancers: object) -> None:
        received.append(peer)
        sock.close()

    callers = [socket.socket() for _ in range(3)]
    accepting = asyncio.create_task(accept_from(listening, Entrance(), receive, log))
    with few_descriptors(0):
        for caller in callers:
            caller.connect(listening.getsockname())
        await until(lambda: log.failures)
    await until(lambda: len(received) == 3)
    assert {event for event, _ in log.failures} == {"accept.exhausted"}
    assert log.failures[0][1] == {"why": os.strerror(errno.EMFILE)}
    assert len(log.failures) < 5
    accepting.cancel()
    await asyncio.wait([accepting])
    for caller in callers:
        caller.close()
