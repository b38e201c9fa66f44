"""What a user's signature may be made with, and whether one holds."""

from base64 import b64encode
from hashlib import sha256
from typing import Final

from asyncssh.packet import PacketDecodeError, SSHPacket
from asyncssh.public_key import KeyImportError, decode_ssh_public_key

SIGNATURES: Final = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
"""What a user's signature may be made with.  asyncssh would take SHA-1 from an RSA key."""


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
