"""What we take for granted about asyncssh's insides, one test each.

When one fails after an upgrade, its name says what mft/sftp/transport/ has to learn.
"""
# ruff: noqa: SLF001  (private names are what this file is about)

import asyncio
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from asyncssh import auth, channel, connection, encryption, kex, packet, public_key
from asyncssh.constants import (
    MSG_CHANNEL_DATA,
    MSG_CHANNEL_WINDOW_ADJUST,
    MSG_IGNORE,
    MSG_KEXINIT,
    MSG_USERAUTH_BANNER,
    MSG_USERAUTH_FAILURE,
    MSG_USERAUTH_REQUEST,
)
from asyncssh.saslprep import SASLPrepError, saslprep

from mft.sftp.front.auth import Keeper
from mft.sftp.front.options import KEY_EXCHANGES
from mft.sftp.transport.connection import Channel, Connection

Server = asyncssh.SSHServerConnection
ServerChannel = asyncssh.SSHServerChannel


def source(function: Callable[..., Any]) -> str:
    return inspect.getsource(function)


def arguments(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)


@pytest.mark.parametrize(
    ("ours", "theirs"), [(Connection, Server), (Channel, ServerChannel)], ids=["connection", "channel"]
)
def test_a_class_can_be_put_in_place_of_the_librarys(ours: type, theirs: type):
    made = theirs.__new__(theirs)
    made.__class__ = ours
    assert isinstance(made, ours)
    assert issubclass(ours, theirs)


def test_the_owner_hears_of_a_connection_before_anything_is_sent():
    body = source(Server.connection_made)
    assert body.index("self._owner.connection_made(self)") < body.index("self._send_version()")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("reload_config", ["self"]),
        ("validate_public_key", ["self", "username", "key_data", "msg", "signature"]),
        ("send_userauth_failure", ["self", "partial_success"]),
        ("process_packet", ["self", "pkttype", "pktid", "packet"]),
        ("send_packet", ["self", "pkttype", "args", "handler"]),
        ("data_received", ["self", "data", "datatype"]),
        ("create_server_channel", ["self", "encoding", "errors", "window", "max_pktsize"]),
        ("_finish_userauth", ["self", "begin_auth", "method", "packet"]),
        ("send_auth_banner", ["self", "msg", "lang"]),
        ("send_newkeys", ["self", "k", "h"]),
        ("resume_writing", ["self"]),
        ("_send", ["self", "data"]),
        ("_force_close", ["self", "exc"]),
        ("_finish_recv_packet", ["self", "pkttype", "seq", "_task", "is_async"]),
        ("_send_kexinit", ["self"]),
        ("_process_kexinit", ["self", "_pkttype", "_pktid", "packet"]),
    ],
)
def test_what_we_override_is_called_as_we_think(name: str, expected: list[str]):
    assert arguments(getattr(Server, name)) == expected


@pytest.mark.parametrize("module", ["auth", "channel", "connection", "kex_dh"])
def test_a_connection_tells_its_log_nothing_that_may_not_be_dropped(module: str):
    said = set(re.findall(r"logger\.(\w+)", (Path(asyncssh.__file__).parent / f"{module}.py").read_text()))
    assert said <= {"get_child", "debug1", "debug2", "info"}


def test_the_channels_requests_pass_one_place():
    assert arguments(ServerChannel._service_next_request) == ["self"]
    assert "request, packet, _ = self._request_queue[0]" in source(ServerChannel._service_next_request)
    assert arguments(ServerChannel._report_response) == ["self", "result"]
    assert "self._service_next_request()" in source(ServerChannel._process_request)


def test_a_connection_keeps_its_state_under_the_names_we_use():
    made = server_connection()
    expected: dict[str, Any] = {
        "_inpbuf": b"",
        "_auth": None,
        "_auth_complete": False,
        "_username": "",
        "_session_id": b"",
        "_transport": None,
        "_channels": {},
        "_recv_seq": 0,
        "_send_seq": 0,
        "_recv_encryption": None,
        "_send_encryption": None,
        "_next_recv_encryption": None,
        "_kex_complete": False,
        "_rekey_bytes_sent": 0,
    }
    assert {name: getattr(made, name) for name in expected} == expected
    assert made._server_host_key_algs == list(made._server_host_keys) == [b"ssh-ed25519"]


def test_a_user_auth_request_is_finished_by_the_method_we_override():
    body = source(Server._process_userauth_request)
    assert "return self._finish_userauth(begin_auth, method, packet)" in body
    assert body.index("self._username = username") < body.index("self._finish_userauth(")
    assert Server._packet_handlers[MSG_USERAUTH_REQUEST] is Server._process_userauth_request


