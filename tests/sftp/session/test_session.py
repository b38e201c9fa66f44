"""One session, request by request, over a room that fails when it is told to."""

import asyncio

import pytest

from mft.model.errors import Conflict, Exhausted, Forbidden, NotFound, Unavailable
from mft.sftp.session.limits import SessionLimits
from mft.sftp.session.packets import Code, Kind, string
from tests.support.wire import (
    APPEND,
    CREATE,
    INIT,
    NO_ATTRS,
    READ,
    TRUNCATE,
    WRITE,
    FaultyRoom,
    Wire,
    close_handle,
    framed,
    open_file,
    read_file,
    request,
    u32,
    u64,
    until,
    write_file,
)


async def test_a_close_that_the_client_sent_commits_and_only_then_answers_ok(offload):
    room = FaultyRoom()
    wire = Wire(room, offload)
    handle = await wire.opened()
    (wrote, closed) = await wire.ask(write_file(2, handle, 0, b"abc"), close_handle(3, handle))
    assert (wrote.code, closed.code) == (Code.OK, Code.OK)
    assert room.calls.index("finish") < room.calls.index("publish")
    assert (room.published, room.opened) == (1, 0)


@pytest.mark.parametrize(
    "cut",
    [
        lambda wire: wire.session.connection_lost(ConnectionResetError()),
        lambda wire: wire.session.connection_lost(None),
        lambda wire: wire.session.eof_received(),
        lambda wire: wire.session.signal_received("TERM"),
        lambda wire: wire.channel.arrive(u32(0xFFFFFFFF)),
        lambda wire: wire.channel.arrive(INIT),
    ],
    ids=["reset", "channel closed", "half-close", "signal", "endless packet", "second INIT"],
)
async def test_no_other_end_of_a_session_commits_or_leaks(offload, cut):
    room = FaultyRoom()
    wire = Wire(room, offload)
    upload = await wire.opened()
    await wire.opened(flags=READ)
    await wire.ask(write_file(5, upload, 0, b"half of it"))
    cut(wire)
    await wire.session.released()
    assert (room.published, room.opened) == (0, 0)
    assert ("upload", "cut") in room.ended
    assert ("download", "cut") in room.ended
    assert wire.channel.closing


async def test_a_window_change_and_a_break_change_nothing(offload):
    room = FaultyRoom()
    wire = Wire(room, offload)
    handle = await wire.opened()
    for _ in range(100):
        wire.session.terminal_size_changed(80, 24, 0, 0)
        assert not wire.session.break_received(10)
        wire.session.signal_received("USR1")
    assert [answer.code for answer in await wire.ask(close_handle(2, handle))] == [Code.OK]


async def test_one_handle_that_fails_to_end_does_not_keep_the_others(offload):
    room = FaultyRoom()
    wire = Wire(room, offload)
    for _ in range(5):
        await wire.opened()
        await wire.opened(flags=READ)
    room.fault = lambda: RuntimeError("disk on fire at db.internal")
    wire.session.connection_lost(None)
    await wire.session.released()
    assert room.opened == 0
    assert len(wire.log.of("release.failed")) == 10


async def test_a_request_under_way_when_the_line_is_cut_keeps_its_handle_from_leaking(offload):
    room = FaultyRoom()
    wire = Wire(room, offload)
    wire.channel.arrive(open_file(1, b"/x", WRITE | CREATE))
    wire.session.connection_lost(None)
    await wire.session.released()
    assert room.opened == 0
    assert room.published == 0


async def test_requests_queued_behind_a_cut_are_dropped(offload):
    room = FaultyRoom()
    wire = Wire(room, offload)
    first, second = await wire.opened(), await wire.opened()
    wire.channel.arrive(close_handle(7, first) + close_handle(8, second))
    wire.session.connection_lost(None)
    await wire.session.released()
    assert room.published == 1  # The first CLOSE was begun; the second was never looked at.
    assert ("upload", "cut") in room.ended


