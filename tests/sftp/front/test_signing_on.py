"""Signing on over SSH: who gets in, and that nobody outside can tell one refusal from another."""

import re
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any

import asyncssh
import pytest

from mft.accounts.allowlists import NewAddress
from mft.model.account import SSH_METHODS, AccountState
from mft.model.event import Action
from mft.store import slowdowns
from tests.support.gate import OLGA, SECRET
from tests.support.hall import Client, Hall, OpenHall, enrol, key, leave, temporary, until
from tests.support.server import SENTENCE

BANNER = re.compile(re.escape(SENTENCE) + r"\r\nReference: ([0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4})\r\n")


async def test_the_right_password_from_a_listed_address_opens_the_door(hall: Hall):
    connection, client = await hall.connect()
    sftp = await connection.start_sftp_client()
    assert await sftp.realpath(".") == "/"
    assert client.banners == []
    [admitted] = hall.events(Action.SIGNON_ADMITTED)
    assert admitted.detail["source"] == "127.0.0.1"
    assert str(admitted.detail["client"]).startswith("SSH-2.0-AsyncSSH")
    [session] = hall.gate.sessions.listing("alice")
    await leave(connection)
    await until(lambda: hall.events(Action.SESSION_CLOSED))
    [closed] = hall.events(Action.SESSION_CLOSED)
    assert (closed.detail["session"], closed.detail["why"]) == (session.id, "client_left")
    assert hall.gate.sessions.listing("alice") == []
    assert ("session.closed", "client_left") in [(event, line.get("why")) for event, line in hall.log.lines]


def _expired(hall: Hall) -> dict[str, Any]:
    secret = temporary(hall)
    hall.gate.clock.advance(hours=48)
    return {"password": secret}


def _dormant(hall: Hall) -> dict[str, Any]:
    hall.gate.clock.advance(days=120)
    return {}


def _disabled(hall: Hall) -> dict[str, Any]:
    hall.gate.move("alice", AccountState.ACTIVE, AccountState.DISABLED)
    return {}


def _purged(hall: Hall) -> dict[str, Any]:
    hall.gate.move("alice", AccountState.ACTIVE, AccountState.PURGED)
    return {}


def _unlisted(hall: Hall) -> dict[str, Any]:
    hall.gate.allowlists.remove(OLGA, "alice", "127.0.0.1")
    return {}


def _locked(hall: Hall) -> dict[str, Any]:
    hall.gate.account("lena", allow="127.0.0.1", failures=100)
    return {"name": "lena"}


REFUSALS: dict[str, Callable[[Hall], dict[str, Any]]] = {
    "unknown_account": lambda _: {"name": "nobody"},
    "secret_mismatch": lambda _: {"password": "not the password"},
    "source_not_listed": _unlisted,
    "temporary_expired": _expired,
    "account_dormant": _dormant,
    "account_disabled": _disabled,
    "account_purged": _purged,
    "account_locked": _locked,
}


@pytest.mark.fact("0.16")
@pytest.mark.fact("0.14")
@pytest.mark.parametrize("reason", REFUSALS)
async def test_every_refusal_sounds_the_same_and_the_trail_has_the_reason(hall: Hall, reason: str):
    attempt = REFUSALS[reason](hall)
    client = await hall.refused(**attempt)
    [banner] = client.banners
    found = BANNER.fullmatch(banner)
    assert found
    [refused] = hall.events(Action.SIGNON_REFUSED)
    assert refused.detail["reason"] == reason
    assert refused.reference == found[1]
    assert refused.detail["source"] == "127.0.0.1"


@pytest.mark.fact("0.16")
async def test_every_refusal_is_the_same_on_the_wire(hall: Hall):
    """Kinds and lengths of all that is sent in answer to a password, byte for byte but for the code."""
    heard = set()
    for reason in ("unknown_account", "secret_mismatch", "account_locked", "source_not_listed", "account_disabled"):
        wire = Wire()
        await hall.refused(client=wire, **({"password": SECRET} | REFUSALS[reason](hall)))
        heard.add(tuple(wire.answers))
    assert len(heard) == 1


