"""Our server with its segment cipher replaced by a copy, in this process only.

    MFT_CONFIG=… python -m benchmarks.peers.mft_plain

It exists to show what sealing costs.  The product has no such switch and must have none: this file
replaces two methods of one class before anything is served, and everything else (records and their
places, SHA-256, durable commits, the audit trail, SSH itself) stays as shipped.
"""

import struct
from typing import Final

from mft.cli.main import cli
from mft.crypto.segments import OVERHEAD, SEGMENT, Bytes, SegmentCipher
from mft.model.errors import Invalid

_HEADER: Final = struct.Struct(">II")
_BODY: Final = 20  # Header and nonce: bytes lie where a sealed record has them.


def copy_in(self: SegmentCipher, number: int, plain: Bytes, filled: int, record: memoryview) -> int:  # noqa: ARG001
    """Lay *plain* into *record* as it is, where ``seal_into`` would seal it."""
    length = len(plain)
    _HEADER.pack_into(record, 0, filled, length)
    record[_BODY : _BODY + length] = plain
    return OVERHEAD + length


def copy_out(self: SegmentCipher, number: int, record: memoryview, plain: memoryview) -> tuple[int, int]:  # noqa: ARG001
    """Take out of *record* what ``copy_in`` laid there; nothing vouches for it."""
    if len(record) < OVERHEAD:
        raise Invalid(f"segment {number} is cut short")
    filled, length = _HEADER.unpack_from(record)
    if not filled <= length <= min(SEGMENT, len(plain)) or len(record) < OVERHEAD + length:
        raise Invalid(f"segment {number} is cut short or its header is damaged")
    plain[:length] = record[_BODY : _BODY + length]
    return length, filled


def main() -> None:
    """Replace the cipher and serve."""
    SegmentCipher.seal_into = copy_in  # type: ignore[method-assign]
    SegmentCipher.open_into = copy_out  # type: ignore[method-assign]
    cli(["serve"])


if __name__ == "__main__":
    main()
