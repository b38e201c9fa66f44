"""What our connection does that the library's does not, seen on the wire."""

from typing import Any

import asyncssh
import pytest
from asyncssh.packet import String

from mft.sftp.transport.connection import SIGNATURES, fingerprint_of, is_signed
from mft.store.engine import Store
from tests.support.gate import build_gate
from tests.support.hall import Client, Hall, leave, open_hall, until

IGNORE, USERAUTH_FAILURE = 2, 51
ALGORITHMS = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"]
KEYS = {algorithm: asyncssh.generate_private_key(algorithm) for algorithm in ALGORITHMS}


@pytest.fixture
async def hall(store: Store) -> Any:
    made = await open_hall(build_gate(store))
    made.gate.account("alice", allow="127.0.0.1")
    yield made
    await made.door.close()
    made.gate.offload.close()
    assert made.log.failures == []


class Counting(Client):
    """Counts the kinds of messages it gets."""

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        self.kinds: list[int] = []
        conn.log_received_packet = lambda kind, *_: self.kinds.append(kind)  # type: ignore[method-assign]


async def test_no_packet_is_sent_to_be_ignored(hall: Hall):
    client = Counting(["quiet harbour 91 lanterns"], [])
    connection, _ = await hall.connect(client=client)
    sftp = await connection.start_sftp_client()
    for _ in range(20):
        await sftp.realpath("/")
    await leave(connection)
    assert client.kinds
    assert IGNORE not in client.kinds


async def test_signing_on_reads_no_option_anew(hall: Hall, monkeypatch: pytest.MonkeyPatch):
    """Once for the connection, of loaded keys; asyncssh alone does it again at the first request."""
    made: list[bool] = []
    original = asyncssh.SSHServerConnectionOptions.construct

    async def construct(*args: Any, **kwargs: Any) -> Any:
        made.append(bool(kwargs.get("reload")))
        return await original(*args, **kwargs)

    monkeypatch.setattr(asyncssh.SSHServerConnectionOptions, "construct", construct)
    connection, _ = await hall.connect()
    await leave(connection)
    assert made == [False]


async def test_what_a_client_does_not_take_is_told_as_backlog(hall: Hall):
    connection, _ = await hall.connect()
    await until(hall.door._live.guests)  # noqa: SLF001
    [guest] = hall.door._live.guests()  # noqa: SLF001
    server = guest.keeper.connection
    assert server is not None
    assert server.backlog() == 0
    connection._transport.pause_reading()  # type: ignore[union-attr]  # noqa: SLF001
    for _ in range(400):
        server.send_debug("x" * 30_000)
    assert server.backlog() > 1 << 20
    connection._transport.resume_reading()  # type: ignore[union-attr]  # noqa: SLF001
    await until(lambda: server.backlog() == 0)
    await leave(connection)
    await until(lambda: not hall.door._live.guests())  # noqa: SLF001
    assert server.backlog() == 0


async def test_a_class_put_in_place_is_ours_on_every_connection_and_channel(hall: Hall):
    connection, _ = await hall.connect()
    await connection.start_sftp_client()
    [guest] = hall.door._live.guests()  # noqa: SLF001
    server = guest.keeper.connection
    assert server is not None
    assert server.channels() == 1
    assert server.serves()
    await leave(connection)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_fingerprint_is_the_one_that_people_compare(algorithm: str):
    key = KEYS[algorithm]
    assert fingerprint_of(key.public_data) == key.get_fingerprint()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_signature_counts_for_its_message_and_its_key_only(algorithm: str):
    key = KEYS[algorithm]
    name = b"rsa-sha2-256" if algorithm == "ssh-rsa" else algorithm.encode()
    signature = key.sign(b"message", name)
    assert is_signed(key.public_data, b"message", signature)
    assert not is_signed(key.public_data, b"another", signature)
    assert not is_signed(KEYS["ssh-ed25519"].public_data, b"message", signature) or algorithm == "ssh-ed25519"
    assert not is_signed(key.public_data, b"message", signature[:-1] + bytes([signature[-1] ^ 1]))


def test_an_rsa_signature_with_sha1_does_not_count():
    key = KEYS["ssh-rsa"]
    signature = key.sign(b"message", b"ssh-rsa")
    assert key.convert_to_public().verify(b"message", signature)
    assert not is_signed(key.public_data, b"message", signature)


@pytest.mark.parametrize(
    ("key_data", "signature"),
    [(b"", b""), (b"junk", b"junk"), (String("ssh-ed25519") + String(b"short"), String("ssh-ed25519") + String(b""))],
)
def test_what_is_no_key_or_no_signature_proves_nothing(key_data: bytes, signature: bytes):
    assert not is_signed(key_data, b"message", signature)


def test_the_signatures_taken_are_the_ones_offered():
    assert set(SIGNATURES) == {
        "ssh-ed25519",
        *(f"ecdsa-sha2-nistp{bits}" for bits in (256, 384, 521)),
        "rsa-sha2-256",
        "rsa-sha2-512",
    }