async def test_an_upload_with_a_refused_write_is_never_published(offload):
    """A client that overlooks the failure and closes would publish a file without its end."""
    room = FaultyRoom()
    wire = Wire(room, offload)
    handle = await wire.opened()
    room.fault = lambda: Exhausted("quota of northwind: 10 of 10 bytes")
    (refused,) = await wire.ask(write_file(2, handle, 0, b"abc"))
    room.fault = lambda: None
    (closed,) = await wire.ask(close_handle(3, handle))
    assert (refused.code, closed.code) == (Code.FAILURE, Code.FAILURE)
    assert (room.published, room.opened) == (0, 0)


@pytest.mark.parametrize("step", ["finish", "publish"])
async def test_a_commit_that_fails_answers_failure_and_interrupts(offload, step):
    room = FaultyRoom()
    wire = Wire(room, offload)
    handle = await wire.opened()
    room.fault = lambda: Conflict("a hole at 17") if room.calls[-1] == step else None
    (closed,) = await wire.ask(close_handle(3, handle))
    assert closed.code == Code.FAILURE
    assert (room.published, room.opened) == (0, 0)
    (again,) = await wire.ask(close_handle(4, handle))
    assert again.code == Code.FAILURE


async def test_the_text_of_an_error_never_reaches_the_wire_and_its_reference_is_in_the_log(offload):
    room = FaultyRoom(fault=lambda: RuntimeError("postgres://mft:hunter2@db.internal"))
    wire = Wire(room, offload)
    (answer,) = await wire.ask(request(Kind.STAT, 9, string(b"/x")))
    (line,) = wire.log.of("request.failed")
    assert answer.code == Code.FAILURE
    assert "hunter2" not in answer.text
    assert str(line["reference"]) in answer.text
    assert line["request"] == "STAT"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotFound("x"), Code.NO_SUCH_FILE),
        (Forbidden("x"), Code.PERMISSION_DENIED),
        (Exhausted("x"), Code.FAILURE),
        (Conflict("x"), Code.FAILURE),
        (Unavailable("x"), Code.FAILURE),
    ],
)
async def test_each_error_has_its_status_on_every_request_that_can_meet_it(offload, error, code):
    room = FaultyRoom(fault=lambda: error)
    wire = Wire(room, offload)
    path = string(b"/Inbound/a")
    asked = [
        open_file(1, b"/Inbound/a", READ),
        open_file(2, b"/Inbound/a", WRITE),
        request(Kind.LSTAT, 3, path),
        request(Kind.SETSTAT, 4, path, NO_ATTRS),
        request(Kind.OPENDIR, 5, path),
        request(Kind.REMOVE, 6, path),
        request(Kind.MKDIR, 7, path, NO_ATTRS),
        request(Kind.RMDIR, 8, path),
        request(Kind.STAT, 9, path),
        request(Kind.RENAME, 10, path, path),
        request(Kind.EXTENDED, 11, string(b"posix-rename@openssh.com"), path, path),
        request(Kind.EXTENDED, 12, string(b"statvfs@openssh.com"), path),
    ]
    found = await wire.ask(*asked)
    assert [answer.number for answer in found] == list(range(1, 13))
    assert {answer.code for answer in found} == {code}


async def test_requests_are_answered_in_order_whichever_of_them_wait(offload):
    wire = Wire(FaultyRoom(), offload)
    handle = await wire.opened()
    asked = [
        request(Kind.STAT, n, string(b"/")) if n % 3 else request(Kind.MKDIR, n, string(b"/d"), NO_ATTRS)
        for n in range(60)
    ]
    asked[30] = write_file(30, handle, 0, b"x" * 50_000)
    found = await wire.ask(*asked)
    assert [answer.number for answer in found] == list(range(60))


async def test_a_read_of_four_gigabytes_is_answered_with_261120_bytes(offload):
    wire = Wire(FaultyRoom(size=1 << 33), offload)
    handle = await wire.opened(flags=READ)
    (answer,) = await wire.ask(read_file(2, handle, 0, 0xFFFFFFFF))
    assert len(answer.content) == 261_120


