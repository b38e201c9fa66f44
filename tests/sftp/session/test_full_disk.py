"""The disk fills up under an upload: the client hears so, nothing half is shown, and what arrived goes on later."""

import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mft.sftp.session.packets import Code
from tests.support.disk import BadDisk
from tests.support.sessions import HOME, Place, Raw, noise
from tests.support.wire import CREATE, TRUNCATE, WRITE, close_handle, open_file, write_file
from tests.support.world import get, names

PATH = f"{HOME}/roster.csv"
BLOCK = 100_000
CONTENT = noise(8 * BLOCK)
BLOCKS = [(at, CONTENT[at : at + BLOCK]) for at in range(0, len(CONTENT), BLOCK)]


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> BadDisk:
    return BadDisk(monkeypatch)


async def begun(raw: Raw, flags: int = WRITE | CREATE | TRUNCATE) -> bytes:
    (opened,) = await raw.ask(open_file(1, PATH.encode(), flags))
    return opened.handle


async def sent(raw: Raw, handle: bytes) -> list[Code]:
    """Write the whole content and return what each write was answered."""
    found = await raw.ask(*(write_file(2 + n, handle, at, data) for n, (at, data) in enumerate(BLOCKS)))
    return [Code(answer.code) for answer in found]


async def closed(raw: Raw, handle: bytes) -> Code:
    (answer,) = await raw.ask(close_handle(90, handle))
    return Code(answer.code)


async def written_again(place: Place, raw: Raw) -> None:
    """The same session puts the same file once there is room again."""
    handle = await begun(raw)
    assert await sent(raw, handle) == [Code.OK] * len(BLOCKS)
    assert await closed(raw, handle) == Code.OK
    assert get(place.world.operator, PATH) == CONTENT


@pytest.mark.parametrize("failing", [1, 4])
async def test_a_disk_that_fills_up_during_an_upload_refuses_the_write_and_the_close(
    place: Place, raw: Raw, disk: BadDisk, failing: int
):
    handle = await begun(raw)
    disk.fails_write(failing)
    answers = await sent(raw, handle)
    assert disk.failures == 1
    assert answers.count(Code.FAILURE) == 1
    assert await closed(raw, handle) == Code.FAILURE
    assert names(place.world.operator, HOME) == []
    await written_again(place, raw)


async def test_the_client_hears_that_there_is_no_room(place: Place, raw: Raw, disk: BadDisk):
    handle = await begun(raw)
    disk.fails_write(1)
    found = await raw.ask(*(write_file(2 + n, handle, at, data) for n, (at, data) in enumerate(BLOCKS)))
    (refused,) = [answer for answer in found if answer.code == Code.FAILURE]
    assert "space" in refused.text.lower() or "full" in refused.text.lower()
    assert str(place.world.folder) not in refused.text
    raw.process.stdin.write_eof()


async def test_a_disk_that_is_full_when_the_last_bytes_are_made_durable_commits_nothing(
    place: Place, raw: Raw, disk: BadDisk
):
    handle = await begun(raw)
    assert await sent(raw, handle) == [Code.OK] * len(BLOCKS)
    disk.fails_sync(errno.ENOSPC)
    assert await closed(raw, handle) == Code.FAILURE
    assert disk.failures >= 1
    assert names(place.world.operator, HOME) == []
    assert place.handles() == 0
    await written_again(place, raw)


async def test_a_disk_that_is_full_when_the_file_gets_its_place_commits_nothing(
    place: Place, raw: Raw, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    handle = await begun(raw)
    assert await sent(raw, handle) == [Code.OK] * len(BLOCKS)
    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", full)
        assert await closed(raw, handle) == Code.FAILURE
    assert names(place.world.operator, HOME) == []
    assert place.handles() == 0
    await written_again(place, raw)


@contextmanager
def database_cannot_grow(place: Place) -> Iterator[None]:
    """Let no file of this process grow beyond what the database's log has already."""
    log = next(place.world.folder.glob("*.db-wal"))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_database_without_room_for_the_commit_shows_nothing_and_the_file_can_be_sent_anew(
    place: Place, raw: Raw
):
    handle = await begun(raw)
    (wrote,) = await raw.ask(write_file(2, handle, 0, b"roster" * 1_000))
    assert wrote.code == Code.OK
    with database_cannot_grow(place):
        assert await closed(raw, handle) == Code.FAILURE
    assert names(place.world.operator, HOME) == []
    assert place.handles() == 0
    place.world.clock.advance(minutes=10)  # Not even the lease's end could be written down: it has to run out.
    await written_again(place, raw)
