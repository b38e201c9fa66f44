"""The beginning of an upload, for as long as its bytes come one after another: most uploads, from end to end.

They are copied once, to where the digest takes them from, and sealed from there.
"""

from mft.blobs.digest import PIECE, Digest
from mft.blobs.records import Records
from mft.crypto.segments import SEGMENT


class InOrder:
    """Bytes from the start on, without a gap, of which each segment is sealed as soon as it is whole."""

    __slots__ = ("_digest", "_records", "size", "unsealed")

    def __init__(self, records: Records, digest: Digest) -> None:
        """Begin with nothing.  Until this is over nobody else gives *records* or *digest* anything."""
        self._records = records
        self._digest = digest
        self.size = 0
        """Bytes that were taken; once sealing them failed, fewer than the digest was given."""
        self.unsealed = memoryview(b"")
        """What was taken and not sealed, the beginning of a segment; good until more is taken."""

    def take(self, data: memoryview) -> None:
        """Take *data*, which follow the last.

        Raises as ``Records.seal``, and is over then: what counts is ``size``.
        """
        for start in range(0, len(data), PIECE):
            self._take(data[start : start + PIECE])

    def _take(self, piece: memoryview) -> None:
        number, waiting = divmod(self.size, SEGMENT)
        end = self.size + len(piece)
        self._digest.update(piece)
        tail = self._digest.last(waiting + len(piece))
        self.unsealed = tail[:waiting]
        while len(tail) >= SEGMENT:
            self._records.seal(number, tail[:SEGMENT], SEGMENT)
            number, tail = number + 1, tail[SEGMENT:]
            self.size, self.unsealed = number * SEGMENT, tail[:0]
        self.size, self.unsealed = end, tail
