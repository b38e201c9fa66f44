"""Our hold on asyncssh's server connection: the one file that touches its private names.

asyncssh 2.24.1 cannot tell a question about a key from a signed attempt, cancels an attempt when the
next one arrives, gathers input without end meanwhile, reads host keys anew at every sign-on, and
sends a packet to be ignored before each of its own.  ``adopt`` makes a connection ours by giving it
this class.  Every assumption about the library has a test that fails by name
(tests/sftp/transport/test_assumptions.py).
"""

import asyncio
from base64 import b64encode
from collections import OrderedDict
from hashlib import sha256
from typing import Any, Final, Protocol, Self

import asyncssh
from asyncssh.constants import MSG_IGNORE, MSG_USERAUTH_FAILURE
from asyncssh.packet import Boolean, NameList, PacketDecodeError, SSHPacket, String
from asyncssh.public_key import KeyImportError, decode_ssh_public_key

METHODS: Final = ("publickey", "password")
"""What every refused caller may try again, whoever they say they are."""

SIGNATURES: Final = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
"""What a user's signature may be made with.  asyncssh would take SHA-1 from an RSA key."""

MAX_WAITING_INPUT: Final = 1 << 20
"""Bytes that may wait before the sign-on; asyncssh never stops reading and never drops any."""

_USERAUTH: Final = b"ssh-userauth"

_HONOURED: Final = frozenset({"subsystem", "signal"})
"""What may be asked for on a channel; SFTP and scp need no more."""


class Keeper(Protocol):
    """Who answers for a connection: mft.sftp.front.auth.  *fingerprint* is ``SHA256:…``."""

    async def key_known(self, fingerprint: str) -> bool:
        """Return whether a signature by that key is worth making.  Leaves no trace."""
        ...

    async def signed_key(self, fingerprint: str | None) -> bool:
        """Return whether the caller, who proved to hold that key, comes in; None: the proof was wrong."""
        ...