def test_a_service_is_accepted_if_it_is_the_next_one():
    body = source(Server._process_service_request)
    assert "if service != self._next_service:" in body
    assert "self._next_service = None" in body


def test_nothing_is_read_while_a_request_is_being_finished():
    body = source(Server._recv_packet)
    assert "self._recv_handler = lambda: False" in body
    assert "_finish_recv_packet" in body


def test_nothing_but_a_key_exchange_and_an_attempt_is_treated_by_a_coroutine():
    handlers = Server._packet_handlers.values()
    assert [handler for handler in handlers if inspect.iscoroutinefunction(handler)] == [Server._process_kexinit]
    returning = [handler for handler in handlers if "return self._finish" in source(handler)]
    assert returning == [Server._process_userauth_request]


def test_beginning_a_key_exchange_waits_for_nothing():
    """Everything awaited in it, for each method that is offered: attempts.Attempts.process_packet does it at once."""
    assert re.findall(r"await (.+)", source(Server._process_kexinit)) == ["self._kex.start()"]
    for name in KEY_EXCHANGES:
        handler, *_ = kex._kex_handlers[name.encode("ascii")]
        body = source(handler.start)
        assert "await" not in body or "if self._conn.is_client()" in body.split("await")[0]


def test_finding_the_handler_of_an_attempt_waits_for_nothing():
    """But for an owner who says so in ``begin_auth``, which ours does not."""
    awaited = re.findall(r"await (.+)", source(Server._finish_userauth))
    assert [words.split("(")[0].split(",")[0] for words in awaited] == ["cast", "cast", "self.send_userauth_success"]
    assert not inspect.iscoroutinefunction(Keeper.begin_auth)


def test_what_is_awaited_before_the_next_packet_may_be_a_task():
    body = source(Server._recv_packet)
    assert "if inspect.isawaitable(result):" in body
    assert "task = self.create_task(result)" in body
    assert "asyncio.ensure_future(coro)" in source(Server.create_task)


def test_the_handler_of_an_attempt_has_its_task():
    assert "self._auth = lookup_server_auth(" in source(Server._finish_userauth)
    assert isinstance(inspect.getattr_static(auth.Auth, "task"), property)


def test_an_unsigned_question_about_a_key_comes_with_an_empty_message():
    body = source(auth._ServerPublicKeyAuth._start)
    assert "msg = b''" in body
    assert "self._conn.validate_public_key(self._username, key_data," in body


def test_a_signed_message_lacks_the_session_id():
    assert "key.verify(String(self._session_id) + msg, signature)" in source(Server.validate_public_key)


def test_a_host_key_is_offered_and_chosen_by_the_names_we_thin_out():
    assert "self._server_host_keys.get(alg)" in source(Server.choose_server_host_key)
    assert "host_key_algs = self._server_host_key_algs or [b'null']" in source(Server._send_kexinit)


def test_every_failure_is_sent_by_the_method_we_override():
    assert "self._conn.send_userauth_failure(" in source(auth.ServerAuth.send_failure)
    assert "conn.send_userauth_failure(False)" in source(auth.lookup_server_auth)
    senders = [line for line in inspect.getsource(connection).splitlines() if "MSG_USERAUTH_FAILURE," in line]
    assert len([line for line in senders if "send_packet" in line]) == 1


def test_a_password_change_is_asked_for_by_an_exception():
    assert "except PasswordChangeRequired as exc" in source(auth._ServerPasswordAuth._start)
    assert "exc.prompt" in source(auth._ServerPasswordAuth._start)


def test_a_method_without_a_handler_is_a_failure_like_any_other():
    assert not auth._ServerNullAuth.supported(server_connection())


def test_ignore_packets_are_sent_through_the_method_we_override():
    assert "self.send_packet(MSG_IGNORE, String(b''))" in source(Server.send_packet)


def test_the_numbers_of_the_messages_are_the_standards():
    assert (MSG_IGNORE, MSG_KEXINIT) == (2, 20)
    assert (MSG_USERAUTH_REQUEST, MSG_USERAUTH_FAILURE, MSG_USERAUTH_BANNER) == (50, 51, 53)
    assert (MSG_CHANNEL_WINDOW_ADJUST, MSG_CHANNEL_DATA) == (93, 94)


def test_what_was_read_before_a_connection_was_given_up_is_forgotten_before_it_is_understood():
    body = source(Server._force_close)
    assert "self._transport = None" in body
    assert "self._loop.call_soon(self._cleanup, exc)" in body
    assert "self._inpbuf = b''" in source(connection.SSHConnection._cleanup)
    assert "self._owner = None" in source(connection.SSHConnection._cleanup)
    assert "if not self._owner" in source(Server._finish_userauth)


