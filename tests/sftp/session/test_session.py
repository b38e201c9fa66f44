"""One session, request by request, over a room that fails when it is told to."""

import pytest

from mft.model.errors import Conflict, Exhausted, Forbidden, NotFound, Unavailable
from mft.sftp.session.packets import Code, Kind, string
from tests.support.wire import (
    CREATE,
    NO_ATTRS,
    READ,
    TRUNCATE,
    WRITE,
    FaultyRoom,
    Wire,
    framed,
    open_file,
    read_file,
    request,
    u32,
    write_file,
)


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
