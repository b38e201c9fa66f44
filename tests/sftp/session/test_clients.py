"""What asyncssh's and paramiko's clients do all day, over real SSH on the real tree."""

import asyncio
from pathlib import Path

import asyncssh
import paramiko
import pytest

from mft.model.file import EntryKind
from mft.sftp.session.packets import Code
from mft.store import catalog
from tests.support.sessions import HOME, Place, Raw, noise
from tests.support.wire import CREATE, TRUNCATE, WRITE, close_handle, open_file, write_file
from tests.support.world import get, names, p, put

SEGMENT = 65_536


@pytest.mark.parametrize("size", [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 261_121, 3_000_000])
async def test_what_is_put_is_got_by_both_clients(place: Place, tmp_path: Path, size: int):
    content = noise(size)
    (tmp_path / "local").write_bytes(content)
    async with await place.connect() as connection, connection.start_sftp_client() as sftp:
        await sftp.put(tmp_path / "local", f"{HOME}/a.bin", preserve=True)
        await sftp.get(f"{HOME}/a.bin", tmp_path / "back")
        assert (await sftp.stat(f"{HOME}/a.bin")).size == size

    def theirs(client: paramiko.SFTPClient) -> None:
        client.put(str(tmp_path / "local"), f"{HOME}/b.bin")
        client.get(f"{HOME}/a.bin", str(tmp_path / "again"))

    await asyncio.to_thread(place.visit, theirs)
    assert (tmp_path / "back").read_bytes() == (tmp_path / "again").read_bytes() == content
    assert get(place.world.as_("alice"), f"{HOME}/b.bin") == content


async def test_the_first_words_tell_limits_and_what_is_honoured(place: Place):
    async with await place.connect() as connection, connection.start_sftp_client() as sftp:
        assert (sftp.limits.max_read_len, sftp.limits.max_write_len) == (261_120, 261_120)
        assert sftp.version == 3
        space = await sftp.statvfs(HOME)
        assert space.frsize * space.blocks > 0
        assert space.namemax == 255


async def test_names_are_made_moved_and_removed(place: Place):
    put(place.world.as_("alice"), f"{HOME}/a", b"a")
    put(place.world.as_("alice"), f"{HOME}/b", b"b")
    async with await place.connect() as connection, connection.start_sftp_client() as sftp:
        await sftp.mkdir(f"{HOME}/in")
        await sftp.rename(f"{HOME}/a", f"{HOME}/in/a")
        with pytest.raises(asyncssh.SFTPFailure):
            await sftp.rename(f"{HOME}/b", f"{HOME}/in/a")
        await sftp.posix_rename(f"{HOME}/b", f"{HOME}/in/a")
        with pytest.raises(asyncssh.SFTPFailure, match="not empty"):
            await sftp.rmdir(f"{HOME}/in")
        await sftp.remove(f"{HOME}/in/a")
        await sftp.rmdir(f"{HOME}/in")
        assert set(await sftp.listdir(HOME)) == {".", ".."}
        with pytest.raises(asyncssh.SFTPNoSuchFile):
            await sftp.stat(f"{HOME}/a")


async def test_times_and_modes_are_taken_as_clients_send_them(place: Place):
    put(place.world.as_("alice"), f"{HOME}/a", b"abc")
    async with await place.connect() as connection, connection.start_sftp_client() as sftp:
        await sftp.chmod(f"{HOME}/a", 0o600)
        await sftp.utime(f"{HOME}/a", (1, 1_600_000_000))
        assert (await sftp.stat(f"{HOME}/a")).mtime == 1_600_000_000
        with pytest.raises(asyncssh.SFTPPermissionDenied):
            await sftp.chown(f"{HOME}/a", 501, 20)
        for refused in (
            sftp.symlink("/a", f"{HOME}/b"),
            sftp.link(f"{HOME}/a", f"{HOME}/b"),
            sftp.readlink(f"{HOME}/a"),
        ):
            with pytest.raises(asyncssh.SFTPOpUnsupported):
                await refused


async def test_ten_thousand_names_are_listed_each_once(place: Place):
    with place.world.store.write() as connection:
        parent = catalog.resolve(connection, p(HOME)).step
        assert parent is not None
        for number in range(10_000):
            at, owner = place.world.clock.now(), parent.organization
            catalog.add_entry(
                connection, parent.id, f"f{number:05}", EntryKind.FOLDER, owner=owner, at=at, creator="olivia"
            )
    listed = await asyncio.to_thread(place.visit, lambda client: client.listdir_attr(HOME))
    assert isinstance(listed, list)
    assert sorted(one.filename for one in listed) == [f"f{n:05}" for n in range(10_000)]
    assert listed[0].longname.split()[2] == "olivia"


async def test_quota_ends_an_upload_in_the_middle_and_its_close_commits_nothing(place: Place, raw: Raw):
    place.world.quota("northwind", 100_000)
    (opened,) = await raw.ask(open_file(1, f"{HOME}/x".encode(), WRITE | CREATE | TRUNCATE))
    found = await raw.ask(
        write_file(2, opened.handle, 0, bytes(90_000)),
        write_file(3, opened.handle, 90_000, bytes(90_000)),
        close_handle(4, opened.handle),
    )
    assert [answer.code for answer in found] == [Code.OK, Code.FAILURE, Code.FAILURE]
    assert "quota" in found[1].text
    assert names(place.world.operator, HOME) == []


async def test_a_hole_is_refused_at_close_and_what_arrived_is_kept(place: Place, raw: Raw):
    (opened,) = await raw.ask(open_file(1, f"{HOME}/x".encode(), WRITE | CREATE | TRUNCATE))
    found = await raw.ask(write_file(2, opened.handle, 10, b"later"), close_handle(3, opened.handle))
    assert [answer.code for answer in found] == [Code.OK, Code.FAILURE]
    assert names(place.world.operator, HOME) == []


async def test_one_line_is_logged_per_transfer_and_one_per_channel(place: Place, tmp_path: Path):
    (tmp_path / "local").write_bytes(b"x" * 1000)
    async with await place.connect() as connection, connection.start_sftp_client() as sftp:
        await sftp.put(tmp_path / "local", f"{HOME}/a")
        await sftp.get(f"{HOME}/a", tmp_path / "back")
    async with asyncio.timeout(10):
        await place.sessions[0].released()
    (up,), (down,), (channel,) = (place.log.of(e) for e in ("upload.committed", "download.closed", "channel.closed"))
    assert (up["size"], up["moved"], down["moved"]) == (1000, 1000, 1000)
    assert up["path"] == f"{HOME}/a"
    assert channel["requests"] > 4
