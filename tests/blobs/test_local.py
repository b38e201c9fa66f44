import errno
import os
import stat
from datetime import UTC, datetime

import pytest

from mft.blobs.local import LocalBlobs
from mft.model.errors import Conflict, Exhausted, Invalid, Unavailable
from mft.model.ids import BlobId, new_blob_id


@pytest.fixture
def blobs(tmp_path):
    made = LocalBlobs(tmp_path / "store")
    made.prepare()
    return made


def _stage(blobs, content=b"sealed"):
    blob = new_blob_id()
    fd = blobs.create(blob)
    os.write(fd, content)
    os.close(fd)
    return blob


def _content(fd):
    try:
        return os.pread(fd, 1000, 0)
    finally:
        os.close(fd)


def test_nobody_else_can_look_in(blobs):
    blob = _stage(blobs)
    folders = [blobs.root, blobs.root / "staging", blobs.root / "blobs", blobs.root / "blobs" / "0a"]
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}
    assert stat.S_IMODE((blobs.root / "staging" / blob).stat().st_mode) == 0o600


def test_preparing_twice_changes_nothing(blobs):
    blob = _stage(blobs)
    blobs.publish(blob)
    blobs.prepare()
    assert list(blobs.published()) == [blob]


def test_a_blob_goes_from_staging_to_published_as_it_is(blobs):
    blob = _stage(blobs)
    assert (list(blobs.staged()), list(blobs.published())) == ([blob], [])
    assert _content(blobs.open_staged(blob)) == b"sealed"
    blobs.publish(blob)
    assert (list(blobs.staged()), list(blobs.published())) == ([], [blob])
    assert _content(blobs.open(blob)) == b"sealed"
    assert blobs.size(blob) == 6


def test_a_published_blob_cannot_be_written(blobs):
    blob = _stage(blobs)
    blobs.publish(blob)
    fd = blobs.open(blob)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.write(fd, b"x")
    os.close(fd)


def test_publishing_again_after_a_crash_is_no_error(blobs):
    blob = _stage(blobs)
    blobs.publish(blob)
    blobs.publish(blob)
    assert list(blobs.published()) == [blob]


def test_an_id_is_used_once(blobs):
    blob = _stage(blobs)
    with pytest.raises(Conflict):
        blobs.create(blob)
    assert _content(blobs.open_staged(blob)) == b"sealed"


@pytest.mark.parametrize("published", [False, True])
def test_a_discarded_blob_is_gone_and_may_be_discarded_again(blobs, published):
    blob = _stage(blobs)
    if published:
        blobs.publish(blob)
    for _ in range(2):
        blobs.discard(blob)
        assert not [*blobs.staged(), *blobs.published()]


@pytest.mark.parametrize("act", ["open", "open_staged", "publish", "size"])
def test_bytes_that_are_missing_are_said_to_be(blobs, act):
    with pytest.raises(Unavailable, match="missing"):
        getattr(blobs, act)(new_blob_id())


@pytest.mark.parametrize("act", ["open", "open_staged", "publish", "size", "create", "discard"])
@pytest.mark.parametrize("text", ["", "..", "../../etc/passwd", "a" * 31, "A" * 32, "a" * 32 + "\n", "a" * 31 + "/"])
def test_only_an_id_names_a_blob(blobs, act, text):
    with pytest.raises(Invalid):
        getattr(blobs, act)(BlobId(text))


def test_a_planted_link_is_not_followed(blobs, tmp_path):
    (tmp_path / "secret").write_bytes(b"not ours")
    blob = new_blob_id()
    (blobs.root / "staging" / blob).symlink_to(tmp_path / "secret")
    with pytest.raises(Unavailable):
        blobs.open_staged(blob)
    with pytest.raises(Conflict):
        blobs.create(blob)


def test_what_is_no_blob_is_left_alone(blobs):
    (blobs.root / "staging" / "README").write_text("an operator's note")
    (blobs.root / "blobs" / "00" / "lost+found").mkdir()
    assert not [*blobs.staged(), *blobs.published()]


def test_free_space_is_told_in_bytes(blobs):
    free, total = blobs.free()
    told = os.statvfs(blobs.root)
    assert total == told.f_blocks * told.f_frsize
    assert 0 < free <= total


@pytest.mark.parametrize(
    ("code", "expected"), [(errno.EMFILE, Exhausted), (errno.ENOSPC, Exhausted), (errno.EIO, Unavailable)]
)
def test_a_limit_is_told_from_a_failure(blobs, monkeypatch, code, expected):
    def refuse(*_: object, **__: object):
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", refuse)
        with pytest.raises(expected):
            blobs.create(new_blob_id())


def test_when_a_blob_was_last_written_to_is_the_disks_word_wherever_it_lies(blobs):
    blob = _stage(blobs)
    os.utime(blobs.root / "staging" / blob, (86_400, 86_400))
    assert blobs.written_at(blob) == datetime(1970, 1, 2, tzinfo=UTC)
    blobs.publish(blob)
    assert blobs.written_at(blob) == datetime(1970, 1, 2, tzinfo=UTC)
    blobs.discard(blob)
    assert blobs.written_at(blob) is None
