"""The disk fills up, fails and lies; what was written is known, or is refused."""

import errno
import random
import resource
import shutil
from hashlib import sha256
from itertools import count

import pytest

from mft.blobs import records, stretch
from mft.blobs.sealed import Finished
from mft.crypto.segments import RECORD, SEGMENT
from mft.model.errors import Exhausted, Unavailable
from tests.support.disk import Blob

_CONTENT = random.Random(4711).randbytes(8 * SEGMENT)
_LIFE = [
    *[("write", offset, _CONTENT[offset : offset + 50_000]) for offset in range(0, 6 * SEGMENT, 50_000)],
    ("write", 9 * SEGMENT, _CONTENT[:SEGMENT]),  # Leaves a hole for a while.
    ("write", 7, b"rewritten"),
    ("write", SEGMENT, _CONTENT[: 2 * SEGMENT]),  # Whole segments over sealed ones.
    ("flush",),
    ("truncate", 8 * SEGMENT + 10),
    ("truncate", 5 * SEGMENT + 10),
    ("truncate", 7 * SEGMENT + 1),
    ("write", 6 * SEGMENT + 10, _CONTENT[:50_000]),
    ("flush",),
]
"""Partial blocks, evictions, holes, rewriting, cuts and growth."""


def _imagine(content, act, values):
    """Do *act* to *content*, bytes in memory."""
    if act == "write":
        offset, data = values
        content.extend(bytes(max(0, offset - len(content))))
        content[offset : offset + len(data)] = data
    elif act == "truncate":
        (size,) = values
        content.extend(bytes(max(0, size - len(content))))
        del content[size:]


def _live(writer, on_failure):
    """Do every act of the life, giving each that fails to *on_failure*, and return what it comes to."""
    content = bytearray()
    for act, *values in _LIFE:
        before = bytes(content)
        _imagine(content, act, values)
        try:
            getattr(writer, act)(*values)
        except (Exhausted, Unavailable) as error:
            on_failure(error, before, bytes(content))
            getattr(writer, act)(*values)
    return bytes(content)


def _check_resumed(blob, writer, folder, before, after, *, gathered):
    """A process killed now is resumed with bytes of before the act or after it, and as many as were promised.

    When several records went at once, the disk may have taken some of them before it failed.
    """
    promised = writer.kept
    twin = Blob(folder / "twin")
    shutil.copyfile(blob.path, twin.path)
    twin.cipher = blob.cipher
    found = twin.resumed().read(0, 1 << 40)
    assert len(found) == promised or (gathered and len(found) > promised)
    after += bytes(max(0, len(before) - len(after)))
    before += bytes(len(after) - len(before))
    assert all(byte in (old, new) for byte, old, new in zip(found, before, after, strict=False))
    twin.close()


@pytest.fixture(params=["as it comes", "gathered"])
def gathering(request, monkeypatch):
    """Records written one by one, and gathered almost from the first on, as those of large uploads are."""
    if request.param == "gathered":
        monkeypatch.setattr(records, "IN_ORDER", 1)
        monkeypatch.setattr(stretch, "CHUNK", 2 * RECORD)
    return request.param == "gathered"


def test_whichever_write_meets_a_full_disk_repeating_it_loses_nothing(tmp_path, bad_disk, gathering):
    for failing in count(1):
        blob = Blob(tmp_path / f"blob{failing}")
        writer = blob.writer()
        bad_disk.failures = 0
        bad_disk.fails_write(failing, errno.ENOSPC)

        def on_failure(error, before, after, blob=blob, writer=writer):
            assert isinstance(error, Exhausted)
            _check_resumed(blob, writer, tmp_path, before, after, gathered=gathering)

        content = _live(writer, on_failure)
        assert writer.finish().sha256 == sha256(content).digest()
        assert blob.reader(len(content)).read(0, len(content)) == content
        blob.close()
        if not bad_disk.failures:
            break
    assert failing > 10


def test_whichever_write_fails_on_a_dying_disk_all_later_ones_are_refused(tmp_path, bad_disk, gathering):
    for failing in count(1):
        blob = Blob(tmp_path / f"blob{failing}")
        writer = blob.writer()
        bad_disk.failures = 0
        bad_disk.fails_write(failing, errno.EIO)

        def on_failure(error, before, after, blob=blob, writer=writer):
            assert isinstance(error, Unavailable)
            _check_resumed(blob, writer, tmp_path, before, after, gathered=gathering)

        if _survives(writer, on_failure):
            break
        _check_refused(writer)
        blob.close()
    assert failing > 10


def _check_refused(writer):
    reads = (writer.sync, writer.flush, writer.finish, lambda: writer.read(0, 1))
    for act in (*reads, lambda: writer.truncate(0), lambda: writer.write(1, b"x")):
        with pytest.raises(Unavailable):
            act()


def _survives(writer, on_failure):
    try:
        _live(writer, on_failure)
    except Unavailable:
        return False
    return True


@pytest.mark.usefixtures("gathering")
def test_after_a_failed_fsync_nothing_is_tried_again(blob, bad_disk):
    writer = blob.writer()
    writer.write(0, b"x" * SEGMENT)
    bad_disk.fails_sync()
    with pytest.raises(Unavailable):
        writer.finish()
    _check_refused(writer)
    assert bad_disk.failures == 1


@pytest.mark.usefixtures("gathering")
def test_a_disk_that_writes_a_little_at_a_time_is_patiently_fed(blob, bad_disk):
    bad_disk.writes_short(1000)
    writer = blob.writer()
    writer.write(0, _CONTENT)
    assert writer.finish().sha256 == sha256(_CONTENT).digest()
    assert blob.reader(len(_CONTENT)).digest() == sha256(_CONTENT).digest()


@pytest.mark.parametrize(("failing", "counts"), [(1, 10), (3, 2 * SEGMENT)])
def test_though_a_write_was_refused_what_counts_is_there_and_in_the_digest(blob, bad_disk, failing, counts):
    """All that came before it, and those of its segments that were sealed."""
    writer = blob.writer()
    writer.write(0, _CONTENT[:10])
    bad_disk.fails_write(failing)
    with pytest.raises(Exhausted):
        writer.write(10, _CONTENT[10 : 4 * SEGMENT])
    assert writer.finish() == Finished(counts, sha256(_CONTENT[:counts]).digest())


def test_a_real_limit_on_file_size_is_a_limit_and_not_a_failure(blob):
    writer = blob.writer()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3 * SEGMENT, hard))
    try:
        with pytest.raises(Exhausted, match="grew larger"):
            writer.write(0, _CONTENT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert writer.kept == writer.contiguous == 2 * SEGMENT
    writer.write(0, _CONTENT)
    assert writer.finish().sha256 == sha256(_CONTENT).digest()


def test_a_full_device_is_a_limit(blob):
    blob.path.symlink_to("/dev/full")
    writer = blob.writer()
    with pytest.raises(Exhausted, match="disk is full"):
        writer.write(0, bytes(SEGMENT))


def test_a_disk_that_cannot_be_read_is_not_taken_for_an_empty_one(blob, bad_disk):
    writer = blob.writer()
    writer.write(0, bytes(SEGMENT))
    writer.close()

    with bad_disk.unreadable(), pytest.raises(Unavailable):
        blob.resumed()
    assert blob.resumed().size == SEGMENT
