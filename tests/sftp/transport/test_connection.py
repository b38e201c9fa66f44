"""What our connection does that the library's does not, seen on the wire."""

import asyncio
from typing import Any

import asyncssh
import pytest

from mft.sftp.transport.connection import LOST
from tests.support.hall import Client, Hall, leave, until

IGNORE, USERAUTH_FAILURE = 2, 51


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
    """They are prepared once for all; asyncssh alone does it for each connection, and at its first request again."""
    made: list[bool] = []
    original = asyncssh.SSHServerConnectionOptions.construct

    async def construct(*args: Any, **kwargs: Any) -> Any:
        made.append(bool(kwargs.get("reload")))
        return await original(*args, **kwargs)

    monkeypatch.setattr(asyncssh.SSHServerConnectionOptions, "construct", construct)
    connection, _ = await hall.connect()
    await leave(connection)
    assert made == []


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
    assert server.backlog() == LOST


async def test_a_class_put_in_place_is_ours_on_every_connection_and_channel(hall: Hall):
    connection, _ = await hall.connect()
    await connection.start_sftp_client()
    [guest] = hall.door._live.guests()  # noqa: SLF001
    server = guest.keeper.connection
    assert server is not None
    assert server.channels() == 1
    assert server.serves()
    await leave(connection)


async def test_who_breaks_the_protocol_before_signing_on_is_told_so(hall: Hall):
    reader, writer = await asyncio.open_connection("127.0.0.1", hall.port)
    writer.write(b"SSH-2.0-crooked\r\n" + b"\xff" * 16)
    said = await asyncio.wait_for(reader.read(-1), 10)
    writer.close()
    assert b"Max packet size exceeded" in said


class Leaving(Client):
    """Keeps what ended its connection."""

    lost: Exception | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = exc


async def test_who_breaks_the_protocol_after_signing_on_is_told_so(hall: Hall):
    client = Leaving(["quiet harbour 91 lanterns"], [])
    connection, _ = await hall.connect(client=client)
    connection._transport.write(b"\0" * 64)  # type: ignore[union-attr]  # noqa: SLF001  (no client of its own would)
    await connection.wait_closed()
    assert isinstance(client.lost, asyncssh.MACError)


async def test_what_one_input_leads_to_goes_out_at_once(hall: Hall, monkeypatch: pytest.MonkeyPatch):
    """The reply of the key exchange, the new keys and what is told behind them are one send, not three."""
    sent: list[int] = []
    emit = asyncssh.SSHServerConnection._send  # noqa: SLF001  (the way of every byte)

    def send(connection: asyncssh.SSHServerConnection, data: bytes) -> None:
        if data:
            sent.append(len(data))
        emit(connection, data)

    monkeypatch.setattr(asyncssh.SSHServerConnection, "_send", send)
    connection, _ = await hall.connect()
    await leave(connection)
    # Version, key exchange, its reply with all behind it, the service, and the answers to none and to the password.
    assert len(sent) == 6
