import os
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mft.blobs import records
from mft.blobs.limits import MOST_BYTES, MOST_RUNS, MOST_ZEROS
from mft.blobs.sealed import Finished
from mft.crypto.segments import RECORD, SEGMENT
from mft.model.errors import Conflict, Exhausted, Unavailable
from tests.support.disk import Blob

_OPENSSH_BLOCK = 261_120


def _segments(size):
    return -(-size // SEGMENT)


def _write_in_order(writer, content, block):
    for offset in range(0, len(content), block):
        writer.write(offset, memoryview(content)[offset : offset + block])


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 1 << 20, 4 * _OPENSSH_BLOCK + 17])
@pytest.mark.parametrize("block", [32_768, _OPENSSH_BLOCK, 262_144])
def test_writing_in_order_seals_each_segment_once_and_opens_none(blob, size, block):
    content = os.urandom(size)
    writer = blob.writer()
    _write_in_order(writer, content, block)
    assert writer.finish() == Finished(size, sha256(content).digest())
    assert (writer.sealed, writer.opened) == (_segments(size), 0)


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 1 << 20, 4 * _OPENSSH_BLOCK + 17])
@pytest.mark.parametrize("block", [1000, 32_768, _OPENSSH_BLOCK, 1 << 22])
def test_reading_in_order_opens_each_segment_once(blob, size, block):
    content = os.urandom(size)
    writer = blob.writer()
    writer.write(0, content)
    writer.finish()
    reader = blob.reader(size)
    assert b"".join(reader.read(offset, block) for offset in range(0, size, block)) == content
    assert reader.opened == _segments(size)
    assert reader.read(size, block) == reader.read(size + 1, 1) == b""


def test_a_blob_of_n_bytes_takes_one_overhead_a_segment(blob):
    writer = blob.writer()
    writer.write(0, bytes(SEGMENT + 100))
    writer.finish()
    assert blob.path.stat().st_size == SEGMENT + 100 + 2 * (RECORD - SEGMENT)


def test_the_disk_never_holds_the_content(blob):
    words = b"member 4711, diagnosis E11.9 "
    writer = blob.writer()
    writer.write(0, words * 9000)
    writer.finish()
    assert b"4711" not in blob.path.read_bytes()


