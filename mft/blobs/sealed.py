"""A file on its way in: bytes at any offset become the sealed records of one blob.

Says what arrived, what is missing and what a whole upload came to.  Never decides who may write, how
much, or when a file is committed.
"""

from dataclasses import dataclass
from typing import Final, Self

from mft.blobs.digest import Digest
from mft.blobs.in_order import InOrder
from mft.blobs.limits import MOST_BYTES, MOST_RUNS, MOST_ZEROS
from mft.blobs.records import Records
from mft.blobs.runs import Runs
from mft.crypto.segments import SEGMENT, Bytes, SegmentCipher
from mft.model.errors import Conflict, Exhausted, MftError

HELD: Final = 4
"""Segments that a writer keeps in memory; 261,120-byte blocks end inside one."""

_CATCH_UP: Final = 2  # Twice as fast as data come, and too little to stall the loop.
_ZEROS: Final = memoryview(bytes(SEGMENT))


@dataclass(frozen=True, slots=True)
class Finished:
    """What a whole upload came to."""

    size: int
    sha256: bytes


class _Held:
    """A segment in memory."""

    __slots__ = ("dirty", "kept", "number", "plain")

    def __init__(self, number: int, plain: memoryview, kept: int, *, dirty: bool = False) -> None:
        self.number = number
        self.plain = plain  # SEGMENT bytes; zeros wherever nothing was written.
        self.kept = kept  # Bytes from the segment's start that its record would give back after a kill.
        self.dirty = dirty


