"""The writer and the reader against the simplest thing that could be right: bytes in memory."""

import os
import random
import shutil
import tempfile
from hashlib import sha256
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mft.blobs import records, stretch
from mft.blobs.reader import SealedReader
from mft.blobs.sealed import Finished, SealedWriter
from mft.crypto.segments import RECORD, SEGMENT, SegmentCipher, new_file_key
from mft.model.errors import Conflict

_MOST = 7 * SEGMENT  # More segments than a writer holds in memory.
_EDGES = [edge + off for edge in range(0, _MOST, SEGMENT) for off in (-1, 0, 1) if edge + off >= 0]
_OFFSETS = st.one_of(st.integers(0, _MOST), st.sampled_from(_EDGES))
_LENGTHS = st.one_of(
    st.integers(0, 300), st.sampled_from([1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT, 261_120]), _OFFSETS
)


class SealedMachine(RuleBasedStateMachine):
    """A blob under everything that a client, an eviction and a kill can do to it."""

    gathers = False
    """Whether what was on its way to the disk at the kill may have arrived there."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.cipher = SegmentCipher(new_file_key(), os.urandom(16))
        self.writer = SealedWriter(self.descriptor(), self.cipher)
        self.content = bytearray()
        self.arrived = bytearray()  # 1 for each byte that was written.

    def descriptor(self) -> int:
        return os.open(self.folder / "blob", os.O_RDWR | os.O_CREAT)

    def teardown(self) -> None:
        self.writer.close()
        shutil.rmtree(self.folder)

    def contiguous(self) -> int:
        hole = self.arrived.find(0)
        return len(self.arrived) if hole < 0 else hole

    @rule(offset=_OFFSETS, length=_LENGTHS, seed=st.integers(0, 2**32))
    def write(self, offset: int, length: int, seed: int) -> None:
        data = random.Random(seed).randbytes(length)
        self.writer.write(offset, data)
        self.model_write(offset, data)

    @rule(length=_LENGTHS, seed=st.integers(0, 2**32))
    def write_at_the_end(self, length: int, seed: int) -> None:
        if len(self.content) < _MOST:
            self.write(len(self.content), length, seed)

    @precondition(lambda self: 0 < self.contiguous() < len(self.content))
    @rule(length=_LENGTHS, seed=st.integers(0, 2**32))
    def write_where_a_gap_begins(self, length: int, seed: int) -> None:
        self.write(self.contiguous(), length, seed)

    def model_write(self, offset: int, data: bytes) -> None:
        if data:
            grown = max(0, offset + len(data) - len(self.content))
            self.content.extend(bytes(grown))
            self.arrived.extend(bytes(grown))
            self.content[offset : offset + len(data)] = data
            self.arrived[offset : offset + len(data)] = b"\1" * len(data)

    @rule(offset=_OFFSETS, length=_LENGTHS)
    def read(self, offset: int, length: int) -> None:
        assert self.writer.read(offset, length) == self.content[offset : offset + length]

    @rule(size=_OFFSETS)
    def truncate(self, size: int) -> None:
        self.writer.truncate(size)
        grown = size - len(self.content)
        if grown < 0:
            del self.content[size:], self.arrived[size:]
        else:
            self.content.extend(bytes(grown))
            self.arrived.extend(b"\1" * grown)

    @rule()
    def flush(self) -> None:
        self.writer.flush()
        assert self.writer.kept == self.contiguous()

    @rule()
    def be_killed(self) -> None:
        promised = self.writer.kept
        self.writer.close()
        self.writer = SealedWriter.resume(self.descriptor(), self.cipher)
        found = self.writer.size
        assert promised <= found == self.writer.contiguous <= self.contiguous()
        assert found == promised or self.gathers
        del self.content[found:], self.arrived[found:]
        assert self.writer.read(0, _MOST * 3) == self.content

    @rule(offset=_OFFSETS, length=_LENGTHS)
    def finish(self, offset: int, length: int) -> None:
        if self.contiguous() < len(self.content):
            with pytest.raises(Conflict, match=f"bytes {self.contiguous()} to"):
                self.writer.finish()
            return
        size = len(self.content)
        assert self.writer.finish() == Finished(size, sha256(self.content).digest())
        reader = SealedReader(os.open(self.folder / "blob", os.O_RDONLY), self.cipher, size)
        assert reader.read(offset, length) == self.content[offset : offset + length]
        assert reader.read(0, size) == self.content
        assert reader.digest() == sha256(self.content).digest()
        reader.close()

    @invariant()
    def what_arrived_is_known(self) -> None:
        assert self.writer.size == len(self.content)
        assert self.writer.contiguous == self.contiguous()
        gaps = bytearray(b"\1" * len(self.arrived))
        for start, end in self.writer.gaps():
            gaps[start:end] = bytes(end - start)
        assert gaps == self.arrived


SealedMachine.TestCase.settings = settings(max_examples=80, stateful_step_count=30, deadline=None)
TestAWriterHoldsWhatBytesInMemoryWould = SealedMachine.TestCase


class GatheringMachine(SealedMachine):
    """The same where records are gathered almost from the first on, as those of large uploads are."""

    gathers = True

    def __init__(self) -> None:
        self.soon = [patch.object(records, "IN_ORDER", 1), patch.object(stretch, "CHUNK", 2 * RECORD)]
        for changed in self.soon:
            changed.start()
        super().__init__()

    def teardown(self) -> None:
        super().teardown()
        for changed in self.soon:
            changed.stop()


GatheringMachine.TestCase.settings = SealedMachine.TestCase.settings
TestAWriterThatGathersHoldsWhatBytesInMemoryWould = GatheringMachine.TestCase
