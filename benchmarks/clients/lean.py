"""libssh2 without anything around it: a client that costs less than any server it asks."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from ssh2.session import (
    LIBSSH2_METHOD_CRYPT_CS,
    LIBSSH2_METHOD_CRYPT_SC,
    LIBSSH2_METHOD_HOSTKEY,
    LIBSSH2_METHOD_KEX,
    Session,
)
from ssh2.sftp import LIBSSH2_FXF_CREAT, LIBSSH2_FXF_READ, LIBSSH2_FXF_TRUNC, LIBSSH2_FXF_WRITE

from benchmarks.grounds import HOST
from benchmarks.plan import CIPHERS, FIRST
from benchmarks.servers import Server

_TIMEOUT: Final = 60_000  # Milliseconds that one call may take.
_NEW: Final = LIBSSH2_FXF_WRITE | LIBSSH2_FXF_CREAT | LIBSSH2_FXF_TRUNC
_MODE: Final = 0o644


class Line:
    """One SSH connection, from the TCP connection to its end."""

    def __init__(self, server: Server, source: str = "") -> None:
        """Connect, from the address *source* if it is given, and agree upon keys."""
        self._server = server
        self._socket = socket.create_connection((HOST, server.port), 30, (source, 0) if source else None)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.settimeout(None)
        self._session: Any = Session()
        for method, value in (
            (LIBSSH2_METHOD_HOSTKEY, "ssh-ed25519"),
            (LIBSSH2_METHOD_KEX, "curve25519-sha256,curve25519-sha256@libssh.org"),
            (LIBSSH2_METHOD_CRYPT_CS, CIPHERS[FIRST].name),
            (LIBSSH2_METHOD_CRYPT_SC, CIPHERS[FIRST].name),
        ):
            self._session.method_pref(method, value)
        self._session.set_timeout(_TIMEOUT)
        self._session.handshake(self._socket)

    def by_key(self) -> None:
        """Sign on with the key."""
        grounds = self._server.site.grounds
        self._session.userauth_publickey_fromfile(self._server.launch.user, str(grounds.key))

    def by_password(self, name: str, password: str) -> None:
        """Sign on as *name* with a password."""
        self._session.userauth_password(name, password)

    def sftp(self) -> "Files":
        """Open the SFTP subsystem."""
        return Files(self._session.sftp_init())

    def close(self) -> None:
        """End it.  The session goes before the socket: it would write into whatever got its number next."""
        try:
            self._session.disconnect()
        finally:
            del self._session
            self._socket.close()


class Files:
    """SFTP, one request in flight."""

    def __init__(self, sftp: Any) -> None:
        """Take libssh2's SFTP channel."""
        self._sftp = sftp

    def put(self, path: str, content: bytes, *, durable: bool) -> None:
        """Write a new file, and ask for fsync before it is closed if it is to be *durable*."""
        handle = self._sftp.open(path, _NEW, _MODE)
        handle.write(content)
        if durable:
            handle.fsync()
        handle.close()

    def get(self, path: str, size: int) -> bytes:
        """Read a small file."""
        handle = self._sftp.open(path, LIBSSH2_FXF_READ, 0)
        _, content = handle.read(size)
        handle.close()
        return bytes(content)

    def stat(self, path: str) -> None:
        """Ask for a file's attributes."""
        self._sftp.stat(path)

    def rename(self, old: str, new: str) -> None:
        """Rename a file."""
        self._sftp.rename(old, new)

    def mkdir(self, path: str) -> None:
        """Make a folder."""
        self._sftp.mkdir(path, 0o755)

    def names(self, path: str) -> list[str]:
        """List a folder, without the two that stand for itself and the one above."""
        handle = self._sftp.opendir(path)
        found = [bytes(name).decode() for _, name, _ in handle.readdir()]
        handle.close()
        return [name for name in found if name not in {".", ".."}]


@contextmanager
def signed_on(server: Server) -> Iterator[Line]:
    """Give a connection that is signed on with the key."""
    line = Line(server)
    try:
        line.by_key()
        yield line
    finally:
        line.close()


@contextmanager
def visiting(server: Server) -> Iterator[Files]:
    """Give an SFTP session."""
    with signed_on(server) as line:
        files = line.sftp()
        yield files
        del files