class Wire(Client):
    """A client that keeps every answer to its sign-on as it came."""

    def __init__(self) -> None:
        super().__init__(["an answer to all of them"], [])
        self.answers: list[tuple[int, bytes]] = []

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        def keep(pkttype: int, _pktid: int, packet: Any, _note: str = "") -> None:
            if 50 <= pkttype < 80:
                code = re.compile(rb"Reference: .{9}")
                self.answers.append((pkttype, code.sub(b"Reference: ", packet.get_full_payload())))

        conn.log_received_packet = keep  # type: ignore[method-assign]


async def test_an_ed25519_key_opens_the_door(hall: Hall):
    mine = key()
    enrol(hall, "alice", mine)
    connection, _ = await hall.connect(password=[], client_keys=[mine])
    await leave(connection)
    [admitted] = hall.events(Action.SIGNON_ADMITTED)
    assert admitted.detail["with"] == mine.get_fingerprint()


@pytest.mark.parametrize(
    ("algorithm", "extra"), [("ecdsa-sha2-nistp256", {}), ("ecdsa-sha2-nistp521", {}), ("ssh-rsa", {"key_size": 3072})]
)
async def test_other_keys_open_the_door_too(hall: Hall, algorithm: str, extra: dict[str, Any]):
    mine = asyncssh.generate_private_key(algorithm, **extra)
    enrol(hall, "alice", mine)
    connection, _ = await hall.connect(password=[], client_keys=[mine])
    await leave(connection)


async def test_a_signature_with_sha1_is_a_refused_attempt(hall: Hall):
    mine = asyncssh.generate_private_key("ssh-rsa", key_size=3072)
    enrol(hall, "alice", mine)
    pair = asyncssh.load_keypairs([mine])[0]
    pair.set_sig_algorithm(b"ssh-rsa")
    pair.sig_algorithms = [b"ssh-rsa"]
    client = await hall.refused(password=[], client_keys=[pair], signature_algs=["ssh-rsa"])
    assert len(client.banners) == len(hall.events(Action.SIGNON_REFUSED)) == 1
    assert hall.events(Action.SIGNON_ADMITTED) == []


async def test_five_wrong_keys_before_the_right_one_are_no_attempts(hall: Hall):
    mine = key()
    enrol(hall, "alice", mine)
    connection, client = await hall.connect(password=[], client_keys=[*(key() for _ in range(5)), mine])
    await leave(connection)
    assert client.banners == []
    assert hall.events(Action.SIGNON_REFUSED) == []


async def test_questions_about_keys_leave_no_trace(hall: Hall):
    before = len(hall.gate.lines())
    client = await hall.refused(password=[], client_keys=[key() for _ in range(10)])
    assert client.banners == []
    assert len(hall.gate.lines()) == before
    assert hall.penalties.list() == []
    with hall.gate.store.read() as connection:
        since = hall.gate.clock.now().replace(year=2000)
        assert slowdowns.failures(connection, IPv4Address("127.0.0.1"), "alice", since) == 0


async def test_questions_without_an_attempt_have_an_end(hall: Hall):
    """The first request is `none`, so that 15 keys can be asked about."""
    client = Client([SECRET], [])
    connection, _ = await hall.connect(client=client, client_keys=[key() for _ in range(15)])
    await leave(connection)
    with pytest.raises(asyncssh.DisconnectError, match="attempt nothing"):
        await hall.connect(client_keys=[key() for _ in range(16)])


async def test_a_key_known_for_one_name_is_not_known_for_another(hall: Hall):
    mine = key()
    enrol(hall, "alice", mine)
    hall.gate.account("bob", allow="127.0.0.1")
    client = await hall.refused("bob", password=[], client_keys=[mine])
    assert client.banners == []


async def test_a_key_from_an_unlisted_address_hears_the_sentence(hall: Hall):
    mine = key()
    enrol(hall, "alice", mine)
    client = await hall.refused(password=[], client_keys=[mine], source="127.0.0.9")
    [banner] = client.banners
    assert BANNER.fullmatch(banner)
    [refused] = hall.events(Action.SIGNON_REFUSED)
    assert (refused.detail["reason"], refused.detail["method"]) == ("source_not_listed", "publickey")


async def test_a_certificate_is_no_key(hall: Hall):
    mine, authority = key(), key()
    enrol(hall, "alice", mine, authority)
    certificate = authority.generate_user_certificate(mine, "alice", principals=["alice"])
    pair = asyncssh.load_keypairs([(mine, certificate)])
    client = await hall.refused(password=[], client_keys=[p for p in pair if p.has_cert])
    assert client.banners == []
    assert hall.events(Action.SIGNON_ADMITTED) == []


