"""The digest of an upload is that of its bytes, however they come and whoever computes it."""

import hashlib
import random
import threading

import pytest

from mft.blobs.digest import BATCH, PIECE, Digest
from mft.crypto.segments import SEGMENT


def pieces(size: int, step: int) -> list[bytes]:
    whole = bytes(number % 251 for number in range(size))
    return [whole[start : start + step] for start in range(0, size, step)]


@pytest.mark.parametrize("size", [0, 1, BATCH - 1, BATCH, BATCH + 1, 3 * BATCH + 7])
@pytest.mark.parametrize("step", [65_536, 100_003])
def test_it_is_the_sha_256_of_the_bytes_in_order(size: int, step: int):
    digest, given = Digest(), pieces(size, step)
    for piece in given:
        digest.update(piece)
    assert digest.finish(b"rest") == hashlib.sha256(b"".join(given) + b"rest").digest()


def test_what_was_given_may_be_written_over_at_once():
    digest, buffer = Digest(), bytearray(BATCH // 4)
    for number in range(9):
        buffer[:] = bytes([number]) * len(buffer)
        digest.update(memoryview(buffer))
    buffer[:] = bytes(len(buffer))
    assert digest.finish() == hashlib.sha256(b"".join(bytes([n]) * len(buffer) for n in range(9))).digest()


def test_more_may_follow_where_the_rest_began():
    digest = Digest()
    digest.update(b"one")
    assert digest.finish(b"rest") == hashlib.sha256(b"onerest").digest()
    digest.update(b"two")
    assert digest.finish() == hashlib.sha256(b"onetwo").digest()


class Beside:
    """A SHA-256 that begins a batch only when it is let."""

    def __init__(self) -> None:
        self.begun, self.let = threading.Event(), threading.Event()
        self.batches: list[int] = []
        self._real = hashlib.sha256()

    def update(self, data: memoryview) -> None:
        self.begun.set()
        assert self.let.wait(30)
        self._real.update(data)
        self.batches.append(len(data))

    def copy(self) -> "hashlib._Hash":
        return self._real.copy()


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> Beside:
    made = Beside()
    monkeypatch.setattr("mft.blobs.digest.sha256", lambda: made)
    return made


def test_no_more_than_two_batches_lie_in_memory(beside: Beside):
    digest, given = Digest(), bytes(PIECE)
    for _ in range(BATCH // PIECE + 1):  # A batch goes when more comes.
        digest.update(given)
    assert beside.begun.wait(30)
    for _ in range(BATCH // PIECE - 1):
        digest.update(given)
    more = threading.Thread(target=digest.update, args=(b"1",))
    more.start()
    more.join(0.05)
    assert more.is_alive()
    beside.let.set()
    more.join(30)
    assert digest.finish() == hashlib.sha256(bytes(2 * BATCH) + b"1").digest()


def test_once_it_has_settled_nothing_is_done_beside(beside: Beside):
    beside.let.set()
    digest = Digest()
    for _ in range(BATCH // PIECE + 1):
        digest.update(bytes(PIECE))
    digest.settle()
    assert beside.batches == [BATCH]


def test_what_was_given_last_lies_behind_the_segment_before_it():
    digest, chance, whole = Digest(), random.Random(7), b""
    while len(whole) < 3 * BATCH:
        piece = chance.randbytes(chance.choice([1, 1000, SEGMENT, PIECE]))
        whole += piece
        digest.update(piece)
        reach = min(len(piece) + SEGMENT, len(whole))
        assert digest.last(reach) == whole[-reach:]
    assert digest.finish() == hashlib.sha256(whole).digest()


def test_more_than_a_batch_may_follow_an_interim_result():
    digest, whole = Digest(), b""
    for number in range(24):
        piece = bytes([number]) * (PIECE // 3)
        whole += piece
        digest.update(piece)
        assert digest.finish() == hashlib.sha256(whole).digest()