def test_the_options_accept_a_keeper_of_each_connection_own():
    assert "server_factory" in inspect.signature(asyncssh.SSHServerConnectionOptions.prepare).parameters
    assert "SSHServerConnection(loop, new_options, wait='auth')" in source(asyncssh.run_server)


def test_a_login_timeout_of_nothing_starts_no_timer():
    assert server_connection()._login_timer is None


def test_names_and_passwords_are_prepared_before_we_see_them():
    assert "saslprep(" in source(Server._process_userauth_request)
    assert "saslprep(" in source(auth._ServerPasswordAuth._start)


def test_a_key_verifies_with_more_algorithms_than_we_take():
    """Else our own list of signatures would be needless."""
    key = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
    assert b"ssh-rsa" in key.all_sig_algorithms
    assert callable(public_key.decode_ssh_public_key)


def test_strings_lists_and_flags_are_written_as_in_the_standard():
    assert packet.String(b"ab") == b"\0\0\0\2ab"
    assert packet.NameList([b"a", b"b"]) == b"\0\0\0\3a,b"
    assert packet.Boolean(True) == b"\1"
    assert packet.UInt32(258) == b"\0\0\1\2"


def test_what_is_cut_short_or_no_key_is_a_value_error_of_its_own():
    with pytest.raises(packet.PacketDecodeError):
        packet.SSHPacket(b"\0\0\0\5ab").get_string()
    with pytest.raises(public_key.KeyImportError):
        public_key.decode_ssh_public_key(packet.String(b"ssh-nonsense"))
    assert issubclass(packet.PacketDecodeError, ValueError)
    assert issubclass(public_key.KeyImportError, ValueError)


def test_a_password_is_prepared_or_refused_by_its_characters():
    assert saslprep("a\u00adb") == "ab"
    with pytest.raises(SASLPrepError):
        saslprep("a\x07")


def test_a_channel_tells_its_subsystem_and_what_waits():
    for name in ("get_subsystem", "get_write_buffer_size", "is_closing"):
        assert callable(getattr(channel.SSHServerChannel, name))


def test_a_packet_is_read_by_two_handlers_in_turn_and_a_slow_one_holds_the_next_up():
    assert server_connection()._recv_handler.__name__ == "_recv_version"
    assert "self._recv_handler = self._recv_packet" in source(Server._recv_pkthdr)
    assert "self._recv_handler = self._recv_pkthdr" in source(Server._finish_recv_packet)
    assert "while self._inpbuf and self._recv_handler():" in source(Server._recv_data)


def test_a_packet_is_opened_by_one_call_that_says_none_when_it_was_tampered_with():
    body = source(Server._recv_packet)
    assert "self._recv_encryption.decrypt_packet(" in body
    assert "raise MACError(" in body
    assert arguments(encryption.GCMEncryption.decrypt_packet) == ["self", "seq", "first", "rest", "header_len", "mac"]
    assert arguments(encryption.GCMEncryption.decrypt_header) == ["self", "seq", "first_block", "header_len"]
    assert arguments(encryption.GCMEncryption.encrypt_packet) == ["self", "seq", "header", "packet"]


def test_the_librarys_cipher_says_its_key_and_where_its_counter_stands():
    made = encryption.get_encryption(b"aes128-gcm@openssh.com", b"k" * 16, b"i" * 12)
    assert isinstance(made, encryption.GCMEncryption)
    assert (made._cipher._key, made._cipher._iv) == (b"k" * 16, b"i" * 12)
    made.encrypt_packet(0, b"\0\0\0\x10", bytes(16))
    assert made._cipher._iv == b"iiii" + (int.from_bytes(b"i" * 8, "big") + 1).to_bytes(8, "big")


def test_keys_change_when_the_messages_say_so():
    assert "self._send_encryption = next_enc_sc" in source(Server.send_newkeys)
    assert "self._next_recv_encryption = next_enc_cs" in source(Server.send_newkeys)
    assert "self._recv_encryption = self._next_recv_encryption" in source(Server._process_newkeys)


def test_a_key_exchange_is_due_by_what_was_sent_and_by_time():
    body = source(Server.send_packet)
    assert "self._rekey_bytes_sent >= self._rekey_bytes" in body
    assert "time.monotonic() >= self._rekey_time" in body
    assert "self._rekey_bytes_sent += pktlen" in body


