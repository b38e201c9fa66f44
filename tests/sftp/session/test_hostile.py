"""Clients that cut, flood, stall and lie, over real SSH on the real tree."""

import asyncio
import hashlib
import os
import resource

import asyncssh
import pytest

from mft.sftp.session.packets import Code, Kind, string
from mft.vfs.workspace import Ended
from tests.support.sessions import HOME, Place, Raw, noise
from tests.support.wire import (
    CREATE,
    INIT,
    NO_ATTRS,
    READ,
    TRUNCATE,
    WRITE,
    close_handle,
    open_file,
    read_file,
    request,
    until,
    write_file,
)
from tests.support.world import get, names, p, put


async def test_an_upload_cut_short_is_not_listed_to_others_and_goes_on_where_it_stopped(place: Place):
    content = noise(700_000)
    connection = await place.connect()
    sftp = await connection.start_sftp_client()
    file = await sftp.open(f"{HOME}/roster.csv", "wb")
    await file.write(content[:400_000])
    place.sessions[0].connection_lost(ConnectionResetError())
    connection.abort()
    async with asyncio.timeout(10):
        await place.sessions[0].released()
    world = place.world
    assert names(world.operator, HOME) == []
    async with await place.connect() as again, again.start_sftp_client() as client:
        arrived = (await client.stat(f"{HOME}/roster.csv")).size
        assert arrived == 400_000
        async with client.open(f"{HOME}/roster.csv", asyncssh.FXF_WRITE, encoding=None) as rest:
            await rest.write(content[arrived:], arrived)
    assert get(world.as_("alice"), f"{HOME}/roster.csv") == content


async def test_a_torn_connection_commits_nothing(place: Place, raw: Raw):
    (opened,) = await raw.ask(open_file(1, f"{HOME}/x".encode(), WRITE | CREATE | TRUNCATE))
    (wrote,) = await raw.ask(write_file(2, opened.handle, 0, b"half"))
    assert wrote.code == Code.OK
    raw.connection.abort()
    async with asyncio.timeout(10):
        await place.sessions[0].released()
    assert names(place.world.operator, HOME) == []
    assert place.handles() == 0


async def test_a_half_close_commits_nothing_and_ends_with_exit_status_0(place: Place, raw: Raw):
    (opened,) = await raw.ask(open_file(1, f"{HOME}/x".encode(), WRITE | CREATE | TRUNCATE))
    await raw.ask(write_file(2, opened.handle, 0, b"half"))
    raw.process.stdin.write_eof()
    done = await asyncio.wait_for(raw.process.wait(), 10)
    assert done.exit_status == 0
    assert names(place.world.operator, HOME) == []
    assert place.handles() == 0


async def test_a_close_before_the_half_close_is_honoured(place: Place, raw: Raw):
    (opened,) = await raw.ask(open_file(1, f"{HOME}/x".encode(), WRITE | CREATE | TRUNCATE))
    raw.send(write_file(2, opened.handle, 0, b"whole"), close_handle(3, opened.handle))
    raw.process.stdin.write_eof()
    assert [(await raw.answer()).code for _ in range(2)] == [Code.OK, Code.OK]
    assert (await asyncio.wait_for(raw.process.wait(), 10)).exit_status == 0
    assert get(place.world.operator, f"{HOME}/x") == b"whole"


async def test_a_hundred_window_changes_and_a_signal_leak_and_commit_nothing(place: Place, raw: Raw):
    (opened,) = await raw.ask(open_file(1, f"{HOME}/x".encode(), WRITE | CREATE | TRUNCATE))
    for _ in range(100):
        raw.process.change_terminal_size(100, 30)
        raw.process.send_signal("USR1")
    (wrote,) = await raw.ask(write_file(2, opened.handle, 0, b"half"))
    assert wrote.code == Code.OK
    raw.process.send_signal("TERM")
    async with asyncio.timeout(10):
        await place.sessions[0].released()
    assert names(place.world.operator, HOME) == []
    assert place.handles() == 0


async def test_twenty_thousand_opens_hold_64_handles_and_give_them_all_back(place: Place, raw: Raw):
    put(place.world.as_("alice"), f"{HOME}/a", b"a")
    place.world.as_("alice").stat(p(f"{HOME}/a"))  # The store's reader is open, and stays.
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208  (a path object would not be quicker to read)
    asked = b"".join(open_file(number, f"{HOME}/a".encode(), READ) for number in range(20_000))
    raw.send(asked)
    found = [await raw.answer() for _ in range(20_000)]
    assert sum(answer.kind == Kind.HANDLE for answer in found) == 64
    assert {answer.code for answer in found if answer.kind == Kind.STATUS} == {Code.FAILURE}
    raw.process.stdin.write_eof()
    await asyncio.wait_for(raw.process.wait(), 10)
    assert len(os.listdir("/proc/self/fd")) <= before  # noqa: PTH208


