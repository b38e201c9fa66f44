"""Callers who break the rules before signing on: what they do hurts their own connection and nobody else's."""

import asyncio
import random
import struct
from datetime import timedelta
from typing import Any

import asyncssh
import pytest
from asyncssh.packet import Boolean, String, UInt32

from mft.model.event import Action
from mft.policy.penalties import PenaltyRules
from mft.sftp.transport.connection import MAX_WAITING_INPUT
from tests.support.gate import SECRET, build_gate
from tests.support.hall import LOOPBACK, Client, Hall, OpenHall, until

USERAUTH_REQUEST = 50
FORGIVING = PenaltyRules(exempt=(LOOPBACK,))


def attempt(name: str, password: str) -> bytes:
    """Return a password attempt without its message number, RFC 4252, 8."""
    return String(name) + String("ssh-connection") + String("password") + Boolean(False) + String(password)


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


async def test_an_attempt_behind_a_goodbye_is_not_made(hall: Hall):
    class Leaving(Flooding):
        def flood(self) -> None:
            self.conn.send_packet(1, UInt32(11) + String("bye") + String(""))
            super().flood()

    with pytest.raises((asyncssh.Error, OSError)):
        await hall.connect(client=Leaving([attempt("alice", SECRET)]))
    await hall.seen_off()
    assert hall.gate.passwords.compared == 0


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


@pytest.mark.parametrize(
    "cut", [attempt("alice", SECRET)[:-1], String("alice"), b""], ids=["in the password", "after the name", "at once"]
)
async def test_a_request_cut_short_is_the_callers_fault_and_no_crash(hall: Hall, cut: bytes):
    with pytest.raises(asyncssh.Error):
        await hall.connect(client=Flooding([cut]))
    await hall.seen_off()
    assert "connection.cut" in [event for event, _ in hall.log.lines]
    assert hall.log.failures == []


@pytest.mark.parametrize("seed", range(8))
async def test_bytes_that_make_no_sense_end_their_own_connection_only(open_hall: OpenHall, seed: int):
    hall = await open_hall(rules=FORGIVING, per_source=100)
    hall.gate.account("alice", allow="127.0.0.1")
    chance = random.Random(seed)
    await asyncio.gather(*(_misbehave(hall, chance.randbytes(chance.randrange(1, 3000)), chance) for _ in range(40)))
    await hall.seen_off()
    connection, _ = await hall.connect()
    connection.close()


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
