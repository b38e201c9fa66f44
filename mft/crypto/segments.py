"""How 64 KiB of a file become a sealed record, and back.

A record is ``filled (4) | length (4) | nonce (12) | ciphertext (length) | tag (16)``, numbers
big-endian.  AES-256-GCM under the file's own key; the associated data bind the file's id, the
segment's number and both numbers of the header, so that a record moved to another place, or to
another file, does not open.  Each sealing draws a fresh nonce: a segment may be sealed again.

*filled* counts the bytes that were written without a gap from the segment's start.  After a crash
it tells data from the zeros of a hole; in a committed file it equals *length*.

This module never reads or writes a file.
"""

import os
import struct
from typing import Final, TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mft.model.errors import Invalid

Bytes: TypeAlias = bytes | bytearray | memoryview
"""Anything that holds bytes side by side."""

SEGMENT: Final = 65536
"""Bytes of a file in one segment; the last one may be shorter."""

_HEADER: Final = struct.Struct(">II")  # filled, length
_BINDING: Final = struct.Struct(">QII")  # number, filled, length
_NONCE: Final = 12  # NIST SP 800-38D, 8.2.2: a random nonce of 96 bits.
_TAG: Final = 16
_BODY: Final = _HEADER.size + _NONCE

OVERHEAD: Final = _BODY + _TAG
"""Bytes that a record is longer than what it seals."""
RECORD: Final = SEGMENT + OVERHEAD
"""Bytes of a full segment's record; also how far apart records lie in a blob."""


def new_file_key() -> bytes:
    """Return a fresh key for one file, 256 random bits."""
    return AESGCM.generate_key(256)


class SegmentCipher:
    """Seals and opens the segments of one file.  Holds no buffer: threads may share it."""

    __slots__ = ("_aead", "_file_id")

    def __init__(self, key: bytes, file_id: bytes) -> None:
        """Take the file's *key* (32 bytes) and *file_id* (16 bytes, the blob's id)."""
        if len(key) != 32 or len(file_id) != 16:  # noqa: PLR2004  (the sizes just named)
            raise Invalid("a file's key has 32 bytes and its id 16")
        self._aead = AESGCM(key)
        self._file_id = file_id

    def seal_into(self, number: int, plain: Bytes, filled: int, record: memoryview) -> int:
        """Write the record of segment *number* into *record* and return its length.

        *plain* is at most SEGMENT bytes, of which the first *filled* are free of gaps; *record*
        has room for RECORD bytes.
        """
        length = len(plain)
        size = OVERHEAD + length
        nonce = os.urandom(_NONCE)
        _HEADER.pack_into(record, 0, filled, length)
        record[_HEADER.size : _BODY] = nonce
        binding = self._file_id + _BINDING.pack(number, filled, length)
        self._aead.encrypt_into(nonce, plain, binding, record[_BODY:size])
        return size

    def open_into(self, number: int, record: memoryview, plain: memoryview) -> tuple[int, int]:
        """Write what *record* seals into *plain* and return ``(length, filled)``.

        *record* may be followed by other bytes.  Raises Invalid, with *plain* in an undefined
        state, when it is not what was sealed as segment *number* of this file.
        """
        if len(record) < OVERHEAD:
            raise Invalid(f"segment {number} is cut short")
        filled, length = _HEADER.unpack_from(record)
        size = OVERHEAD + length
        if not filled <= length <= min(SEGMENT, len(plain)) or len(record) < size:
            raise Invalid(f"segment {number} is cut short or its header is damaged")
        binding = self._file_id + _BINDING.pack(number, filled, length)
        try:
            self._aead.decrypt_into(record[_HEADER.size : _BODY], record[_BODY:size], binding, plain[:length])
        except InvalidTag:
            raise Invalid(f"segment {number} does not authenticate") from None
        return length, filled
