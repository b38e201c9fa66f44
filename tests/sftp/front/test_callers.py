"""Callers who have not signed on: how many, how long, how often, and what hurts nobody else."""

import asyncio
import errno
import os
import random
import resource
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import asyncssh
import pytest
from asyncssh.packet import Boolean, String

from mft.model.event import Action
from mft.policy.penalties import Offence, PenaltyRules
from mft.sftp.front.listener import Entrance, accept_from
from mft.sftp.transport.connection import MAX_WAITING_INPUT
from tests.support.gate import OLGA, SECRET, build_gate
from tests.support.hall import LOOPBACK, Client, Hall, Lines, OpenHall, until

USERAUTH_REQUEST = 50
FORGIVING = PenaltyRules(exempt=(LOOPBACK,))


def attempt(name: str, password: str) -> bytes:
    """Return a password attempt without its message number, RFC 4252, 8."""
    return String(name) + String("ssh-connection") + String("password") + Boolean(False) + String(password)


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


class Flooding(Client):
    """Sends *payloads* as authentication requests one after another, and listens to no answer."""

    def __init__(self, payloads: list[bytes]) -> None:
        super().__init__([], [])
        self.payloads = payloads

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        self.conn = conn
        conn._packet_handlers = {**conn._packet_handlers, 51: lambda *_: None}  # noqa: SLF001

    def begin_auth(self, username: str) -> None:  # noqa: ARG002
        self.flood()

    def flood(self) -> None:
        for payload in self.payloads:
            self.conn.send_packet(USERAUTH_REQUEST, payload)


async def test_attempts_sent_ahead_are_answered_one_by_one_and_no_more_than_four(hall: Hall):
    client = Flooding([attempt("alice", f"guess {n}") for n in range(50)])
    with pytest.raises(asyncssh.Error):
        await hall.connect(client=client)
    await hall.seen_off()
    assert len(hall.events(Action.SIGNON_REFUSED)) == 4
    assert hall.gate.passwords.compared == 4


async def test_the_right_password_behind_four_wrong_ones_opens_nothing(hall: Hall):
    client = Flooding([attempt("alice", "guess")] * 4 + [attempt("alice", SECRET)])
    with pytest.raises(asyncssh.Error):
        await hall.connect(client=client)
    await hall.seen_off()
    assert hall.events(Action.SIGNON_ADMITTED) == []


async def test_a_name_cannot_change_in_mid_connection(hall: Hall):
    hall.gate.account("bob", allow="127.0.0.1")
    client = Flooding([attempt("alice", "x"), attempt("bob", SECRET)])
    with pytest.raises(asyncssh.ProtocolError, match="user name"):
        await hall.connect(client=client)
    assert hall.events(Action.SIGNON_ADMITTED) == []


