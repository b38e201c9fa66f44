"""AES-GCM of one direction of a connection (RFC 5647), as asyncssh asks for it and as the data plane does.

asyncssh makes its key schedule anew for each packet and copies each packet three times.  Here one key
object lasts until the next key exchange, and packets are sealed and opened between buffers of ours.
"""

import struct
from typing import Final

from asyncssh.encryption import Encryption
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TAG: Final = 16
LENGTH: Final = 4
"""Bytes of the packet's length, which are authenticated and not sealed."""

_FIXED: Final = 4
_WRAP: Final = (1 << 64) - 1
_COUNTER: Final = struct.Struct(">Q")


class Gcm(Encryption):
    """The key and the counter of one direction.  A nonce is used once: whoever asks next gets the next one."""

    def __init__(self, key: bytes, iv: bytes) -> None:
        """Take what the key exchange made: 16 or 32 bytes of key, 12 of initial value."""
        self._aead = AESGCM(key)
        self._fixed = iv[:_FIXED]
        self._counter = int.from_bytes(iv[_FIXED:], "big")
        self._opened: bytes | None = None

    def seal_into(self, length: memoryview, plain: memoryview, sealed: memoryview) -> None:
        """Seal *plain* into *sealed*, which has room for it and the tag; *length* is authenticated with it."""
        self._aead.encrypt_into(self._nonce(), plain, length, sealed)

    def open_into(self, length: memoryview, sealed: memoryview, plain: memoryview) -> bool:
        """Open *sealed*, tag included, into *plain*.  Return False when it is not what the peer sealed."""
        try:
            self._aead.decrypt_into(self._nonce(), sealed, length, plain)
        except InvalidTag:
            return False
        return True

    def hand_over(self, plain: bytes) -> None:
        """Let the next packet that asyncssh asks to be opened be *plain*: it was opened already."""
        self._opened = plain

    # What asyncssh calls.

    def encrypt_packet(self, seq: int, header: bytes, packet: bytes) -> tuple[bytes, bytes]:  # noqa: ARG002
        """Return the sealed packet behind its *header*; the tag is part of it."""
        return header + self._aead.encrypt(self._nonce(), packet, header), b""

    def decrypt_header(self, seq: int, first_block: bytes, header_len: int) -> tuple[bytes, bytes]:  # noqa: ARG002
        """Return the length as it came."""
        return first_block, first_block[:header_len]

    def decrypt_packet(self, seq: int, first: bytes, rest: bytes, header_len: int, mac: bytes) -> bytes | None:  # noqa: ARG002
        """Return the packet opened, or None when it is not what the peer sealed."""
        opened, self._opened = self._opened, None
        if opened is not None:
            return opened
        try:
            return self._aead.decrypt(self._nonce(), first[header_len:] + rest + mac, first[:header_len])
        except InvalidTag:
            return None

    def _nonce(self) -> bytes:
        nonce = self._fixed + _COUNTER.pack(self._counter)
        self._counter = (self._counter + 1) & _WRAP
        return nonce