def test_an_offer_may_be_made_when_the_others_has_come():
    received = source(Server._recv_version)
    assert "self._send_kexinit()\n            self._kexinit_sent = True" in received
    processed = source(Server._process_kexinit)
    asked = processed.index("if self._kexinit_sent:")
    assert asked < processed.index("self._send_kexinit()") < processed.index("self._enc_algs")
    sent = source(Server._send_kexinit)
    assert "enc_algs = NameList(self._enc_algs)" in sent
    assert "self._server_kexinit = packet" in sent
    assert server_connection()._server_kexinit == b""
    assert Server._packet_handlers[MSG_KEXINIT] is Server._process_kexinit
    assert Connection._packet_handlers[MSG_KEXINIT] is Connection._process_kexinit


def test_everything_that_is_sent_passes_one_place():
    assert "self._send(packet + mac)" in source(Server.send_packet)
    writers = [line for line in inspect.getsource(connection.SSHConnection).splitlines() if "_transport.write(" in line]
    assert len(writers) == 1


def test_a_channel_counts_what_it_may_send_and_what_the_peer_may():
    taking = (ServerChannel._accept_data, ServerChannel._deliver_data, ServerChannel._process_data)
    body = "".join(map(source, taking))
    for said in (
        "if self._recv_state != 'open':",
        "if datalen > self._recv_window:",
        "if self._send_state in {'close_pending', 'closed'}:",
        "self._recv_window -= len(data)",
        "if self._recv_paused:",
        "if self._recv_window < self._init_recv_window / 2:",
    ):
        assert said in body
    flushing = source(ServerChannel._flush_send_buf)
    assert "min(self._send_window, self._send_pktsize)" in flushing
    assert "buf, datatype = self._send_buf[0]" in flushing
    assert "self._send_buf_len -= len(data)" in flushing
    assert "self._flush_send_buf()" in source(ServerChannel._process_window_adjust)


def test_a_cipher_of_ours_is_asked_what_the_librarys_are():
    asked = ("encrypt_packet", "decrypt_header", "decrypt_packet")
    assert all(callable(getattr(encryption.Encryption, name)) for name in asked)
    assert issubclass(encryption.GCMEncryption, encryption.Encryption)
    uses = [line.partition("_encryption.") for line in inspect.getsource(connection.SSHConnection).splitlines()]
    assert {use.partition("(")[0] for _, found, use in uses if found} == set(asked)


def test_a_channel_has_its_number_and_its_session_once_it_is_open_and_none_after_its_end():
    assert "self._send_chan = send_chan" in source(ServerChannel.process_open)
    assert "chan, self._session = self._wrap_session(session)" in source(ServerChannel._finish_open_request)
    cleanup = source(ServerChannel._cleanup)
    assert "self._session = None" in cleanup
    assert "self._conn = None" in cleanup
    assert "self._send_chan = None" in source(ServerChannel._close_send)
    assert "self._send_state = 'closed'" in source(ServerChannel._close_send)


def test_a_broken_connection_says_goodbye_and_is_given_up():
    assert arguments(Server._send_disconnect) == ["self", "code", "reason", "lang"]
    assert arguments(Server._force_close) == ["self", "exc"]
    body = source(Server.data_received) + source(Server._recv_data)
    assert "self._send_disconnect(exc.code, exc.reason, exc.lang)" in body
    assert "self._force_close(exc)" in body
    assert "self.internal_error()" in body


def test_a_sign_of_life_puts_off_the_question_for_one():
    assert "self._reset_keepalive_timer()" in source(Server._recv_data) + source(Server.data_received)
    assert "if self._auth_complete:" in source(Server._reset_keepalive_timer)


def test_keys_become_old_by_a_time_that_may_be_switched_off():
    assert "self._rekey_seconds and" in source(Server.send_packet)
    assert "self._rekey_time = time.monotonic() + self._rekey_seconds" in source(Server._send_kexinit)
    assert isinstance(server_connection()._rekey_seconds, int | float)


def test_a_connection_keeps_its_event_loop():
    assert isinstance(server_connection()._loop, asyncio.AbstractEventLoop)


def test_the_longest_packet_is_known_by_name():
    assert "if self._pktlen > self._max_recv_pktlen:" in source(Server._recv_pkthdr)


def server_connection() -> asyncssh.SSHServerConnection:
    key = asyncssh.generate_private_key("ssh-ed25519")
    options = asyncssh.SSHServerConnectionOptions(server_host_keys=[key], login_timeout=0)
    loop = asyncio.new_event_loop()
    try:
        return asyncssh.SSHServerConnection(loop, options)
    finally:
        loop.close()
