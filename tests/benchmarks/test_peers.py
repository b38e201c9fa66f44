import os
import secrets

import pytest

from benchmarks.catalog import blocks
from benchmarks.peers.mft_plain import copy_in, copy_out
from benchmarks.peers.proftpd import rfc4716
from mft.crypto.keys import read_public_key
from mft.crypto.segments import RECORD, SEGMENT, SegmentCipher, new_file_key
from mft.model.errors import Invalid


def cipher() -> SegmentCipher:
    return SegmentCipher(new_file_key(), os.urandom(16))


@pytest.mark.parametrize("size", [0, 1, 65_535, SEGMENT])
def test_a_segment_that_is_only_copied_lies_where_a_sealed_one_would_and_comes_back(size):
    content, record, sealed = secrets.token_bytes(size), memoryview(bytearray(RECORD)), memoryview(bytearray(RECORD))
    plain = memoryview(bytearray(SEGMENT))
    assert copy_in(cipher(), 3, content, size, record) == cipher().seal_into(3, content, size, sealed)
    assert copy_out(cipher(), 3, record, plain) == (size, size)
    assert plain[:size] == content
    assert bytes(content) in bytes(record)


def test_a_segment_that_is_cut_short_is_refused_as_a_sealed_one_is():
    record = memoryview(bytearray(RECORD))
    copy_in(cipher(), 0, b"x" * 100, 100, record)
    for cut in (10, 100):
        with pytest.raises(Invalid):
            copy_out(cipher(), 0, record[:cut], memoryview(bytearray(SEGMENT)))


def test_the_product_still_seals_when_the_patch_is_only_imported():
    record = memoryview(bytearray(RECORD))
    cipher().seal_into(0, b"confidential " * 10, 130, record)
    assert b"confidential" not in bytes(record)


def test_proftpd_gets_the_key_in_the_form_it_reads():
    body = "AAAAC3NzaC1lZDI1NTE5AAAAIJ1hY3zVn5vXW8hQ0o3m6Zx1J2bqkq1o3QmV8w0eXk1F"
    text = rfc4716(f"ssh-ed25519 {body} bench\n")
    assert read_public_key(text).line == f"ssh-ed25519 {body}"


def test_blocks_leave_nothing_out():
    assert [one for block in blocks(25_001) for one in block] == list(range(25_001))