class Connection(asyncssh.SSHServerConnection):
    """A server connection whose sign-on is ours."""

    _keeper: Keeper
    _name: str | None = None
    """The user name of the first request; RFC 4252, 5 lets a server insist on it."""
    _queries_left: int
    _remaining: tuple[str, ...] = METHODS
    _partial: bool = False

    @classmethod
    def adopt(cls, connection: asyncssh.SSHServerConnection, keeper: Keeper, queries: int) -> Self:
        """Make *connection*, which has just been made, one of ours and return it.

        *keeper* answers for it; *queries* requests that attempt nothing are answered.
        """
        connection.__class__ = cls
        assert isinstance(connection, cls)  # noqa: S101  (for the type checker: the line above made it so)
        connection.answer_to(keeper, queries)
        return connection

    def answer_to(self, keeper: Keeper, queries: int) -> None:
        """Let *keeper* answer from now on; *queries* requests that attempt nothing are left."""
        self._keeper = keeper
        self._queries_left = queries
        # With an RSA host key asyncssh offers to sign with SHA-1, whatever its options say.
        keys = [(name, key) for name, key in self._server_host_keys.items() if name != b"ssh-rsa"]
        self._server_host_keys = OrderedDict(keys)
        self._server_host_key_algs = list(self._server_host_keys)

    def also_needs(self, method: str) -> None:
        """Make the next failure a partial success (RFC 4252, 5.1) after which only *method* goes on."""
        self._remaining = (method,)
        self._partial = True

    def backlog(self) -> int:
        """Return how many bytes wait for the socket; each channel tells by itself what waits for its window."""
        return self._transport.get_write_buffer_size() if self._transport else 0

    def channels(self) -> int:
        """Return how many channels are open."""
        return len(self._channels)

    def serves(self) -> bool:
        """Return whether any channel has come so far as to ask for a subsystem."""
        return any(isinstance(c, Channel) and c.get_subsystem() is not None for c in self._channels.values())

    async def reload_config(self) -> None:
        """Read nothing anew: by path, host keys would cost 125 ms of each sign-on, before it is decided."""

    async def validate_public_key(self, username: str, key_data: bytes, msg: bytes, signature: bytes) -> bool:  # noqa: ARG002
        """Answer a question about a key, or a signed attempt.  A certificate is no key on anybody's list."""
        fingerprint = fingerprint_of(key_data)
        if not msg:
            self._count_query()
            return await self._keeper.key_known(fingerprint)
        signed = is_signed(key_data, String(self._session_id) + msg, signature)
        return await self._keeper.signed_key(fingerprint if signed else None)

    def send_userauth_failure(self, partial_success: bool) -> None:  # noqa: ARG002, FBT001  (asyncssh's signature)
        """Refuse, or say what is missing; the methods are the same for every name."""
        partial, self._partial = self._partial, False
        self._auth = None
        methods = NameList([method.encode("ascii") for method in self._remaining])
        self.send_packet(MSG_USERAUTH_FAILURE, methods, Boolean(partial))

    def send_packet(self, pkttype: int, *args: bytes, handler: Any = None) -> None:
        """Send a packet, and none to be ignored before it: those hide a CBC weakness, and CBC is not offered."""
        if pkttype != MSG_IGNORE:
            super().send_packet(pkttype, *args, handler=handler)

    def data_received(self, data: bytes, datatype: int | None = None) -> None:
        """Take input; before the sign-on only so much of it."""
        super().data_received(data, datatype)
        if not self._auth_complete and len(self._inpbuf) > MAX_WAITING_INPUT:
            self._force_close(asyncssh.ProtocolError("Too much input before authentication"))

    def create_server_channel(
        self, encoding: str | None = "", errors: str = "", window: int = 0, max_pktsize: int = 0
    ) -> "Channel":
        """Return a channel that is one of ours."""
        channel = super().create_server_channel(encoding, errors, window, max_pktsize)
        channel.__class__ = Channel
        assert isinstance(channel, Channel)  # noqa: S101  (for the type checker: the line above made it so)
        return channel

    async def _finish_userauth(self, begin_auth: bool, method: bytes, packet: SSHPacket) -> None:  # noqa: FBT001
        if self._name is None:
            self._name = self._username
        elif self._name != self._username:
            raise asyncssh.ProtocolError("The user name may not change")
        if method.decode("ascii", "replace") not in METHODS:
            self._count_query()
        await super()._finish_userauth(begin_auth, method, packet)
        # Until it is answered nothing more is read: asyncssh would cancel it for the next request,
        # and an attempt that is never finished is never counted.
        if self._auth is not None and self._auth.task is not None:
            await asyncio.wait([self._auth.task])
        if not self._auth_complete:
            # paramiko asks for the service anew before each attempt; asyncssh expects it once.
            self._next_service = _USERAUTH

    def _count_query(self) -> None:
        self._queries_left -= 1
        if self._queries_left < 0:
            raise too_many("Too many requests that attempt nothing")


class Channel(asyncssh.SSHServerChannel[bytes]):
    """A session channel that opens a subsystem and nothing else."""

    def _service_next_request(self) -> None:
        # RFC 4254, 6.2 to 6.9: no terminal, environment, shell, command or agent.
        if self._request_queue[0][0] in _HONOURED:
            super()._service_next_request()
        else:
            self._report_response(False)


def too_many(reason: str) -> asyncssh.DisconnectError:
    """Return what ends a connection that tried too often."""
    return asyncssh.DisconnectError(asyncssh.DISC_NO_MORE_AUTH_METHODS_AVAILABLE, reason)


def fingerprint_of(key_data: bytes) -> str:
    """Return the fingerprint of an encoded public key, as ``ssh-keygen -l`` prints it."""
    return "SHA256:" + b64encode(sha256(key_data).digest()).rstrip(b"=").decode("ascii")


def is_signed(key_data: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether *signature* of *message* was made by that key, with an algorithm that we take."""
    try:
        algorithm = SSHPacket(signature).get_string().decode("ascii", "replace")
        return algorithm in SIGNATURES and decode_ssh_public_key(key_data).verify(message, signature)
    except (KeyImportError, PacketDecodeError):
        return False
