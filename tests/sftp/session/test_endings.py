"""How a session and its files end: one way commits, no other does."""

import pytest

from mft.model.errors import Conflict, Exhausted, Unavailable
from mft.sftp.session.limits import SessionLimits
from mft.sftp.session.packets import Code
from mft.sftp.session.session import SftpSession
from tests.support.wire import (
    CREATE,
    INIT,
    READ,
    WRITE,
    Channel,
    FaultyRoom,
    Lines,
    Wire,
    close_handle,
    open_file,
    u32,
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


async def test_after_the_clients_eof_the_channel_ends_with_exit_status_0(offload):
    wire = Wire(FaultyRoom(), offload)
    handle = await wire.opened()
    wire.channel.arrive(close_handle(2, handle))
    assert wire.session.eof_received()
    await wire.session.released()
    assert [answer.code for answer in wire.take()] == [Code.OK]
    assert wire.channel.how == "exit 0"
    assert wire.log.of("channel.closed")[0]["ended"] == "closed"


async def test_a_channel_that_never_became_sftp_is_let_go_all_the_same(offload):
    session = SftpSession(FaultyRoom(), offload, SessionLimits(), lambda: 0, Lines())
    session.connection_made(Channel())
    assert not session.subsystem_requested("shell")
    assert session.silent_since == 0
    session.connection_lost(None)
    await session.released()


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


async def test_a_store_that_cannot_be_told_of_a_lease_costs_no_upload(offload):
    room = FaultyRoom()
    wire = Wire(room, offload, SessionLimits(lease=0.01))
    handle = await wire.opened()
    await wire.ask(write_file(2, handle, 0, b"abc"))
    room.fault = lambda: Unavailable("busy") if room.calls[-1] == "check_lease" else None
    await until(lambda: len(wire.log.of("lease.unknown")) >= 2)
    room.fault = lambda: None
    await wire.settled()
    (closed,) = await wire.ask(close_handle(3, handle))
    assert (closed.code, room.published) == (Code.OK, 1)
