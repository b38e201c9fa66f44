"""Clients of the demonstration: paramiko, an SSH stack that is not ours, and asyncssh's client for one request.

paramiko cannot answer the SSH password-change request, so that one step uses asyncssh, whose client
can.  The host key is compared with the one that the server was set up with.
"""

import asyncio
import logging
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncssh
import paramiko

from mft.model.errors import Unavailable

PATIENCE: Final = 30.0
"""Seconds until a server that says nothing counts as silent."""

_CODE: Final = re.compile(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b")


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server is, and how it proves to be the one."""

    port: int
    host_key: str
    """``SHA256:…``"""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a refused caller sees."""

    banner: str

    @property
    def code(self) -> str:
        """The reference code in the banner; empty when there is none."""
        found = _CODE.search(self.banner)
        return found[0] if found else ""


@contextmanager
def _transport(address: Address) -> Iterator[paramiko.Transport]:
    """Connect and check the host key, before anybody signs on."""
    # paramiko tells every refusal as a traceback of its own; the step says what matters.
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)
    with socket.create_connection(("127.0.0.1", address.port), PATIENCE) as line:
        transport = paramiko.Transport(line)
        try:
            transport.start_client(timeout=PATIENCE)
            seen = transport.get_remote_server_key().fingerprint
            if seen != address.host_key:
                raise Unavailable(f"the server shows host key {seen}, and {address.host_key} was expected")
            yield transport
        finally:
            transport.close()


def refused(address: Address, name: str, password: str) -> Refusal | None:
    """Try to sign on with *password*; return what was shown when it opened nothing, None when it opened."""
    with _transport(address) as transport:
        try:
            transport.auth_password(name, password, fallback=False)
        except paramiko.SSHException:
            return Refusal((transport.get_banner() or b"").decode("utf-8", "replace"))
        return None


@contextmanager
def signed_on(address: Address, name: str, credential: str | Path) -> Iterator[paramiko.SFTPClient]:
    """Sign on with a password, or with the private key in a file, and give the SFTP session."""
    with _transport(address) as transport:
        if isinstance(credential, Path):
            transport.auth_publickey(name, paramiko.Ed25519Key.from_private_key_file(str(credential)))
        else:
            transport.auth_password(name, credential, fallback=False)
        session = paramiko.SFTPClient.from_transport(transport)
        if session is None:
            raise Unavailable("the server opened no SFTP session")
        yield session


def change_password(address: Address, name: str, old: str, new: str) -> list[str]:
    """Answer the password-change request with *new* and return the names at the root of the tree."""
    return asyncio.run(asyncio.wait_for(_change_password(address, name, old, new), PATIENCE))


async def _change_password(address: Address, name: str, old: str, new: str) -> list[str]:
    asked: list[str] = []

    class Changing(asyncssh.SSHClient):
        """Answers the request once; a second one says that the answer was not taken."""

        def password_auth_requested(self) -> str:
            return old

        def password_change_requested(self, prompt: str, lang: str) -> tuple[str, str]:
            del lang
            if asked:
                raise Unavailable(f"the new password was not taken: {prompt}")
            asked.append(prompt)
            return old, new

        def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
            del host, addr, port
            return key.get_fingerprint() == address.host_key

    connection = await asyncssh.connect(
        "127.0.0.1",
        address.port,
        username=name,
        client_factory=Changing,
        known_hosts=b"",
        client_keys=None,
        preferred_auth="password",
        config=None,
        agent_path=None,
    )
    async with connection, connection.start_sftp_client() as session:
        if not asked:
            raise Unavailable("the temporary password opened a session without being replaced")
        found = await session.listdir("/")
    return sorted(str(name) for name in found if name not in {".", ".."})
