"""Those who are in: what they may open, and how soon they are out when they may not stay."""

import asyncio
import socket
from collections.abc import Callable

import asyncssh
import pytest
from asyncssh.packet import Boolean, String, UInt32

from mft.model.account import AccountState
from mft.model.event import Action
from mft.policy.signon import Reason, Refuse
from mft.sftp.front.limits import Limits
from mft.sftp.front.listener import Entrance
from tests.support.gate import OLGA
from tests.support.hall import Hall, OpenHall, until
from tests.support.wire import FaultyRoom


async def test_one_account_does_not_fill_the_house(open_hall: OpenHall):
    hall = await open_hall(per_account=2)
    hall.gate.account("alice", allow="127.0.0.1")
    hall.gate.account("bob", allow="127.0.0.1")
    first, _ = await hall.connect()
    second, _ = await hall.connect()
    third, _ = await hall.connect()
    await asyncio.wait_for(third.wait_closed(), 10)
    await until(lambda: hall.events(Action.SESSION_ENDED))
    [ended] = hall.events(Action.SESSION_ENDED)
    assert ended.detail["why"] == "too_many"
    await hall.connect("bob")
    for connection in (first, second):
        assert await (await connection.start_sftp_client()).realpath(".") == "/"


async def test_a_fifth_channel_is_refused_and_another_one_opens_when_one_closed(hall: Hall):
    connection, _ = await hall.connect()
    async with connection:
        channels = [await connection.start_sftp_client() for _ in range(4)]
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.start_sftp_client()
        channels[0].exit()
        await channels[0].wait_closed()
        assert await (await connection.start_sftp_client()).realpath("/") == "/"


@pytest.mark.parametrize(
    "options",
    [
        {"command": "id"},
        {"command": "scp -t /"},
        {"command": None},
        {"command": None, "term_type": "xterm"},
        {"subsystem": "netconf"},
    ],
    ids=str,
)
async def test_nothing_but_sftp_is_started(hall: Hall, options: dict[str, str | None]):
    connection, _ = await hall.connect()
    async with connection:
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.create_session(asyncssh.SSHClientSession, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("request_name", "fields"),
    [
        ("env", String("LANG") + String("C")),
        ("pty-req", String("xterm") + bytes(16) + String("")),
        ("x11-req", Boolean(False) + String("MIT-MAGIC-COOKIE-1") + String("00") + UInt32(0)),
        ("auth-agent-req@openssh.com", b""),
        ("window-change", bytes(16)),
        ("break", UInt32(10)),
        ("shell", b""),
        ("exec", String("id")),
        ("subsystem", String("sftp")),
        ("no-such-request", b"anything"),
    ],
)
async def test_on_a_channel_that_serves_sftp_everything_else_is_refused_and_disturbs_nothing(
    hall: Hall, request_name: str, fields: bytes
):
    connection, _ = await hall.connect()
    async with connection:
        channel, _ = await connection.create_session(asyncssh.SSHClientSession, subsystem="sftp", encoding=None)
        sftp = await connection.start_sftp_client()
        for _ in range(100):
            assert not await channel._make_request(request_name.encode(), fields)  # noqa: SLF001
        assert await sftp.realpath("/") == "/"


async def test_nothing_is_forwarded(hall: Hall):
    connection, _ = await hall.connect()
    async with connection:
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_connection("127.0.0.1", hall.port)
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_unix_connection("/run/socket")
        with pytest.raises(asyncssh.ChannelListenError):
            await connection.forward_remote_port("127.0.0.1", 0, "127.0.0.1", hall.port)
        with pytest.raises(asyncssh.ChannelListenError):
            await connection.forward_remote_path("/tmp/socket", "/tmp/other")  # noqa: S108
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_tun()


def _disable(hall: Hall) -> None:
    hall.gate.move("alice", AccountState.ACTIVE, AccountState.DISABLED)


