"""Signing on with the clients people use, and being refused by the server they see."""

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.clients import OpenSsh, Psftp, Refused, run
from tests.support.server import SENTENCE, Server

NEW = "harvest-Lantern-58-orbit-Thistle"


class Terminal:
    """A program at a terminal, answered as a person answers it."""

    def __init__(self, *arguments: object, **environment: str) -> None:
        self._master, slave = pty.openpty()
        self._process = subprocess.Popen(
            # A program asks for a password at its controlling terminal, whatever its input is.
            ["setsid", "--ctty", *(str(argument) for argument in arguments)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, **environment},
        )
        os.close(slave)
        self.seen = ""

    def expect(self, pattern: str, seconds: float = 30) -> str:
        """Read until *pattern* shows in what was not yet expected; return what was read."""
        deadline = time.monotonic() + seconds
        fresh = ""
        while not re.search(pattern, fresh):
            ready, _, _ = select.select([self._master], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"waited for {pattern!r}, saw {fresh!r}"
            try:
                fresh += os.read(self._master, 4096).decode(errors="replace")
            except OSError:
                assert re.search(pattern, fresh), f"ended before {pattern!r}: {fresh!r}"
        self.seen += fresh
        return fresh

    def type(self, line: str) -> None:
        os.write(self._master, f"{line}\n".encode())

    def close(self) -> int:
        self._process.terminate()
        status = self._process.wait(20)
        os.close(self._master)
        return status


@contextmanager
def terminal(*arguments: object, **environment: str) -> Iterator[Terminal]:
    opened = Terminal(*arguments, **environment)
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture
def newcomer(server: Server, tmp_path: Path) -> tuple[str, str]:
    """An account with nothing but a temporary password."""
    name = f"new-{tmp_path.name[-40:].lower().replace('_', '-').strip('-')}"
    server.mft("account", "add", name, "--org", "northwind", "--email", f"{name}@example.org", "--allow", "127.0.0.1")
    server.mft("folder", "grant", "/Distribution/northwind", "--account", name, "--rights", "all")
    return name, server.mft("account", "temp-password", name).strip()


def sftp_at_terminal(server: Server, name: str) -> list[object]:
    known = f"UserKnownHostsFile={server.folder}/known_hosts"
    options = ["-F", "none", "-o", "StrictHostKeyChecking=accept-new", "-o", known, "-o", "PubkeyAuthentication=no"]
    return ["sftp", *options, "-P", server.port, f"{name}@127.0.0.1"]


@pytest.mark.fact("0.12")
def test_openssh_replaces_a_temporary_password_after_a_refused_new_one(server: Server, newcomer: tuple[str, str]):
    name, temporary = newcomer
    with terminal(*sftp_at_terminal(server, name)) as person:
        person.expect("password:")
        person.type(temporary)
        person.expect("old password:")
        person.type(temporary)
        person.expect("new password:")
        person.type("short")
        person.expect("[Rr]etype")
        person.type("short")
        assert "at least 15 characters" in person.expect("old password:")
        person.type(temporary)
        person.expect("new password:")
        person.type(NEW)
        person.expect("[Rr]etype")
        person.type(NEW)
        person.expect("sftp>")
        person.type("ls /Distribution")
        person.expect("northwind")
    server.passwords[name] = NEW
    assert "northwind" in OpenSsh(server, name, by_password=True).names("/Distribution")


def test_psftp_replaces_a_temporary_password(server: Server, newcomer: tuple[str, str]):
    name, temporary = newcomer
    key = server.fingerprint()
    where = f"{name}@127.0.0.1"
    with terminal("psftp", "-P", server.port, "-hostkey", key, where, HOME=str(server.folder)) as person:
        person.expect("password:")
        person.type(temporary)
        person.expect("Current password")
        person.type(temporary)
        person.expect("Enter new password:")
        person.type("short")
        person.expect("Confirm new password:")
        person.type("short")
        assert "at least 15 characters" in person.expect("Current password")
        person.type(temporary)
        person.expect("Enter new password:")
        person.type(NEW)
        person.expect("Confirm new password:")
        person.type(NEW)
        person.expect("psftp>")
        person.type("ls /Distribution")
        person.expect("northwind")
    server.passwords[name] = NEW
    assert "northwind" in Psftp(server, name).names("/Distribution")


@pytest.mark.fact("0.12")
def test_a_temporary_password_opens_nothing_for_a_client_that_cannot_replace_it(
    server: Server, newcomer: tuple[str, str]
):
    name, temporary = newcomer
    server.passwords[name] = temporary
    with pytest.raises(Refused):
        OpenSsh(server, name, by_password=True).names("/")


@pytest.mark.fact("0.16")
def test_openssh_shows_the_sentence_and_a_code_the_operator_can_explain(server: Server):
    server.passwords["nobody-here"] = "whatever-it-may-be"
    with pytest.raises(Refused) as refused:
        OpenSsh(server, "nobody-here", by_password=True).names("/")
    assert SENTENCE in str(refused.value)
    code = re.search(r"Reference: ([0-9A-Z]{4}-[0-9A-Z]{4})", str(refused.value))
    assert code is not None
    assert "unknown_account" in server.mft("signon", "explain", code[1])


@pytest.mark.fact("0.14")
@pytest.mark.fact("0.16")
def test_the_right_key_from_an_address_that_is_not_listed_is_refused_with_the_same_words(server: Server):
    server.mft("account", "add", "far-away", "--org", "northwind", "--email", "far@example.org", "--allow", "8.8.8.8")
    key = server.keys["alice"]
    server.mft("account", "keys", "add", "far-away", f"{key}.pub")
    server.keys["far-away"] = key
    with pytest.raises(Refused) as refused:
        OpenSsh(server, "far-away").names("/")
    assert SENTENCE in str(refused.value)
    code = re.search(r"Reference: (\S+)", str(refused.value))
    assert code is not None
    explained = server.mft("signon", "explain", code[1])
    assert "127.0.0.1" in explained
    assert "8.8.8.8" in explained


@pytest.mark.fact("0.17")
def test_an_address_added_to_the_list_lets_the_same_key_in(server: Server, tmp_path: Path):
    server.mft("account", "add", "mover", "--org", "northwind", "--email", "mover@example.org", "--allow", "8.8.4.4")
    key = tmp_path / "mover"
    run("ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", key)
    server.mft("account", "keys", "add", "mover", f"{key}.pub")
    server.keys["mover"] = key
    with pytest.raises(Refused):
        OpenSsh(server, "mover").names("/")
    server.mft("allow", "add", "mover", "127.0.0.1", "--reason", "moved office")
    assert OpenSsh(server, "mover").names("/") == set()
    listed = [entry["addresses"] for entry in server.json("allow", "list", "mover")]
    assert listed == ["8.8.4.4", "127.0.0.1"]


def test_the_right_key_behind_five_wrong_ones_is_reached(server: Server, tmp_path: Path):
    wrong = [tmp_path / f"wrong{number}" for number in range(5)]
    for key in wrong:
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
    known = f"UserKnownHostsFile={server.folder}/known_hosts"
    keys = [part for key in (*wrong, server.keys["alice"]) for part in ("-i", str(key))]
    options = ["-F", "none", "-o", "StrictHostKeyChecking=accept-new", "-o", known, "-o", "IdentitiesOnly=yes"]
    seen = run(
        "sftp", *options, *keys, "-q", "-P", server.port, "-b", "-", "alice@127.0.0.1", typed="ls -1 /Distribution\n"
    )
    assert "northwind" in seen


@pytest.mark.parametrize("kind", [("rsa", "3072"), ("ecdsa", "521"), ("ed25519", "256")])
def test_every_kind_of_key_that_may_be_registered_signs_on(server: Server, tmp_path: Path, kind: tuple[str, str]):
    key = tmp_path / "key"
    run("ssh-keygen", "-q", "-t", kind[0], "-b", kind[1], "-N", "", "-f", key)
    server.mft("account", "keys", "add", "alice", f"{key}.pub")
    server.keys["alice2"] = key
    client = OpenSsh(server, "alice")
    other = [*client.options()]
    other[other.index("-i") + 1] = str(key)
    listed = run("sftp", *other, "-q", "-P", server.port, "-b", "-", "alice@127.0.0.1", typed="ls -1 /\n")
    assert "Distribution" in listed


def test_a_shell_a_command_and_a_tunnel_are_refused(server: Server):
    ssh = ["ssh", *OpenSsh(server, "alice").options(), "-p", server.port]
    with pytest.raises(Refused):
        run(*ssh, "alice@127.0.0.1", "id")
    with pytest.raises(Refused):
        run(*ssh, "-tt", "alice@127.0.0.1")
    with pytest.raises(Refused):
        run(*ssh, "-W", "127.0.0.1:22", "alice@127.0.0.1")
