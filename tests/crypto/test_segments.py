import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mft.crypto.segments import OVERHEAD, RECORD, SEGMENT, SegmentCipher, new_file_key
from mft.model.errors import Invalid

_KEY, _FILE = new_file_key(), os.urandom(16)


def _sealed(plain, number=3, filled=None, cipher=None):
    record = memoryview(bytearray(RECORD))
    sealer = cipher or SegmentCipher(_KEY, _FILE)
    size = sealer.seal_into(number, plain, len(plain) if filled is None else filled, record)
    return bytearray(record[:size])


def _opened(record, number=3, cipher=None):
    plain = memoryview(bytearray(SEGMENT))
    length, filled = (cipher or SegmentCipher(_KEY, _FILE)).open_into(number, memoryview(record), plain)
    return bytes(plain[:length]), filled


@pytest.mark.parametrize("length", [0, 1, 100, SEGMENT - 1, SEGMENT])
def test_what_is_sealed_opens_as_it_was(length):
    plain = os.urandom(length)
    record = _sealed(plain, filled=length // 2)
    assert len(record) == length + OVERHEAD
    assert _opened(record) == (plain, length // 2)


@settings(deadline=None)
@given(plain=st.binary(min_size=1, max_size=200), at=st.integers(0, 1 << 30), change=st.integers(1, 255))
def test_one_changed_byte_anywhere_does_not_open(plain, at, change):
    record = _sealed(plain)
    record[at % len(record)] ^= change
    with pytest.raises(Invalid):
        _opened(record)


@given(cut=st.integers(0, OVERHEAD + 9))
def test_a_record_cut_short_does_not_open(cut):
    with pytest.raises(Invalid):
        _opened(_sealed(b"ten bytes!")[:cut])


def test_what_follows_a_record_is_not_looked_at():
    assert _opened(_sealed(b"abc") + b"left over") == (b"abc", 3)


def test_a_record_opens_in_its_place_only():
    with pytest.raises(Invalid):
        _opened(_sealed(b"abc", number=3), number=4)


@pytest.mark.parametrize(
    "other", [SegmentCipher(_KEY, os.urandom(16)), SegmentCipher(new_file_key(), _FILE)], ids=["file", "key"]
)
def test_a_record_opens_in_its_own_file_only(other):
    with pytest.raises(Invalid):
        _opened(_sealed(b"abc"), cipher=other)


def test_no_two_sealings_are_alike():
    cipher = SegmentCipher(_KEY, _FILE)
    assert len({bytes(_sealed(b"the same", cipher=cipher)) for _ in range(100)}) == 100


def test_a_short_buffer_is_refused_not_overrun():
    record = memoryview(_sealed(b"x" * 100))
    with pytest.raises(Invalid):
        SegmentCipher(_KEY, _FILE).open_into(3, record, memoryview(bytearray(99)))


@pytest.mark.parametrize(
    ("key", "file_id"), [(b"short", _FILE), (_KEY, b"short"), (_KEY[:16], _FILE)], ids=["key", "id", "half a key"]
)
def test_a_key_or_id_of_another_size_is_refused(key, file_id):
    with pytest.raises(Invalid):
        SegmentCipher(key, file_id)