async def test_key_and_password_are_both_asked_for_where_both_are_required(hall: Hall):
    hall.gate.account("nora", allow="127.0.0.1", required=SSH_METHODS)
    mine = key()
    enrol(hall, "nora", mine)
    with pytest.raises(asyncssh.PermissionDenied):
        await hall.connect("nora", password=[], client_keys=[mine])
    with pytest.raises(asyncssh.PermissionDenied):
        await hall.connect("nora")
    connection, client = await hall.connect("nora", client_keys=[mine])
    await leave(connection)
    assert client.banners == []
    [admitted] = hall.events(Action.SIGNON_ADMITTED)
    assert len(str(admitted.detail["with"]).split(", ")) == 2


async def test_after_the_first_factor_only_the_second_goes_on(hall: Hall):
    hall.gate.account("nora", allow="127.0.0.1", required=SSH_METHODS)
    mine = key()
    enrol(hall, "nora", mine)
    wire = Wire()
    wire.passwords, wire.known = ["wrong", "wrong"], 2
    await hall.refused("nora", client=wire, client_keys=[mine])
    failures = [payload for kind, payload in wire.answers if kind == 51]
    methods = [payload[5:-1].decode() for payload in failures]
    partial = [payload[-1] for payload in failures]
    assert methods == ["publickey,password", "password", "password", "password"]
    assert partial == [0, 1, 0, 0]


async def test_the_same_factor_twice_is_an_attempt_that_leads_nowhere(hall: Hall):
    hall.gate.account("nora", allow="127.0.0.1", required=SSH_METHODS)
    with pytest.raises(asyncssh.DisconnectError, match="Too many"):
        await hall.connect("nora", preferred_auth=["password"], client=Stubborn([SECRET] * 9, []))


class Stubborn(Client):
    """A client that goes on with passwords whatever the server says can go on."""

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        def try_again(_conn: object, _pkttype: int, _pktid: int, packet: Any) -> None:
            packet.get_namelist()
            conn._auth_methods = [b"password"]  # noqa: SLF001  (a client that breaks the rules)
            conn.try_next_auth()

        conn._packet_handlers = {**conn._packet_handlers, 51: try_again}  # noqa: SLF001


async def test_four_refused_attempts_end_the_connection(hall: Hall):
    client = Client([f"wrong {n}" for n in range(9)], [])
    with pytest.raises(asyncssh.DisconnectError, match="Too many authentication failures"):
        await hall.connect(client=client)
    assert client.asked == 4
    assert len(client.banners) == 4
    assert len(hall.events(Action.SIGNON_REFUSED)) == 4


async def test_the_right_password_at_the_fourth_attempt_still_opens(hall: Hall):
    connection, client = await hall.connect(password=["a", "b", "c", SECRET])
    await leave(connection)
    assert len(client.banners) == 3


async def test_names_are_what_the_other_doors_take_them_for(hall: Hall):
    """SASLprep (RFC 4252, 4): a soft hyphen is nothing."""
    connection, _ = await hall.connect("al\u00adice")
    await leave(connection)
    [admitted] = hall.events(Action.SIGNON_ADMITTED)
    assert admitted.subject == "alice"


async def test_an_address_added_opens_the_door_at_once(hall: Hall):
    """Fact 0.17: the remedy for a new address is to have it added."""
    await hall.refused(source="127.0.0.9")
    hall.gate.allowlists.add(OLGA, "alice", NewAddress("127.0.0.8/30"))
    connection, _ = await hall.connect(source="127.0.0.9")
    await leave(connection)


async def test_what_goes_wrong_inside_is_a_refusal_like_any_other(open_hall: OpenHall, monkeypatch: pytest.MonkeyPatch):
    hall = await open_hall()
    hall.gate.account("alice", allow="127.0.0.1")

    async def breaks(*_: object) -> None:
        raise RuntimeError("a bug with a secret in its text")

    monkeypatch.setattr(hall.gate.signon, "by_password", breaks)
    client = await hall.refused(password=["x"])
    [banner] = client.banners
    assert BANNER.fullmatch(banner)
    assert [event for event, _ in hall.log.failures] == ["signon.failed"]
    hall.log.failures.clear()
    assert hall.penalties.list() == []
