"""A connection begins without asyncssh preparing its options anew, and keeps its steps to itself."""

import inspect
import logging
import socket

import asyncssh
import pytest
from asyncssh import auth, channel, connection
from asyncssh.logging import SSHLogger

from mft.sftp.front.options import Offer, server_options
from mft.sftp.transport import beginning
from mft.sftp.transport.connection import Connection
from mft.sftp.transport.quiet import Quiet, Silence

RSA = asyncssh.generate_private_key("ssh-rsa", key_size=2048)


class Closed(asyncssh.SSHServer):
    """Lets nobody in."""

    def __init__(self) -> None:
        self.connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.connection = conn


def options() -> asyncssh.SSHServerConnectionOptions:
    return server_options([RSA], Offer())


def test_the_library_takes_from_the_options_what_is_set_for_one_connection():
    made = inspect.getsource(connection.SSHConnection.__init__) + inspect.getsource(Connection.__init__)
    assert "options.waiter = loop.create_future()" in inspect.getsource(connection)
    assert "self._protocol_factory = options.protocol_factory" in made
    assert "self._waiter = options.waiter if wait else None" in made
    assert "self._server_host_keys = options.server_host_keys" in made


def test_what_one_client_chooses_to_be_shown_the_host_key_by_is_not_what_another_is():
    usual = options()
    mine, other = (beginning.own_options(usual, Closed) for _ in range(2))
    mine.server_host_keys[b"rsa-sha2-256"].set_sig_algorithm(b"rsa-sha2-256")
    assert mine.server_host_keys[b"rsa-sha2-256"].sig_algorithm == b"rsa-sha2-256"
    for one in (other, usual):
        assert one.server_host_keys[b"rsa-sha2-256"].sig_algorithm != b"rsa-sha2-256"


async def test_a_caller_who_leaves_before_signing_on_is_an_error_and_the_connection_is_closed():
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.close()
    owner = Closed()
    with pytest.raises((OSError, asyncssh.Error)):
        await beginning.serve(ours, options(), lambda: owner)
    assert owner.connection is not None
    assert owner.connection.is_closed()


def test_what_a_connection_its_sign_on_and_its_channels_tell_is_below_a_warning():
    """Else silence would swallow what an operator should know."""
    for module in (connection.SSHConnection, connection.SSHServerConnection, auth, channel):
        body = inspect.getsource(module)
        assert "logger.warning(" not in body
        assert "logger.error(" not in body


def test_silence_drops_what_is_told_by_the_way_and_passes_a_warning(caplog: pytest.LogCaptureFixture):
    silence = Silence().get_child("auth", "conn=1")
    assert {"debug1", "debug2", "packet", "get_child"} <= set(vars(SSHLogger))
    with caplog.at_level(logging.DEBUG):
        silence.info("one")
        silence.debug1("two")
        silence.debug2("three")
        silence.packet(None, b"", "four")
        silence.warning("five")
    assert [record.getMessage() for record in caplog.records] == ["five"]


def test_a_connection_of_ours_tells_nothing_where_the_library_would():
    assert issubclass(Connection, Quiet)
    for name in ("log_sent_packet", "log_received_packet"):
        assert list(inspect.signature(getattr(Quiet, name)).parameters) == list(
            inspect.signature(getattr(connection.SSHConnection, name)).parameters
        )
    assert isinstance(connection.SSHConnection.logger, property)