async def test_a_read_past_the_end_is_eof_and_one_of_nothing_is_not(offload):
    wire = Wire(FaultyRoom(size=10), offload)
    handle = await wire.opened(flags=READ)
    past, nothing, far = await wire.ask(
        read_file(2, handle, 10, 5), read_file(3, handle, 0, 0), read_file(4, handle, (1 << 64) - 1, 5)
    )
    assert (past.code, nothing.content, far.code) == (Code.EOF, b"", Code.EOF)


async def test_a_file_opened_one_way_is_not_used_the_other(offload):
    wire = Wire(FaultyRoom(), offload)
    reading, writing = await wire.opened(flags=READ), await wire.opened(flags=WRITE | CREATE)
    both = await wire.opened(flags=READ | WRITE | TRUNCATE)
    found = await wire.ask(
        write_file(2, reading, 0, b"x"), read_file(3, writing, 0, 1), read_file(4, both, 0, 1), open_file(5, b"/x", 0)
    )
    assert [answer.code for answer in found] == [
        *(Code.PERMISSION_DENIED, Code.PERMISSION_DENIED),
        *(Code.EOF, Code.PERMISSION_DENIED),
    ]


async def test_the_65th_handle_is_refused_and_nothing_is_opened_for_it(offload):
    room = FaultyRoom()
    wire = Wire(room, offload)
    found = await wire.ask(*(open_file(n, b"/x", READ if n % 2 else WRITE | APPEND) for n in range(2000)))
    assert sum(answer.kind == Kind.HANDLE for answer in found) == 64
    assert room.opened == 64
    (listing,) = await wire.ask(request(Kind.OPENDIR, 1, string(b"/")))
    assert listing.code == Code.FAILURE
    wire.session.connection_lost(None)
    await wire.session.released()
    assert room.opened == 0


async def test_a_handle_is_never_given_out_twice(offload):
    wire = Wire(FaultyRoom(), offload)
    first = await wire.opened(flags=READ)
    await wire.ask(close_handle(2, first))
    second = await wire.opened(flags=READ)
    (answer,) = await wire.ask(read_file(3, first, 0, 1))
    assert first != second
    assert answer.code == Code.FAILURE


async def test_strange_handles_are_refused_whatever_their_length(offload):
    wire = Wire(FaultyRoom(), offload)
    found = await wire.ask(
        *(read_file(n, b"h" * n, 0, 1) for n in range(9)),
        *(write_file(n, b"h" * n, 0, b"content") for n in range(9)),
        *(close_handle(n, b"h" * n) for n in range(9)),
    )
    assert len(found) == 27
    assert {answer.code for answer in found} <= {Code.FAILURE, Code.BAD_MESSAGE}


async def test_unread_answers_stop_the_reading_of_requests(offload):
    wire = Wire(FaultyRoom(size=1 << 40), offload)
    handle = await wire.opened(flags=READ)
    wire.channel.window = 0
    for number in range(5000):
        wire.channel.arrive(read_file(number, handle, number * 261_120, 261_120))
    assert wire.channel.most_queued <= (1 << 20) + 261_120 + 13
    assert wire.channel.paused
    for _ in range(20):
        wire.channel.drain(261_120 + 13)
    assert [answer.number for answer in wire.take()] == list(range(20))
    assert wire.channel.most_queued <= (1 << 20) + 261_120 + 13


async def test_a_socket_that_takes_nothing_stops_the_reading_too(offload):
    wire = Wire(FaultyRoom(), offload)
    wire.backlog = 2 << 20
    wire.channel.arrive(request(Kind.STAT, 1, string(b"/")) + request(Kind.STAT, 2, string(b"/")))
    assert [answer.number for answer in wire.take()] == [1]
    wire.backlog = 0
    wire.session.resume_writing()
    assert [answer.number for answer in wire.take()] == [2]
    assert not wire.channel.paused


async def test_a_drained_socket_is_noticed_though_nobody_says_so(offload):
    wire = Wire(FaultyRoom(), offload)
    wire.backlog = 2 << 20
    wire.channel.arrive(request(Kind.STAT, 1, string(b"/")) + request(Kind.STAT, 2, string(b"/")))
    wire.backlog = 0
    await until(lambda: not wire.channel.paused)
    assert [answer.number for answer in wire.take()] == [1, 2]