async def test_five_thousand_unread_reads_of_four_gigabytes_keep_memory_bounded(place: Place):
    put(place.world.as_("alice"), f"{HOME}/big", noise(2_000_000))
    async with await place.connect() as connection:
        # The largest window there is, and nobody reads: everything waits in the server, if it lets it.
        process = await connection.create_process(subsystem="sftp", encoding=None, window=0x7FFFFFFF)
        client = Raw(connection, process)
        await client.ask(INIT)
        (opened,) = await client.ask(open_file(1, f"{HOME}/big".encode(), READ))
        connection._transport.pause_reading()  # noqa: SLF001  (a client that takes nothing from its socket)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        session = place.sessions[0]
        client.send(*(read_file(number, opened.handle, 0, 0xFFFFFFFF) for number in range(5000)))
        await until(lambda: session._stalled)  # noqa: SLF001  (what holds it is not told to anybody)
        waiting = session._out.waiting  # noqa: SLF001
        assert (1 << 20) < waiting <= (1 << 20) + 300_000
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before <= 64 * 1024
        connection.abort()
        async with asyncio.timeout(10):
            await session.released()


async def test_slow_reading_of_much_loses_and_reorders_nothing(place: Place, raw: Raw):
    content = noise(2_000_000)
    put(place.world.as_("alice"), f"{HOME}/big", content)
    (opened,) = await raw.ask(open_file(1, f"{HOME}/big".encode(), READ))
    blocks = list(range(0, len(content), 100_000)) * 10
    raw.send(*(read_file(number, opened.handle, offset, 100_000) for number, offset in enumerate(blocks)))
    digest, wanted = hashlib.sha256(), hashlib.sha256(content * 10)
    for number in range(len(blocks)):
        answer = await raw.answer()
        assert answer.number == number
        digest.update(answer.content)
        await asyncio.sleep(0)
    assert digest.digest() == wanted.digest()


HOSTILE = [
    *("/../../etc/passwd", "/Distribution/southwind/secret.txt", "/Distribution/northwind/../southwind/secret.txt"),
    *(
        "Distribution/../../Distribution/southwind/secret.txt",
        "//Distribution//southwind//secret.txt",
        "/proc/self/environ",
    ),
    *("/Distribution/southwind", "/Partners", "/Distribution/southwind/./secret.txt", "~root/x", "/Distribution/new"),
]


@pytest.mark.parametrize("path", HOSTILE)
async def test_no_path_reaches_what_is_somebody_elses(place: Place, raw: Raw, path: str):
    """The answer is the same as for what does not exist, on every request that takes a path."""
    put(place.world.as_("sven"), "/Distribution/southwind/secret.txt", b"sven's")
    bad, good = string(path.encode()), string(f"{HOME}/x".encode())
    put(place.world.as_("alice"), f"{HOME}/x", b"alice's")
    posix = string(b"posix-rename@openssh.com")
    found = await raw.ask(
        open_file(1, path.encode(), READ),
        *(request(kind, kind, bad, NO_ATTRS) for kind in (7, 9, 11, 13, 15, 17)),
        request(Kind.RENAME, 20, bad, good),
        request(Kind.EXTENDED, 21, posix, bad, good),
        request(Kind.EXTENDED, 22, string(b"statvfs@openssh.com"), bad),
    )
    assert {answer.code for answer in found} == {Code.NO_SUCH_FILE}
    making = await raw.ask(
        open_file(2, path.encode(), WRITE | CREATE | TRUNCATE),
        request(Kind.MKDIR, 14, bad, NO_ATTRS),
        request(Kind.RENAME, 23, good, bad),
        request(Kind.EXTENDED, 24, posix, good, bad),
    )
    assert {answer.code for answer in making} <= {Code.NO_SUCH_FILE, Code.PERMISSION_DENIED}
    assert get(place.world.as_("sven"), "/Distribution/southwind/secret.txt") == b"sven's"
    assert get(place.world.as_("alice"), f"{HOME}/x") == b"alice's"


async def test_the_server_ending_a_session_commits_nothing(place: Place, raw: Raw):
    (opened,) = await raw.ask(open_file(1, f"{HOME}/x".encode(), WRITE | CREATE | TRUNCATE))
    await raw.ask(write_file(2, opened.handle, 0, b"half"))
    place.sessions[0].end(Ended.KILLED)
    async with asyncio.timeout(10):
        await place.sessions[0].released()
        await raw.process.wait_closed()
    assert names(place.world.operator, HOME) == []
    (line,) = place.log.of("upload.interrupted")
    assert (line["ended"], line["moved"]) == ("killed", 4)
