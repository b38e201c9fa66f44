"""What is written past the page cache is what was given, whatever the disk and the file system say to it."""

import errno
import fcntl
import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mft.blobs import records, stretch
from mft.blobs.stretch import CHUNK, Stretch
from mft.crypto.segments import RECORD, SEGMENT, SegmentCipher, new_file_key
from mft.model.errors import Exhausted
from tests.support.disk import BadDisk, Blob

_CONTENT = random.Random(12).randbytes(3 * CHUNK + 5 * RECORD + 77)
_BEFORE = 10_001


@pytest.fixture
def fd(tmp_path: Path) -> Iterator[int]:
    """A file with some bytes before the place where a stretch begins, which is the middle of a block."""
    opened = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    os.pwrite(opened, _CONTENT[:_BEFORE], 0)
    yield opened
    os.close(opened)


def past_the_cache(fd: int) -> bool:
    return bool(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_DIRECT)


def give(gathered: Stretch, content: bytes) -> None:
    for start in range(0, len(content), RECORD):
        piece = content[start : start + RECORD]
        gathered.demand()
        gathered.room[: len(piece)] = piece
        gathered.take(len(piece))


def land_the_rest(fd: int, gathered: Stretch) -> None:
    """Give what is missing, and find the whole content in the file."""
    give(gathered, _CONTENT[gathered.end :])
    gathered.land()
    assert os.pread(fd, len(_CONTENT) + 1, 0) == _CONTENT


def test_what_was_gathered_is_in_the_file_behind_what_was_there(fd: int):
    gathered = Stretch(fd, _BEFORE)
    assert past_the_cache(fd)
    land_the_rest(fd, gathered)
    assert gathered.end == len(_CONTENT)
    assert not past_the_cache(fd)


def test_it_promises_no_byte_that_the_file_does_not_have(fd: int):
    gathered = Stretch(fd, _BEFORE)
    for start in range(_BEFORE, len(_CONTENT) - RECORD, RECORD):
        give(gathered, _CONTENT[start : start + RECORD])
        promised = gathered.landed
        assert Path(f"/proc/self/fd/{fd}").read_bytes()[:promised] == _CONTENT[:promised]
    assert gathered.landed >= CHUNK
    gathered.settle()


def test_a_file_system_that_knows_only_the_cache_is_written_through_it(fd: int, monkeypatch: pytest.MonkeyPatch):
    def only_read(fd: int, what: int, flags: int = 0) -> int:
        if what == fcntl.F_SETFL and flags & os.O_DIRECT:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return real(fd, what, flags)

    real = fcntl.fcntl
    monkeypatch.setattr(fcntl, "fcntl", only_read)
    gathered = Stretch(fd, _BEFORE)
    assert not past_the_cache(fd)
    land_the_rest(fd, gathered)


def test_a_disk_that_writes_a_little_at_a_time_gets_the_rest_through_the_cache(fd: int, bad_disk: BadDisk):
    bad_disk.writes_short(100_001)
    land_the_rest(fd, Stretch(fd, _BEFORE))


def test_what_a_full_disk_refused_is_written_once_there_is_space(fd: int, bad_disk: BadDisk):
    bad_disk.fails_write(1)
    gathered = Stretch(fd, _BEFORE)
    with pytest.raises(OSError, match="No space left"):
        give(gathered, _CONTENT[_BEFORE:])
    assert gathered.landed == _BEFORE
    land_the_rest(fd, gathered)


def test_a_large_upload_goes_past_the_cache_and_a_small_one_does_not(blob: Blob, monkeypatch: pytest.MonkeyPatch):
    began: list[int] = []

    class Told(Stretch):
        def __init__(self, fd: int, at: int) -> None:
            began.append(at)
            super().__init__(fd, at)

    monkeypatch.setattr(records, "Stretch", Told)
    writer, content = blob.writer(), random.Random(3).randbytes(SEGMENT)
    for number in range(records.IN_ORDER - 1):
        writer.write(number * SEGMENT, content)
    assert not began
    for number in range(records.IN_ORDER - 1, 4 * records.IN_ORDER):
        writer.write(number * SEGMENT, content)
    assert len(began) == 1
    size = writer.finish().size
    assert blob.reader(size).read(0, size) == content * (4 * records.IN_ORDER)


def test_an_upload_whose_disk_is_full_keeps_what_it_promises_and_goes_on(
    blob: Blob, bad_disk: BadDisk, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(stretch, "CHUNK", 4 * RECORD)
    writer, content = blob.writer(), random.Random(5).randbytes(80 * SEGMENT)
    bad_disk.fails_write(records.IN_ORDER + 4)
    start, refused = 0, 0
    while start < len(content):
        try:
            writer.write(start, memoryview(content)[start : start + 100_000])
        except Exhausted:
            refused += 1
            assert len(blob.resumed().read(0, 1 << 30)) >= writer.kept > 0
            continue
        start += 100_000
    assert refused == 1
    size = writer.finish().size
    assert blob.reader(size).read(0, size + 1) == content


def test_a_sync_leaves_nothing_gathered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(records, "IN_ORDER", 1)
    opened = records.Records(
        os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT), SegmentCipher(new_file_key(), os.urandom(16))
    )
    for number in range(5):
        opened.seal(number, bytes(SEGMENT), SEGMENT)
    assert opened.landed == 1
    opened.sync()
    assert opened.landed is None
    assert (tmp_path / "file").stat().st_size == 5 * RECORD
    opened.close()


def test_a_file_is_closed_only_after_what_is_on_its_way_to_it(fd: int, monkeypatch: pytest.MonkeyPatch):
    """The number of its descriptor may be another file's a moment later."""
    begun, let, real = threading.Event(), threading.Event(), os.pwrite

    def pwrite(fd: int, data: memoryview, offset: int) -> int:
        begun.set()
        assert let.wait(30)
        return real(fd, data, offset)

    opened = records.Records(os.dup(fd), SegmentCipher(new_file_key(), os.urandom(16)))
    monkeypatch.setattr(records, "IN_ORDER", 1)
    os.ftruncate(fd, 0)
    opened.seal(0, bytes(SEGMENT), SEGMENT)
    monkeypatch.setattr(os, "pwrite", pwrite)
    for number in range(1, CHUNK // RECORD + 3):
        opened.seal(number, bytes(SEGMENT), SEGMENT)
    assert begun.wait(30)
    closing = threading.Thread(target=opened.close)
    closing.start()
    closing.join(0.05)
    assert closing.is_alive()
    let.set()
    closing.join(30)
    assert not closing.is_alive()
    assert os.fstat(fd).st_size > CHUNK
