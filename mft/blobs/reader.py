"""A committed file read back from the sealed records of its blob.

Never decides who may read.  What does not authenticate, or is not as long as the catalog says, is
damage, and no byte of it is given out.
"""

from collections.abc import Callable
from hashlib import sha256

from mft.blobs.records import Records
from mft.crypto.segments import SEGMENT, SegmentCipher
from mft.model.errors import Unavailable


class SealedReader:
    """Random access to a committed blob.  Reading in order opens each segment once, whatever the block size."""

    __slots__ = ("_number", "_plain", "_records", "_size")

    def __init__(self, fd: int, cipher: SegmentCipher, size: int) -> None:
        """Take *fd*, open for reading, and the *size* that the catalog vouches for."""
        self._records = Records(fd, cipher)
        self._size = size
        self._plain = memoryview(bytearray(min(size, SEGMENT)))
        self._number = -1

    @property
    def size(self) -> int:
        """The file's length in bytes."""
        return self._size

    @property
    def opened(self) -> int:
        """How many segments were opened so far."""
        return self._records.opened

    def read(self, offset: int, length: int) -> bytes:
        """Return up to *length* bytes from *offset*: fewer at the end, none past it.  Raises Unavailable if damaged."""
        wanted = min(length, self._size - offset)
        if wanted <= 0:
            return b""
        number, start = divmod(offset, SEGMENT)
        if start + wanted <= SEGMENT:
            return bytes(self._opened(number)[start : start + wanted])
        whole = memoryview(bytearray(wanted))
        self.read_into(offset, whole)
        return bytes(whole)

    def read_into(self, offset: int, out: memoryview) -> int:
        """Fill *out* from *offset* and return how many bytes there were: fewer at the end, none past it."""
        wanted = min(len(out), self._size - offset)
        done = 0
        while done < wanted:
            number, start = divmod(offset + done, SEGMENT)
            length = min(SEGMENT - start, wanted - done)
            if length == self._length(number) and number != self._number:
                self._open(number, out[done : done + length])
            else:
                out[done : done + length] = self._opened(number)[start : start + length]
            done += length
        return done

    def digest(self, told: Callable[[int], object] = lambda _: None) -> bytes:
        """Return the SHA-256 of the whole file, read anew; *told* hears of each segment's bytes.  Raises Unavailable.

        *told* may rest before it returns, or raise to end the reading.
        """
        digest = sha256()
        for number in range(-(-self._size // SEGMENT)):
            digest.update(self._opened(number)[: self._length(number)])
            told(self._length(number))
        return digest.digest()

    def close(self) -> None:
        """Close the blob.  A second call does nothing."""
        self._records.close()

    def _length(self, number: int) -> int:
        return min(SEGMENT, self._size - number * SEGMENT)

    def _opened(self, number: int) -> memoryview:
        if number != self._number:
            self._number = -1  # Should opening fail, the buffer holds neither segment.
            self._open(number, self._plain)
            self._number = number
        return self._plain

    def _open(self, number: int, plain: memoryview) -> None:
        whole = self._length(number)
        if self._records.open(number, plain) != (whole, whole):
            raise Unavailable(f"segment {number} of a blob is not the one that was committed; restore the blob")
