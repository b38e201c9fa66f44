"""How a caller's attempts to sign on reach us: one at a time, each answered before the next is read.

asyncssh 2.24.1 cannot tell a question about a key from a signed attempt, cancels an attempt when the
next one arrives, reads host keys anew at every sign-on, and makes a task of what waits for nothing.
"""

import inspect
from collections import OrderedDict
from collections.abc import Coroutine
from typing import Any, Final

import asyncssh
from asyncssh.constants import MSG_USERAUTH_FAILURE
from asyncssh.packet import Boolean, NameList, SSHPacket, String

from mft.sftp.transport.keeper import METHODS, Keeper, too_many
from mft.sftp.transport.quiet import Quiet
from mft.sftp.transport.signatures import fingerprint_of, is_signed

_USERAUTH: Final = b"ssh-userauth"


class Attempts(Quiet):
    """A server connection whose sign-on is ours."""

    _keeper: Keeper
    _name: str | None = None
    """The user name of the first request; RFC 4252, 5 lets a server insist on it."""
    _queries_left: int
    _remaining: tuple[str, ...] = METHODS
    _partial: bool = False

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

    def process_packet(self, pkttype: int, pktid: int, packet: SSHPacket) -> Any:
        """Treat a packet, and return what has to be done before the next one is: an attempt to sign on.

        asyncssh would cancel it for the next request, and an attempt that is never finished is never counted.
        """
        treated = super().process_packet(pkttype, pktid, packet)
        if not inspect.iscoroutine(treated):
            return treated
        at_once(treated)
        return self._auth.task if self._auth is not None else True

    async def _finish_userauth(self, begin_auth: bool, method: bytes, packet: SSHPacket) -> None:  # noqa: FBT001
        if self._name is None:
            self._name = self._username
        elif self._name != self._username:
            raise asyncssh.ProtocolError("The user name may not change")
        if method.decode("ascii", "replace") not in METHODS:
            self._count_query()
        await super()._finish_userauth(begin_auth, method, packet)
        # paramiko asks for the service anew before each attempt; asyncssh expects it once.
        self._next_service = _USERAUTH

    def _count_query(self) -> None:
        self._queries_left -= 1
        if self._queries_left < 0:
            raise too_many("Too many requests that attempt nothing")


def at_once(work: Coroutine[Any, Any, Any]) -> None:
    """Do *work*, which waits for nothing, where it stands.  Raises RuntimeError if it would wait."""
    try:
        work.send(None)
    except StopIteration:
        return
    work.close()
    raise RuntimeError(f"what takes no time would wait: {work}")
