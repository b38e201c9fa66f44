import os
from hashlib import sha256

import pytest

from mft.crypto.segments import RECORD, SEGMENT, SegmentCipher, new_file_key
from mft.model.errors import Unavailable

_SIZE = 3 * SEGMENT + 500


@pytest.fixture
def content(blob):
    made = os.urandom(_SIZE)
    writer = blob.writer()
    writer.write(0, made)
    writer.finish()
    return made


def _alter(path, offset, change):
    raw = bytearray(path.read_bytes())
    raw[offset] ^= change
    path.write_bytes(raw)


def test_whoever_digests_hears_of_every_byte_once(blob, content):
    heard: list[int] = []
    assert blob.reader(_SIZE).digest(heard.append) == sha256(content).digest()
    assert heard == [SEGMENT, SEGMENT, SEGMENT, 500]


@pytest.mark.parametrize("within", [0, 3, 4, 7, 8, 19, 20, RECORD // 2, RECORD - 1])
@pytest.mark.parametrize("length", [100, SEGMENT])
def test_one_flipped_bit_is_damage_and_gives_no_byte(blob, content, within, length):
    _alter(blob.path, RECORD + within, 0x10)
    reader = blob.reader(_SIZE)
    assert reader.read(0, SEGMENT) == content[:SEGMENT]
    for _ in range(2):
        with pytest.raises(Unavailable, match="segment 1 of a blob is damaged"):
            reader.read(SEGMENT, length)
    assert reader.read(2 * SEGMENT, 10) == content[2 * SEGMENT :][:10]
    with pytest.raises(Unavailable):
        reader.digest()


@pytest.mark.usefixtures("content")
def test_segments_do_not_change_places(blob):
    raw = blob.path.read_bytes()
    blob.path.write_bytes(raw[RECORD : 2 * RECORD] + raw[:RECORD] + raw[2 * RECORD :])
    with pytest.raises(Unavailable):
        blob.reader(_SIZE).read(0, 10)


@pytest.mark.usefixtures("content")
def test_a_segment_of_another_file_does_not_open(blob):
    with pytest.raises(Unavailable):
        blob.reader(_SIZE, SegmentCipher(new_file_key(), bytes(16))).read(0, 10)


@pytest.mark.parametrize("cut", [0, 10, 2 * RECORD, 3 * RECORD + 400])
@pytest.mark.usefixtures("content")
def test_a_blob_cut_short_is_damage(blob, cut):
    os.truncate(blob.path, cut)
    with pytest.raises(Unavailable):
        blob.reader(_SIZE).read(3 * SEGMENT, 500)


@pytest.mark.parametrize("claimed", [_SIZE - 1, _SIZE + 1, 3 * SEGMENT - 1])
@pytest.mark.usefixtures("content")
def test_a_size_other_than_the_sealed_one_is_damage(blob, claimed):
    with pytest.raises(Unavailable):
        blob.reader(claimed).read(0, claimed)


def test_an_older_record_with_a_hole_is_not_taken_for_the_committed_one(blob):
    writer = blob.writer()
    writer.write(0, b"abc")
    writer.write(6, b"xyz")
    writer.flush()
    with pytest.raises(Unavailable, match="not the one that was committed"):
        blob.reader(9).read(0, 9)


def test_reading_into_a_buffer_fills_what_there_is(blob, content):
    out = bytearray(2 * SEGMENT)
    reader = blob.reader(_SIZE)
    assert reader.read_into(2 * SEGMENT, memoryview(out)) == SEGMENT + 500
    assert out[: SEGMENT + 500] == content[2 * SEGMENT :]
    assert reader.read_into(_SIZE, memoryview(out)) == 0


@pytest.mark.usefixtures("content")
def test_a_closed_reader_refuses_and_closes_again(blob):
    reader = blob.reader(_SIZE)
    reader.close()
    reader.close()
    with pytest.raises(Unavailable):
        reader.read(0, 1)
