"""What the server offers a client: algorithms, and next to nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import asyncssh

from mft.sftp.transport.signatures import SIGNATURES

VERSION: Final = "MFT"
"""What the server calls itself, after ``SSH-2.0-``; the version of nothing is told."""

KEY_EXCHANGES: Final = (
    "mlkem768x25519-sha256",
    # For the OpenSSH of Debian 12 and for PuTTY, which have nothing newer.  No finite-field groups.
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
)
CIPHERS: Final = (
    "aes256-gcm@openssh.com",
    "aes128-gcm@openssh.com",
    "aes256-ctr",
    "aes192-ctr",
    "aes128-ctr",
)
CHACHA20: Final = "chacha20-poly1305@openssh.com"
MACS: Final = ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com")
MACS_OF_OLD: Final = ("hmac-sha2-256", "hmac-sha2-512")
"""Encrypt-and-MAC, docs/decisions/0004-one-mac-mode-and-a-setting.md."""

REKEY_BYTES: Final = 1 << 30
REKEY_SECONDS: Final = 3600
KEEPALIVE_SECONDS: Final = 30
KEEPALIVES_MISSED: Final = 3
WINDOW: Final = 2 << 20
"""Bytes that a client may send ahead on a channel."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What is offered beside the lists above."""

    chacha20: bool = False
    """The slowest cipher here, and the first choice of clients that are offered it."""
    encrypt_and_mac: bool = False
    """MACs for clients whose libssh2 is older than 1.11."""


def server_options(host_keys: Sequence[asyncssh.SSHKey], offer: Offer) -> asyncssh.SSHServerConnectionOptions:
    """Return the options of every connection.

    *host_keys* are loaded keys, never paths: those asyncssh would read again for each connection.
    """
    return asyncssh.SSHServerConnectionOptions(
        server_host_keys=list(host_keys),
        server_version=VERSION,
        kex_algs=list(KEY_EXCHANGES),
        encryption_algs=[*CIPHERS, *([CHACHA20] if offer.chacha20 else [])],
        mac_algs=[*MACS, *(MACS_OF_OLD if offer.encrypt_and_mac else ())],
        signature_algs=list(SIGNATURES),
        compression_algs=["none"],
        public_key_auth=True,
        password_auth=True,
        kbdint_auth=False,
        host_based_auth=False,
        gss_host=None,
        login_timeout=0,  # The visit keeps the time (mft.sftp.front.visit).
        keepalive_interval=KEEPALIVE_SECONDS,
        keepalive_count_max=KEEPALIVES_MISSED,
        rekey_bytes=REKEY_BYTES,
        rekey_seconds=REKEY_SECONDS,
        encoding=None,
        line_editor=False,
        window=WINDOW,
        allow_pty=False,
        agent_forwarding=False,
        x11_forwarding=False,
        allow_scp=False,
        sftp_factory=None,
    )