def test_blocks_that_arrive_out_of_order_are_hashed_without_a_second_pass(blob):
    content = os.urandom(20 * SEGMENT)
    writer = blob.writer()
    for first in range(0, 20, 2):  # Each pair of segments swapped, in blocks of half a segment.
        for half in (2, 3, 0, 1):
            offset = first * SEGMENT + half * SEGMENT // 2
            writer.write(offset, content[offset : offset + SEGMENT // 2])
    assert writer.finish().sha256 == sha256(content).digest()
    assert (writer.sealed, writer.opened) == (20, 0)


def test_four_streams_at_once_come_out_whole(blob):
    """Rclone writes four parts of a big file at once, in blocks of 32 KiB."""
    content = os.urandom(32 * SEGMENT)
    part = len(content) // 4
    writer = blob.writer()
    for offset in range(0, part, 32_768):
        for stream in range(4):
            at = stream * part + offset
            writer.write(at, content[at : at + 32_768])
    assert writer.sealed == 32
    assert writer.finish() == Finished(len(content), sha256(content).digest())


def test_a_finished_upload_may_be_finished_again(blob):
    writer = blob.writer()
    writer.write(0, b"abc" * SEGMENT)
    assert writer.finish() == writer.finish()


def test_a_hole_is_named_and_nothing_is_finished(blob):
    writer = blob.writer()
    writer.write(0, b"head")
    writer.write(100, b"tail")
    with pytest.raises(Conflict, match="bytes 4 to 99 never arrived"):
        writer.finish()
    assert writer.gaps() == [(4, 100)]
    writer.write(4, bytes(96))
    assert writer.finish().size == 104


def test_a_size_set_before_counts_as_zeros(blob):
    writer = blob.writer()
    writer.truncate(3 * SEGMENT + 5)
    writer.write(SEGMENT, b"x" * 10)
    expected = bytes(SEGMENT) + b"x" * 10 + bytes(2 * SEGMENT - 5)
    assert writer.finish() == Finished(len(expected), sha256(expected).digest())
    assert blob.reader(len(expected)).read(0, len(expected)) == expected


def test_filling_a_size_set_before_seals_each_segment_once(blob):
    content = os.urandom(10 * SEGMENT)
    writer = blob.writer()
    writer.truncate(len(content))
    _write_in_order(writer, content, _OPENSSH_BLOCK)
    assert writer.finish().sha256 == sha256(content).digest()
    assert (writer.sealed, writer.opened) == (10, 0)


def test_a_size_set_stays_cheap_until_it_must_be_sealed(blob):
    writer = blob.writer()
    writer.truncate(MOST_ZEROS)
    writer.truncate(10)
    assert writer.finish() == Finished(10, sha256(bytes(10)).digest())
    assert writer.sealed == 1


def test_what_was_cut_off_never_comes_back(blob):
    """The cut segment waits on the disk while others use its memory, then the file grows over the cut."""
    writer = blob.writer()
    writer.write(0, os.urandom(8 * SEGMENT))
    writer.truncate(7 * SEGMENT + 10)
    for number in range(6):
        writer.write(number * SEGMENT, b"other segments need the room")
    writer.truncate(8 * SEGMENT)
    assert writer.read(7 * SEGMENT + 10, SEGMENT) == bytes(SEGMENT - 10)
    blob.resumed()
    assert blob.path.stat().st_size <= 8 * RECORD


def test_reading_back_sees_what_is_not_sealed_yet(blob):
    writer = blob.writer()
    writer.write(SEGMENT - 2, b"abcd")
    assert writer.read(SEGMENT - 3, 10) == b"\0abcd"
    assert writer.sealed == 0


def test_a_header_rewritten_at_the_end_is_in_the_digest(blob):
    """Zip programs write the first bytes last."""
    content = bytearray(os.urandom(6 * SEGMENT))
    writer = blob.writer()
    writer.write(0, content)
    content[:4] = b"PK\3\4"
    writer.write(0, b"PK\3\4")
    assert writer.finish().sha256 == sha256(content).digest()


def test_a_byte_written_over_is_never_resumed_as_it_was(blob):
    writer = blob.writer()
    writer.write(0, b"a" * SEGMENT * 2)
    writer.write(10, b"new")
    writer.close()  # Killed: nothing was flushed.
    assert blob.resumed().read(8, 7) == b"aanewaa"


def test_where_records_are_gathered_a_byte_written_over_is_never_resumed_as_it_was_either(blob, monkeypatch):
    monkeypatch.setattr(records, "IN_ORDER", 1)
    writer = blob.writer()
    writer.write(0, b"a" * 5 * SEGMENT)
    writer.flush()
    writer.write(0, b"b" * 5 * SEGMENT)
    writer.close()  # Killed.
    assert blob.resumed().read(0, 5 * SEGMENT).strip(b"b") == b""


def test_what_begins_a_segment_is_not_promised_before_it_is_sealed(blob):
    writer = blob.writer()
    writer.write(0, bytes(2 * SEGMENT + 1))
    assert writer.kept == 2 * SEGMENT
    writer.close()
    assert blob.resumed().size == 2 * SEGMENT


def test_reading_back_in_the_middle_changes_nothing(blob):
    content = os.urandom(3 * SEGMENT)
    writer = blob.writer()
    writer.write(0, content[:100])
    assert writer.read(0, 200) == content[:100]
    writer.write(100, content[100:])
    assert writer.finish().sha256 == sha256(content).digest()
    assert blob.reader(len(content)).read(0, len(content)) == content


def test_what_was_gathered_and_is_cut_off_stays_away(blob, monkeypatch):
    monkeypatch.setattr(records, "IN_ORDER", 1)
    content = os.urandom(6 * SEGMENT)
    writer = blob.writer()
    writer.write(0, content)
    writer.truncate(2 * SEGMENT)
    assert writer.finish() == Finished(2 * SEGMENT, sha256(content[: 2 * SEGMENT]).digest())
    assert blob.path.stat().st_size == 2 * RECORD


def test_a_resumed_upload_goes_on_as_if_nothing_had_happened(blob):
    content = os.urandom(9 * SEGMENT + 99)
    writer = blob.writer()
    writer.write(0, content[: 4 * SEGMENT + 1000])
    writer.flush()
    writer.close()
    resumed = blob.resumed()
    assert resumed.size == resumed.contiguous == resumed.kept == 4 * SEGMENT + 1000
    for offset in range(resumed.size, len(content), _OPENSSH_BLOCK):
        resumed.write(offset, content[offset : offset + _OPENSSH_BLOCK])
    assert resumed.finish() == Finished(len(content), sha256(content).digest())


def test_resuming_drops_what_lies_beyond_the_first_gap(blob):
    writer = blob.writer()
    writer.write(0, b"a" * SEGMENT)
    writer.write(3 * SEGMENT, b"b" * SEGMENT)
    writer.flush()
    writer.close()
    resumed = blob.resumed()
    assert resumed.size == SEGMENT
    assert blob.path.stat().st_size == RECORD


def test_a_hole_inside_a_segment_is_not_taken_for_data_after_a_kill(blob):
    writer = blob.writer()
    writer.write(0, b"abc")
    writer.write(100, b"xyz")
    writer.flush()
    writer.close()
    resumed = blob.resumed()
    assert (resumed.size, resumed.read(0, 200)) == (3, b"abc")


def test_resuming_twice_changes_nothing(blob):
    writer = blob.writer()
    writer.write(0, os.urandom(3 * SEGMENT + 5))
    writer.write(5 * SEGMENT, b"beyond")
    writer.flush()
    writer.close()
    blob.resumed().close()
    once = blob.path.read_bytes()
    blob.resumed().close()
    assert blob.path.read_bytes() == once


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(0, 4 * RECORD))
def test_a_blob_cut_anywhere_resumes_with_its_whole_segments(tmp_path_factory, cut):
    torn = Blob(tmp_path_factory.mktemp("torn") / "blob")
    content = os.urandom(4 * SEGMENT)
    writer = torn.writer()
    writer.write(0, content)
    writer.close()
    os.truncate(torn.path, cut)
    resumed = torn.resumed()
    assert resumed.size == cut // RECORD * SEGMENT
    assert resumed.read(0, len(content)) == content[: resumed.size]
    torn.close()


def test_writing_every_other_byte_ends_before_the_memory_does(blob):
    writer = blob.writer()
    for number in range(MOST_RUNS):
        writer.write(2 * number, b"x")
    with pytest.raises(Exhausted, match="pieces"):
        writer.write(2 * MOST_RUNS, b"x")
    writer.write(1, b"x")
    writer.write(2 * MOST_RUNS, b"x")


def test_no_file_goes_beyond_what_the_disk_can_number(blob):
    writer = blob.writer()
    for act in (lambda: writer.write(1 << 63, b"x"), lambda: writer.truncate(MOST_BYTES + 1)):
        with pytest.raises(Exhausted):
            act()
    assert writer.size == 0


def test_a_closed_writer_refuses_and_closes_again(blob):
    writer = blob.writer()
    writer.close()
    writer.close()
    with pytest.raises(Unavailable):
        writer.write(0, bytes(SEGMENT))


def test_a_size_set_goes_so_far_beyond_what_was_written_and_no_further(blob):
    writer = blob.writer()
    writer.write(0, b"x" * 10)
    with pytest.raises(Exhausted, match="beyond what was written"):
        writer.truncate(10 + MOST_ZEROS + 1)
    writer.truncate(10 + MOST_ZEROS)
    for size in (11 + MOST_ZEROS, MOST_BYTES):
        with pytest.raises(Exhausted):
            writer.truncate(size)
    writer.write(10, b"y")  # What is written over makes room for as much.
    writer.truncate(11 + MOST_ZEROS)
    assert writer.sealed <= 1


def test_zeros_that_were_sealed_still_count_as_not_written(blob):
    writer = blob.writer()
    writer.truncate(MOST_ZEROS)
    writer.flush()
    with pytest.raises(Exhausted):
        writer.truncate(MOST_ZEROS + 1)


def test_a_far_write_leaves_little_to_do_at_the_end(blob):
    writer = blob.writer()
    writer.write(1 << 40, b"x")
    with pytest.raises(Conflict):
        writer.finish()
    assert writer.settle() == 0
    assert (writer.sealed, blob.path.stat().st_size) == (0, 0)


def test_settling_keeps_what_was_written_without_a_gap_and_nothing_else(blob):
    content = os.urandom(3 * SEGMENT + 100)
    writer = blob.writer()
    writer.write(0, content)
    writer.truncate(len(content) + MOST_ZEROS)
    writer.write(9 * SEGMENT, b"far")
    sealed = writer.sealed
    assert writer.settle() == writer.size == len(content)
    assert writer.sealed - sealed <= 2
    assert blob.path.stat().st_size <= 4 * RECORD
    resumed = blob.resumed()
    assert (resumed.size, resumed.read(0, len(content))) == (len(content), content)
