"""The server's own SSH keys: OpenSSH private key files, mode 0600, in one folder.

A partner's client remembers the host key and raises the alarm when it changes: so nothing here
replaces one, and a server that moves in brings its key along.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncssh

from mft.crypto.keys import key_bits, public_line
from mft.crypto.secretfile import create_secret, read_secret
from mft.model.errors import Conflict, Invalid, Unavailable

_WHAT: Final = "the host key"
_FILES: Final = {
    "ssh-ed25519": "ssh_host_ed25519_key",
    "ecdsa-sha2-nistp256": "ssh_host_ecdsa_key",
    "ecdsa-sha2-nistp384": "ssh_host_ecdsa384_key",
    "ecdsa-sha2-nistp521": "ssh_host_ecdsa521_key",
    "ssh-rsa": "ssh_host_rsa_key",
}
"""What each kind's file is called; also the order in which the server prefers them."""


@dataclass(frozen=True, slots=True)
class HostKey:
    """One of the server's keys, as partners may be told of it."""

    path: Path
    algorithm: str
    fingerprint: str
    """``SHA256:…``, as ``ssh-keygen -l`` prints it."""
    bits: int
    line: str
    """The public key as an OpenSSH line, for ``known_hosts``."""


def make_host_key(folder: Path) -> HostKey:
    """Make an ed25519 host key in *folder*.  Raises Conflict if there is one already."""
    return _kept(folder, asyncssh.generate_private_key("ssh-ed25519"))


def import_host_key(folder: Path, source: Path, passphrase: str | None = None) -> HostKey:
    """Keep a copy of the private key in the file *source* as a host key in *folder*.

    Raises Invalid if it is no private key that can be used here or *passphrase* does not open it,
    Conflict if *folder* holds a key of that kind already.
    """
    return _kept(folder, _imported(read_secret(source, "the private key"), source, passphrase))


def list_host_keys(folder: Path) -> list[HostKey]:
    """Return the host keys in *folder*, in the order in which the server prefers them."""
    return [_described(folder / _FILES[key.get_algorithm()], key) for key in _loaded(folder)]


def load_host_keys(folder: Path) -> list[asyncssh.SSHKey]:
    """Return the host keys in *folder* as objects, to be loaded once: by path, asyncssh reads them at every sign-on.

    Raises Invalid if there is none, or if others than the owner can read one.
    """
    keys = _loaded(folder)
    if not keys:
        raise Invalid(f"there is no host key in {folder}; run: mft keys hostkey new")
    return keys


def _loaded(folder: Path) -> list[asyncssh.SSHKey]:
    keys = []
    for algorithm, name in _FILES.items():
        path = folder / name
        if not path.exists():
            continue
        key = _imported(read_secret(path, _WHAT), path, None)
        if key.get_algorithm() != algorithm:
            raise Invalid(f"{path} holds a {key.get_algorithm()} key; move it to {_FILES[key.get_algorithm()]}")
        keys.append(key)
    return keys


def _imported(content: bytes, path: Path, passphrase: str | None) -> asyncssh.SSHKey:
    try:
        key = asyncssh.import_private_key(content, passphrase)
    except (ValueError, OverflowError):  # KeyEncryptionError and KeyImportError are among them.
        why = "it needs a passphrase" if passphrase is None else "the passphrase does not open it"
        raise Invalid(f"{path} is no private key in OpenSSH or PEM format, or {why}") from None
    key_bits(key)
    return key


def _kept(folder: Path, key: asyncssh.SSHKey) -> HostKey:
    path = folder / _FILES[key.get_algorithm()]
    if path.exists():
        raise Conflict(f"{_WHAT} {path} exists already; partners know it: move it away first if it must change")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"the folder {folder} cannot be made: {error.strerror}") from error
    create_secret(path, key.export_private_key("openssh"), _WHAT)
    return _described(path, key)


def _described(path: Path, key: asyncssh.SSHKey) -> HostKey:
    return HostKey(path, key.get_algorithm(), key.get_fingerprint(), key_bits(key), public_line(key))
