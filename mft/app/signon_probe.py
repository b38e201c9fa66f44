"""Knock on our own door as a stranger, through an SSH stack that is not ours.

A stranger's refusal goes through everything a sign-on needs: the key exchange, the database, a password
hash and the audit trail.  So it is proof without an account and without a secret.
"""

import secrets
import socket
from base64 import b64encode
from hashlib import sha256

import paramiko

from mft.policy.signon import SENTENCE

_PATIENCE = 20.0


def refuses_a_stranger(address: str, fingerprints: set[str]) -> str | None:
    """Return what is wrong with the SFTP server at *address*, whose host key is one of *fingerprints*, or None."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), _PATIENCE) as connection:
            return _knock(connection, fingerprints)
    except (OSError, EOFError, paramiko.SSHException) as error:
        return f"no SSH connection: {error}"


def _knock(connection: socket.socket, fingerprints: set[str]) -> str | None:
    with paramiko.Transport(connection) as transport:
        transport.banner_timeout = transport.auth_timeout = _PATIENCE
        transport.start_client(timeout=_PATIENCE)
        digest = sha256(transport.get_remote_server_key().asbytes()).digest()
        if "SHA256:" + b64encode(digest).decode().rstrip("=") not in fingerprints:
            return "it shows a host key that is not in the host_keys folder"
        try:
            transport.auth_password("mft-doctor", secrets.token_urlsafe())
        except paramiko.AuthenticationException:
            pass
        else:
            return "it admitted a stranger"
        told = (transport.get_banner() or b"").decode("utf-8", "replace")
        return None if SENTENCE in told else f"a stranger was told {told.strip()!r}"