@pytest.fixture
async def slow(open_hall: OpenHall, store: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[Hall, asyncio.Event]:
    """A hall in which an attempt waits until the event is set."""
    gate, go_on = build_gate(store), asyncio.Event()

    async def wait(_seconds: float) -> None:
        await go_on.wait()

    monkeypatch.setattr(gate.signon, "_pause", wait)
    monkeypatch.setattr("mft.accounts.signon.pause_before_answer", lambda _: timedelta(1))
    hall = await open_hall(gate, rules=FORGIVING)
    hall.gate.account("alice", allow="127.0.0.1")
    return hall, go_on


async def test_input_sent_during_a_slow_attempt_is_not_gathered_without_end(slow: tuple[Hall, asyncio.Event]):
    hall, go_on = slow
    junk = String(bytes(200_000))
    client = Flooding([attempt("alice", "a guess")] + [junk] * (MAX_WAITING_INPUT // 200_000 + 2))
    with pytest.raises((asyncssh.Error, OSError)):
        await hall.connect(client=client)
    go_on.set()
    await until(lambda: hall.events(Action.SIGNON_REFUSED))


async def test_hanging_up_in_time_is_no_way_to_guess_for_nothing(slow: tuple[Hall, asyncio.Event]):
    hall, go_on = slow
    client = Client(["a guess"], [])
    connecting = asyncio.create_task(hall.connect(client=client))
    await until(lambda: client.asked)
    await asyncio.sleep(0.05)
    connecting.cancel()
    await asyncio.wait([connecting])
    assert hall.places_taken() == 1, "the place is kept until the attempt is paid for"
    go_on.set()
    await until(lambda: hall.events(Action.SIGNON_REFUSED))
    await until(lambda: hall.places_taken() == 0)


async def test_a_session_whose_client_left_before_it_began_is_closed(slow: tuple[Hall, asyncio.Event]):
    hall, go_on = slow
    client = Client([SECRET], [])
    connecting = asyncio.create_task(hall.connect(client=client))
    await until(lambda: client.asked)
    await asyncio.sleep(0.05)
    connecting.cancel()
    await asyncio.wait([connecting])
    go_on.set()
    await until(lambda: hall.events(Action.SESSION_CLOSED))
    assert hall.gate.sessions.listing("alice") == []


async def test_stopping_waits_for_no_slow_attempt(slow: tuple[Hall, asyncio.Event]):
    hall, _ = slow
    client = Client(["a guess"], [])
    connecting = asyncio.create_task(hall.connect(client=client))
    await until(lambda: client.asked)
    await asyncio.wait_for(hall.door.close(), 5)
    await asyncio.wait([connecting])
    assert isinstance(connecting.exception(), asyncssh.Error | OSError)


@pytest.mark.parametrize("seed", range(8))
async def test_bytes_that_make_no_sense_end_their_own_connection_only(open_hall: OpenHall, seed: int):
    hall = await open_hall(rules=FORGIVING, per_source=100)
    hall.gate.account("alice", allow="127.0.0.1")
    chance = random.Random(seed)
    await asyncio.gather(*(_misbehave(hall, chance.randbytes(chance.randrange(1, 3000)), chance) for _ in range(40)))
    await hall.seen_off()
    connection, _ = await hall.connect()
    connection.close()
    hall.log.failures[:] = [line for line in hall.log.failures if line[0] != "connection.crashed"]


async def _misbehave(hall: Hall, junk: bytes, chance: random.Random) -> None:
    """Begin as SSH does, change some bytes, and send on."""
    start = b"SSH-2.0-x\r\n" + struct.pack(">IB", 300, 4) + b"\x14" + bytes(16)
    mutated = bytearray(chance.choice([start, b"", start[:11]]) + junk)
    for _ in range(chance.randrange(4)):
        mutated[chance.randrange(len(mutated))] = chance.randrange(256)
    reader, writer = await hall.dial()
    try:
        writer.write(bytes(mutated))
        writer.write_eof()
        await asyncio.wait_for(reader.read(), 10)
    except OSError:
        pass
    finally:
        writer.close()


@pytest.mark.parametrize("kind", [1, 3, 5, 6, 7, 21, 30, 50, 51, 52, 53, 60, 61, 80, 81, 90, 91, 93, 94, 98, 255])
async def test_no_message_before_the_sign_on_opens_anything(open_hall: OpenHall, kind: int):
    hall = await open_hall(rules=FORGIVING)
    hall.gate.account("alice", allow="127.0.0.1")

    class Strange(Flooding):
        def flood(self) -> None:
            for filler in (b"", bytes(4), String("session") + bytes(12), String("ssh-connection")):
                asyncssh.SSHClientConnection.send_packet(self.conn, kind, filler)

        def begin_auth(self, username: str) -> None:
            self.conn._auth_complete = True  # noqa: SLF001  (else its own library would keep the message back)
            super().begin_auth(username)

    with pytest.raises((asyncssh.Error, OSError)):
        await hall.connect(client=Strange([]))
    await hall.seen_off()
    assert hall.events(Action.SIGNON_ADMITTED) == []
    connection, _ = await hall.connect()
    connection.close()


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