def _remove_address(hall: Hall) -> None:
    hall.gate.allowlists.remove(OLGA, "alice", "127.0.0.1")


def _reset_password(hall: Hall) -> None:
    hall.gate.credentials.issue_temporary(OLGA, "alice")


def _kill(hall: Hall) -> None:
    hall.gate.sessions.request_end(OLGA, "alice", why="asked by phone")


ENDINGS: dict[str, tuple[Callable[[Hall], None], set[str]]] = {
    "disabled": (_disable, {"not_admitted"}),
    "address removed": (_remove_address, {"not_admitted"}),
    "password reset": (_reset_password, {"not_admitted", "end_requested"}),
    "killed": (_kill, {"end_requested"}),
}


@pytest.mark.parametrize("ending", ENDINGS)
async def test_a_live_session_ends_at_the_next_look_when_its_caller_would_not_be_let_in(
    open_hall: OpenHall, ending: str
):
    act, reasons = ENDINGS[ending]
    hall = await open_hall(recheck=0.05)
    hall.gate.account("alice", allow="127.0.0.1")
    hall.gate.account("bob", allow="127.0.0.1")
    connection, _ = await hall.connect()
    other, _ = await hall.connect("bob")
    sftp = await connection.start_sftp_client()
    assert await sftp.realpath("/") == "/"
    moment = hall.gate.clock.advance(seconds=1)
    await until(lambda: hall.gate.sessions.listing("alice")[0].seen_at == moment)
    assert not connection.is_closed()
    act(hall)
    await asyncio.wait_for(connection.wait_closed(), 5)
    await until(lambda: hall.events(Action.SESSION_ENDED))
    [ended] = hall.events(Action.SESSION_ENDED)
    assert ended.detail["why"] in reasons
    assert not other.is_closed()
    other.close()


async def test_the_key_of_a_live_session_taken_away_ends_it(open_hall: OpenHall):
    hall = await open_hall(recheck=0.05)
    hall.gate.account("alice", allow="127.0.0.1")
    mine = asyncssh.generate_private_key("ssh-ed25519")
    hall.gate.credentials.add_key(OLGA, "alice", mine.export_public_key("openssh").decode())
    connection, _ = await hall.connect(password=[], client_keys=[mine])
    hall.gate.credentials.remove_key(OLGA, "alice", mine.get_fingerprint())
    await asyncio.wait_for(connection.wait_closed(), 5)


async def test_what_cannot_be_known_three_times_in_a_row_is_refused(hall: Hall, monkeypatch: pytest.MonkeyPatch):
    connection, _ = await hall.connect()
    answers = [Reason.CANNOT_TELL] * 2
    real = hall.gate.signon.recheck
    monkeypatch.setattr(hall.gate.signon, "recheck", lambda s: Refuse(answers.pop()) if answers else real(s))
    for _ in range(4):
        await hall.look_round()
    answers += [Reason.CANNOT_TELL] * 3
    assert not connection.is_closed()
    for _ in range(3):
        await hall.look_round()
    await asyncio.wait_for(connection.wait_closed(), 5)


async def test_a_channel_still_being_opened_when_the_connection_goes_holds_nothing_up(hall: Hall):
    connection, _ = await hall.connect()
    for _ in range(4):
        connection.send_packet(90, String("session") + UInt32(0) + UInt32(1 << 20) + UInt32(1 << 15))
    connection.abort()
    await until(lambda: hall.events(Action.SESSION_CLOSED))


def test_the_usual_pace_ends_a_session_within_a_minute():
    assert Limits().recheck * 2 < 60


async def test_live_sessions_are_marked_as_seen(open_hall: OpenHall):
    hall = await open_hall(recheck=0.05)
    hall.gate.account("alice", allow="127.0.0.1")
    connection, _ = await hall.connect()
    moment = hall.gate.clock.advance(minutes=4)
    await until(lambda: hall.gate.sessions.listing("alice")[0].seen_at == moment)
    connection.close()