@pytest.mark.parametrize(
    ("limits", "before", "why"),
    [
        (SessionLimits(idle=0.02), lambda _: None, "idle"),
        (SessionLimits(half_received=0.02), lambda wire: wire.channel.arrive(u32(100) + b"\x11half"), "half received"),
        (SessionLimits(half_received=0.02), lambda wire: wire.channel.arrive(b"\0"), "half received"),
        (SessionLimits(undrained=0.02), lambda wire: setattr(wire, "backlog", 1), "undrained"),
    ],
)
async def test_silence_ends_a_session_and_commits_nothing(offload, limits, before, why):
    room = FaultyRoom()
    wire = Wire(room, offload, limits)
    await wire.opened()
    before(wire)
    async with asyncio.timeout(10):
        await wire.session.released()
    assert wire.log.of("channel.silent") == [{"why": why}]
    assert (room.published, room.ended) == (0, [("upload", "idle")])
    assert wire.channel.how == "abort"


async def test_after_the_clients_eof_the_channel_ends_with_exit_status_0(offload):
    wire = Wire(FaultyRoom(), offload)
    handle = await wire.opened()
    wire.channel.arrive(close_handle(2, handle))
    assert wire.session.eof_received()
    await wire.session.released()
    assert [answer.code for answer in wire.take()] == [Code.OK]
    assert wire.channel.how == "exit 0"


async def test_leases_are_renewed_for_uploads_that_were_written_to_and_a_lost_one_spoils_the_upload(offload):
    room = FaultyRoom()
    wire = Wire(room, offload, SessionLimits(lease=0.01))
    handle = await wire.opened()
    await wire.ask(write_file(2, handle, 0, b"abc"))
    room.fault = lambda: Conflict("taken over") if room.calls[-1] == "check_lease" else None
    await until(lambda: bool(wire.log.of("lease.lost")))
    await wire.settled()
    (closed,) = await wire.ask(close_handle(3, handle))
    assert closed.code == Code.FAILURE
    assert room.published == 0


async def test_a_stranger_request_is_unsupported_and_the_session_goes_on(offload):
    wire = Wire(FaultyRoom(), offload)
    honoured = {*range(3, 19), Kind.EXTENDED, Kind.INIT}
    for kind in set(range(256)) - honoured:
        (answer,) = await wire.ask(request(kind, 77, b"whatever this is"))
        assert (answer.number, answer.code) == (77, Code.OP_UNSUPPORTED)
    (answer,) = await wire.ask(request(Kind.EXTENDED, 78, string(b"copy-data"), b"\0" * 40))
    assert answer.code == Code.OP_UNSUPPORTED
    assert (await wire.ask(request(Kind.STAT, 79, string(b"/"))))[0].kind == Kind.ATTRS


@pytest.mark.parametrize("kind", [kind for kind in range(256) if kind != Kind.INIT])
async def test_nothing_is_answered_before_init(offload, kind):
    room = FaultyRoom()
    wire = Wire(room, offload, greet=False)
    wire.channel.arrive(request(kind, 3, string(b"/"), b"\0" * 30))
    await wire.session.released()
    assert (wire.take(), room.calls, wire.channel.closing) == ([], [], True)


async def test_a_client_of_version_2_is_sent_away(offload):
    wire = Wire(FaultyRoom(), offload, greet=False)
    wire.channel.arrive(framed(bytes([Kind.INIT]) + u32(2)))
    await wire.session.released()
    assert wire.take() == []


async def test_a_newer_client_is_told_version_3_and_the_honoured_extensions(offload):
    wire = Wire(FaultyRoom(), offload, greet=False)
    wire.channel.arrive(framed(bytes([Kind.INIT]) + u32(6) + string(b"x@y") + string(b"1")))
    (answer,) = wire.take()
    assert (answer.kind, answer.number) == (Kind.VERSION, 3)
    assert b"limits@openssh.com" in answer.body
    assert b"hardlink@openssh.com" not in answer.body


