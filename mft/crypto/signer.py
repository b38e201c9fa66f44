"""The key that signs checkpoints of the audit trail (Ed25519, RFC 8032).  Never looks at what it signs."""

import hashlib
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from mft.crypto.secretfile import create_secret, read_secret
from mft.model.errors import Invalid

_WHAT: Final = "the audit signing key"


class Signer:
    """Signs with one key.  Whoever verifies needs only ``public_bytes``."""

    __slots__ = ("_key", "key_id", "public_bytes")

    def __init__(self, key: Ed25519PrivateKey) -> None:
        """Take *key*; ``load`` reads it."""
        self._key = key
        self.public_bytes = key.public_key().public_bytes_raw()
        """The public key, 32 bytes."""
        self.key_id = key_id(self.public_bytes)

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make a signing key at *path*, mode 0600.  Raises Conflict if there is one already."""
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        create_secret(path, pem, _WHAT)
        return cls(key)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return the signer kept at *path*.

        Raises Unavailable if it cannot be read, Invalid if others could read it or it is damaged.
        """
        content = read_secret(path, _WHAT)
        try:
            key = load_pem_private_key(content, None)
        except (ValueError, TypeError):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise Invalid(f"{_WHAT} {path} is no Ed25519 private key; restore your copy")
        return cls(key)

    def sign(self, message: bytes) -> bytes:
        """Return the signature of *message*, 64 bytes."""
        return self._key.sign(message)


def key_id(public: bytes) -> str:
    """Return the short name of the *public* key: 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(public).hexdigest()[:16]


def verify(public: bytes, signature: bytes, message: bytes) -> bool:
    """Return whether *signature* is the one of *message* by the key whose *public* half is given, 32 bytes."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