async def test_a_connection_without_a_channel_does_not_stay(open_hall: OpenHall):
    hall = await open_hall(recheck=0.05, unused=0.2)
    hall.gate.account("alice", allow="127.0.0.1")
    idle, _ = await hall.connect()
    busy, _ = await hall.connect()
    await busy.start_sftp_client()
    await asyncio.wait_for(idle.wait_closed(), 5)
    assert not busy.is_closed()
    await until(lambda: hall.events(Action.SESSION_ENDED))
    [ended] = hall.events(Action.SESSION_ENDED)
    assert ended.detail["why"] == "idle"
    busy.close()


async def test_a_channel_that_asks_for_nothing_is_no_use(open_hall: OpenHall):
    hall = await open_hall(recheck=0.05, unused=0.2)
    hall.gate.account("alice", allow="127.0.0.1")
    connection, _ = await hall.connect()
    connection.send_packet(90, String("session") + UInt32(0) + UInt32(1 << 20) + UInt32(1 << 15))
    await asyncio.wait_for(connection.wait_closed(), 5)


async def test_a_lost_connection_lets_go_of_its_files_before_the_session_is_closed(open_hall: OpenHall):
    rooms: list[FaultyRoom] = []

    def room(*_: object) -> FaultyRoom:
        rooms.append(FaultyRoom())
        return rooms[-1]

    hall = await open_hall(workspace=room)
    hall.gate.account("alice", allow="127.0.0.1")
    connection, _ = await hall.connect()
    sftp = await connection.start_sftp_client()
    file = await sftp.open("/report.csv", "w")
    await file.write("half")
    connection.abort()
    await until(lambda: hall.events(Action.SESSION_CLOSED))
    [closed] = hall.events(Action.SESSION_CLOSED)
    assert closed.detail["why"] == "connection_lost"
    assert rooms[0].published == 0
    assert rooms[0].ended


async def test_closing_the_door_ends_every_session_and_writes_it_down(hall: Hall):
    connection, _ = await hall.connect()
    await connection.start_sftp_client()
    stranger, writer = await hall.dial("127.0.0.9")
    await stranger.readline()
    await asyncio.wait_for(hall.door.close(), 10)
    await asyncio.wait_for(connection.wait_closed(), 5)
    await asyncio.wait_for(stranger.read(), 5)
    writer.close()
    [ended] = hall.events(Action.SESSION_ENDED)
    assert ended.detail["why"] == "server_stopped"
    assert hall.gate.sessions.listing() == []
    with pytest.raises(ConnectionRefusedError):
        await hall.dial()


async def test_draining_takes_nobody_new_and_waits_for_those_who_are_busy(hall: Hall):
    busy, _ = await hall.connect()
    sftp = await busy.start_sftp_client()
    draining = asyncio.create_task(hall.door.drain(30))
    for _ in range(30):
        await sftp.realpath("/")
        await asyncio.sleep(0.1)
    with pytest.raises(ConnectionRefusedError):
        await hall.dial()
    assert not draining.done()
    assert not busy.is_closed()
    busy.close()
    await asyncio.wait_for(draining, 5)


async def test_draining_sends_the_idle_home_at_once(hall: Hall):
    idle, _ = await hall.connect()
    await asyncio.wait_for(hall.door.drain(30), 10)
    assert hall.gate.sessions.listing() == []
    await asyncio.wait_for(idle.wait_closed(), 5)


async def test_a_socket_that_the_service_manager_opened_is_served(open_hall: OpenHall):
    inherited = socket.socket()
    inherited.bind(("127.0.0.1", 0))
    inherited.listen()
    port = inherited.getsockname()[1]
    hall = await open_hall(entrance=Entrance(inherited=inherited))
    assert hall.port == port
    assert await hall.greeting() == b"SSH-2.0-MFT\r\n"