async def test_cut_fields_are_a_bad_message_on_every_request(offload):
    wire = Wire(FaultyRoom(), offload)
    kinds = [*range(Kind.OPEN, Kind.RENAME + 1), Kind.EXTENDED]
    found = await wire.ask(*(request(kind, kind, b"\0\0\0\x09/abc") for kind in kinds))
    assert [answer.code for answer in found] == [Code.BAD_MESSAGE] * len(kinds)


async def test_limits_says_what_is_enforced(offload):
    wire = Wire(FaultyRoom(), offload)
    (answer,) = await wire.ask(request(Kind.EXTENDED, 1, string(b"limits@openssh.com")))
    assert answer.kind == Kind.EXTENDED_REPLY
    assert answer.body == u64(262_144) + u64(261_120) + u64(261_120) + u64(64)


async def test_a_listing_packs_many_names_below_the_packet_limit_with_dots_first(offload):
    wire = Wire(FaultyRoom(size=10_000), offload)
    (opened,) = await wire.ask(request(Kind.OPENDIR, 1, string(b"/Inbound")))
    names, packets = [], 0
    while True:
        (answer,) = await wire.ask(request(Kind.READDIR, 2, string(opened.handle)))
        if answer.kind == Kind.STATUS:
            break
        packets += 1
        assert len(answer.body) <= 128 * 1024
        at = 4
        for _ in range(int.from_bytes(answer.body[:4], "big")):
            length = int.from_bytes(answer.body[at : at + 4], "big")
            names.append(answer.body[at + 4 : at + 4 + length].decode())
            at += 4 + length
            at += 4 + int.from_bytes(answer.body[at : at + 4], "big") + 32
        assert at == len(answer.body)
    assert answer.code == Code.EOF
    assert names == [".", "..", *(f"file-{n:06}.txt" for n in range(10_000))]
    assert packets < 30


async def test_owners_are_refused_modes_ignored_and_times_kept(offload):
    room = FaultyRoom()
    wire = Wire(room, offload)
    path = string(b"/Inbound/a")
    mode, same, other = (
        u32(4) + u32(0o600),
        u32(2) + u32(0) + u32(0),
        u32(2 | 8) + u32(501) + u32(20) + u32(5) + u32(6),
    )
    found = await wire.ask(*(request(Kind.SETSTAT, n, path, sent) for n, sent in enumerate((mode, same, other))))
    assert [answer.code for answer in found] == [Code.OK, Code.OK, Code.PERMISSION_DENIED]
    assert room.calls.count("set_mtime") == 1
    handle = await wire.opened()
    (answer,) = await wire.ask(request(Kind.FSETSTAT, 5, string(handle), u32(8) + u32(1) + u32(1_600_000_000)))
    (stat,) = await wire.ask(request(Kind.FSTAT, 6, string(handle)))
    assert answer.code == Code.OK
    assert stat.body.endswith(u32(1_600_000_000))


HOSTILE = [
    *(b"/../../../../etc/passwd\0", b"\xff\xfe", b"/a\\..\\b", b"/" + b"x" * 256, b"/a" * 65, b"/\xe2\x80\xaeevil"),
    *(b"/a\r\nb", b"/\x7f", b"/\xed\xa0\x80", b"/" + b"y/" * 2048 + b"z"),
]


@pytest.mark.parametrize("path", HOSTILE)
async def test_a_path_that_cannot_be_is_refused_by_every_request_before_any_room_sees_it(offload, path):
    room = FaultyRoom()
    wire = Wire(room, offload)
    bad, good = string(path), string(b"/Inbound/a")
    found = await wire.ask(
        open_file(1, path, READ),
        open_file(2, path, WRITE | CREATE),
        *(request(kind, kind, bad, NO_ATTRS) for kind in (7, 9, 11, 13, 14, 15, 16, 17)),
        request(Kind.RENAME, 18, bad, good),
        request(Kind.RENAME, 19, good, bad),
        *(
            request(Kind.EXTENDED, 20, string(b"posix-rename@openssh.com"), *pair)
            for pair in ((bad, good), (good, bad))
        ),
        request(Kind.EXTENDED, 21, string(b"statvfs@openssh.com"), bad),
    )
    assert len(found) == 15
    assert {answer.code for answer in found} == {Code.NO_SUCH_FILE}
    assert room.calls == []
