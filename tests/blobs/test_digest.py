"""The digest of an upload is that of its bytes, however they come and whoever computes it."""

import hashlib
import threading

import pytest

from mft.blobs.digest import BATCH, Digest


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


def test_no_more_than_two_batches_lie_in_memory():
    held, told = threading.Event(), threading.Event()

    def hold() -> None:
        told.set()
        assert held.wait(30)

    digest = Digest(hold)
    digest.update(bytes(BATCH))
    assert told.wait(30)
    digest.update(bytes(BATCH - 1))
    more = threading.Thread(target=digest.update, args=(b"1",))
    more.start()
    more.join(0.05)
    assert more.is_alive()
    held.set()
    more.join(30)
    assert digest.finish() == hashlib.sha256(bytes(2 * BATCH - 1) + b"1").digest()


def test_once_it_has_settled_nothing_is_done_beside():
    done: list[str] = []
    digest = Digest(lambda: done.append("after"))
    digest.update(bytes(BATCH))
    digest.settle()
    assert done == ["after"]