class SealedWriter:
    """Random access to a blob on its way in.

    Written in order, each segment is sealed once and none is opened.  Up to HELD segments wait in
    memory; they are sealed when full, when another needs the room, and by flush.  A sealed byte that
    is written over is sealed again at once, so that a resumed upload never holds the older one.
    Errors: Exhausted when space ran out (the caller may go on once there is some), Unavailable when
    the disk failed (every later call is refused).  One caller at a time.
    """

    def __init__(self, fd: int, cipher: SegmentCipher) -> None:
        """Take *fd*, an empty blob open for reading and writing."""
        self._records = Records(fd, cipher)
        self._held: dict[int, _Held] = {}  # Least recently used first.
        self._scratch: memoryview | None = None
        self._written = Runs()  # Bytes.
        self._zeros = Runs()  # Segments that are zeros by truncate and have no record yet.
        self._given = Runs()  # Bytes that are zeros by truncate, sealed or not, and were never written over.
        self._size = 0
        self._digest = Digest()
        self._front: InOrder | None = InOrder(self._records, self._digest)  # None once not all came in order.
        self._rewritten = False  # Bytes in _digest were written over: finish reads all again.

    @classmethod
    def resume(cls, fd: int, cipher: SegmentCipher) -> Self:
        """Return a writer that goes on after what authenticates from the start; what lies beyond is dropped.

        Reads the whole blob.  Doing it twice gives the same.
        """
        writer = cls(fd, cipher)
        writer._front = None
        plain = memoryview(bytearray(SEGMENT))
        number = length = filled = 0
        while (found := writer._records.peek(number, plain)) is not None:
            length, filled = found
            writer._mark(number * SEGMENT, number * SEGMENT + filled)
            if filled < SEGMENT:
                break
            writer._hash(number, plain)
            number, length, filled = number + 1, 0, 0
        writer._size = number * SEGMENT + length
        if filled < length:
            writer.truncate(number * SEGMENT + filled)
        else:
            writer._records.cut(number, length)
        return writer

    @property
    def size(self) -> int:
        """One past the highest byte written, or what truncate set."""
        return self._size

    @property
    def contiguous(self) -> int:
        """Bytes without a gap from the start, in memory or sealed."""
        return self._written.reach(0)

    @property
    def arrived(self) -> int:
        """Bytes without a gap from the start that were written, and not only given by a size that was set."""
        start, _ = next(iter(self._given), (self._size, self._size))
        return min(self.contiguous, start)

    @property
    def kept(self) -> int:
        """Bytes without a gap from the start that are sealed in the file: what resume would find now."""
        ends = [held.number * SEGMENT + held.kept for held in self._held.values() if held.dirty]
        ends.extend(first * SEGMENT for first, _ in self._zeros)
        if self._front is not None:
            ends.append(self._size - len(self._front.unsealed))
        if self._records.landed is not None:
            ends.append(self._records.landed * SEGMENT)
        return min([self.contiguous, *ends])

    @property
    def sealed(self) -> int:
        """How many records were written so far."""
        return self._records.sealed

    @property
    def opened(self) -> int:
        """How many records were opened so far."""
        return self._records.opened

    def gaps(self) -> list[tuple[int, int]]:
        """Return the runs ``[start, end)`` below size that never arrived."""
        return self._written.gaps(self._size)

    def write(self, offset: int, data: Bytes) -> None:
        """Write *data* at *offset*.  Nothing is kept of *data* itself.

        When this raises, some of *data* may have been written.
        """
        self._records.check()
        view = memoryview(data)
        self._check_room(offset, offset + len(view))
        if self._write_on(offset, view):
            return
        done = 0
        while done < len(view):
            number, start = divmod(offset + done, SEGMENT)
            piece = view[done : done + SEGMENT - start]
            if offset + done < self._digest.given:
                self._rewritten = True
            if self._given:
                self._given.remove(offset + done, offset + done + len(piece))
            if len(piece) == SEGMENT and number not in self._held:
                self._put_whole(number, piece)
            else:
                self._put_piece(number, start, piece)
            done += len(piece)

    def read(self, offset: int, length: int) -> bytes:
        """Return up to *length* bytes from *offset* of what was written; zeros in gaps, none past size."""
        self._records.check()
        self._leave_order()
        out = bytearray(max(0, min(length, self._size - offset)))
        done = 0
        while done < len(out):
            number, start = divmod(offset + done, SEGMENT)
            stop = min(SEGMENT, start + len(out) - done)
            out[done : done + stop - start] = self._plain(number)[start:stop]
            done += stop - start
        return bytes(out)

    def truncate(self, size: int) -> None:
        """Make the file *size* bytes long.  What it grows by counts as written zeros; what is cut is gone at once.

        Raises Exhausted when more than MOST_ZEROS bytes would be zeros that nothing was written over.
        """
        self._records.check()
        self._leave_order()
        if size > self._size:
            self._check_room(self._size, size)
            given = sum(end - start for start, end in self._given)
            if given + size - self._size > MOST_ZEROS:
                raise Exhausted(f"a size may be set {MOST_ZEROS} bytes beyond what was written")
            self._grow(size)
        elif size < self._size:
            self._shrink(size)

    def flush(self) -> None:
        """Seal everything that waits in memory."""
        self._records.check()
        self._leave_order()
        for held in self._held.values():
            self._seal(held)
        while self._zeros:
            first, _ = next(iter(self._zeros))
            self._seal(_Held(first, _ZEROS, 0, dirty=True))
        self._records.land()

    def sync(self) -> None:
        """Flush, and return once all of it is on the disk."""
        self.flush()
        self._records.sync()

    def settle(self) -> int:
        """Cut the file to what arrived, return once that is on the disk, and say how much it is.

        Bytes behind a gap nobody could resume, and zeros that were never written would be taken for data.
        """
        self._records.check()
        if self.arrived < self._size:
            self._shrink(self.arrived)
        self.sync()
        return self._size

    def finish(self) -> Finished:
        """Seal, make durable and return size and SHA-256.  Raises Conflict if a part never arrived."""
        self._records.check()
        gaps = self.gaps()
        if gaps:
            first, end = gaps[0]
            raise Conflict(f"bytes {first} to {end - 1} never arrived ({len(gaps)} gaps in {self._size} bytes)")
        self.flush()
        digest = self._whole_digest()
        self._records.sync()
        return Finished(self._size, digest)

    def close(self) -> None:
        """Close the blob; what was not flushed is forgotten.  A second call does nothing."""
        self._digest.settle()
        self._held.clear()
        self._records.close()

    def _check_room(self, start: int, end: int) -> None:
        if end > MOST_BYTES:
            raise Exhausted(f"a file ends at {MOST_BYTES} bytes")
        apart = len(self._written) >= MOST_RUNS and not self._written.touches(start - 1, end + 1)
        if apart or len(self._given) >= MOST_RUNS:
            raise Exhausted(f"the upload is in more than {MOST_RUNS} pieces; write nearer to the start")

    def _write_on(self, offset: int, data: memoryview) -> bool:
        """Take *data* if all has come in order, and they too; return whether that is so."""
        front = self._front
        if front is None or offset != front.size:
            self._leave_order()
            return False
        try:
            front.take(data)
        except MftError:
            self._rewritten = True  # The digest has what does not count.
            self._leave_order()
            raise
        finally:
            self._mark(offset, front.size)
        return True

    def _leave_order(self) -> None:
        """Hold what waits to be sealed as that of others does, who write in no order."""
        front, self._front = self._front, None
        if front is not None and front.unsealed:
            plain, number = memoryview(bytearray(SEGMENT)), front.size // SEGMENT
            plain[: len(front.unsealed)] = front.unsealed
            self._held[number] = _Held(number, plain, 0, dirty=True)

    def _put_whole(self, number: int, piece: memoryview) -> None:
        start, end = number * SEGMENT, (number + 1) * SEGMENT
        try:
            self._records.seal(number, piece, SEGMENT)
        except MftError:
            # The record that stood there may be torn, and no copy of it is in memory.
            self._written.remove(start, end)
            raise
        self._mark(start, end)
        self._zeros.remove(number, number + 1)
        self._hash(number, piece)

    def _put_piece(self, number: int, start: int, piece: memoryview) -> None:
        held = self._hold(number)
        was_whole = self._is_whole(number)
        end = start + len(piece)
        held.plain[start:end] = piece
        held.dirty = True
        self._mark(number * SEGMENT + start, number * SEGMENT + end)
        # A segment that was whole before is done when its end is written: so those who write in order do.
        done = self._is_whole(number) and (end == SEGMENT or not was_whole)
        if done or start < held.kept:
            self._seal(held)

    def _mark(self, start: int, end: int) -> None:
        self._written.add(start, end)
        self._size = max(self._size, end)

    def _is_whole(self, number: int) -> bool:
        return self._written.reach(number * SEGMENT) >= (number + 1) * SEGMENT

    def _hold(self, number: int) -> _Held:
        held = self._held.pop(number, None)
        if held is None:
            plain = self._buffer()
            held = _Held(number, plain, self._fill(number, plain))
        self._held[number] = held
        return held

    def _buffer(self) -> memoryview:
        if len(self._held) < HELD:
            return memoryview(bytearray(SEGMENT))
        oldest = next(iter(self._held.values()))
        self._seal(oldest)
        del self._held[oldest.number]
        return oldest.plain

    def _fill(self, number: int, plain: memoryview) -> int:
        """Make *plain* what segment *number* holds outside memory and return how much of it its record keeps."""
        start = number * SEGMENT
        if number in self._zeros or not self._written.touches(start, start + SEGMENT):
            plain[:] = _ZEROS
            return 0
        length, filled = self._records.open(number, plain)
        plain[length:] = _ZEROS[length:]
        return filled

    def _plain(self, number: int) -> memoryview:
        held = self._held.get(number)
        if held is not None:
            return held.plain
        if self._scratch is None:
            self._scratch = memoryview(bytearray(SEGMENT))
        self._fill(number, self._scratch)
        return self._scratch

    def _seal(self, held: _Held) -> None:
        if not held.dirty:
            return
        start = held.number * SEGMENT
        filled = min(self._written.reach(start) - start, SEGMENT)
        held.kept = 0  # Until the new record stands, the old one may be torn.
        self._records.seal(held.number, held.plain[: min(self._size - start, SEGMENT)], filled)
        held.kept = filled
        held.dirty = False
        self._zeros.remove(held.number, held.number + 1)
        if filled == SEGMENT:
            self._hash(held.number, held.plain)

    def _hash(self, number: int, plain: memoryview) -> None:
        """Take segment *number*, just sealed whole, into the digest if it is its turn."""
        if number == self._digest.given // SEGMENT and not self._rewritten:
            self._digest_more(plain)
            self._catch_up(_CATCH_UP)

    def _catch_up(self, most: int) -> None:
        """Take up to *most* whole segments that came before their turn into the digest."""
        for _ in range(most):
            number = self._digest.given // SEGMENT
            held = self._held.get(number)
            if (held is not None and held.dirty) or number in self._zeros or not self._is_whole(number):
                return
            self._digest_more(self._plain(number))

    def _digest_more(self, plain: memoryview) -> None:
        """Take what is not in the digest yet of the segment *plain* that comes next."""
        self._digest.update(plain[self._digest.given % SEGMENT :])

    def _whole_digest(self) -> bytes:
        if self._rewritten:
            self._digest.settle()
            self._digest, self._rewritten = Digest(), False
        self._catch_up(self._size // SEGMENT - self._digest.given // SEGMENT)
        if self._digest.given >= self._size:
            return self._digest.finish()
        whole, rest = divmod(self._size, SEGMENT)
        return self._digest.finish(self._plain(whole)[self._digest.given % SEGMENT : rest])

    def _grow(self, size: int) -> None:
        number, rest = divmod(self._size, SEGMENT)
        if rest:
            if number not in self._zeros:
                self._hold(number).dirty = True
            number += 1
        self._zeros.add(number, -(-size // SEGMENT))
        self._given.add(self._size, size)
        self._mark(self._size, size)

    def _shrink(self, size: int) -> None:
        number, rest = divmod(size, SEGMENT)
        edge = self._hold(number) if rest and (number in self._held or number not in self._zeros) else None
        # Cut first: should the machine die now, a resumed upload ends early and holds nothing stale.
        self._records.cut(number)
        self._written.remove(size, self._size)
        self._given.remove(size, self._size)
        self._zeros.remove(number + bool(rest), -(-self._size // SEGMENT))
        for gone in [held for held in self._held if held >= number + bool(rest)]:
            del self._held[gone]
        self._rewritten = self._rewritten or size < self._digest.given
        self._size = size
        if edge is not None:
            edge.plain[rest:] = _ZEROS[rest:]
            edge.dirty = True
            self._seal(edge)
