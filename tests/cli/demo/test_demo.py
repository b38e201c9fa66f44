"""The demonstration, as somebody who just cloned it meets it."""

import hashlib
import json
import os
import re
import signal
import socket
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import asyncssh
import httpx2
import pytest

from mft.cli.demo import check, telling
from mft.cli.demo.browser import browsing
from mft.cli.demo.house import DELEGATE, ELSEWHERE, NEARLY_PURGED, PARTNER, SUBMITTER, USER_ID, Stage
from mft.clock import SystemClock
from mft.crypto.tls import trial_certificate
from mft.model.errors import Unavailable

MFT = (sys.executable, "-m", "mft")
SECRET = re.compile(r"[0-9a-z]{5}(?:-[0-9a-z]{5}){3}")

pytestmark = pytest.mark.xdist_group("demo")


def start(folder: Path) -> tuple[subprocess.Popen[str], dict]:
    """Start the demonstration and return it with what it printed once the server was ready."""
    shown = subprocess.Popen(
        [*MFT, "demo", "--dir", folder, "--port", "0", "--portal-port", "0", "--json"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert shown.stdout is not None
    lines = []
    for line in shown.stdout:
        lines.append(line)
        if line == "}\n":
            return shown, json.loads("".join(lines))
    shown.stdout.close()
    raise AssertionError(f"ended with {shown.wait(60)}: {''.join(lines)}")


def stop(shown: subprocess.Popen[str]) -> None:
    shown.send_signal(signal.SIGINT)
    assert shown.wait(60) == 0
    assert shown.stdout is not None
    shown.stdout.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict, dict]:
    """A folder, what the first run printed, and what the second did."""
    folder = tmp_path_factory.mktemp("demo") / "mft-demo"
    runs = []
    for _ in range(2):
        shown, facts = start(folder)
        stop(shown)
        runs.append(facts)
    return folder, runs[0], runs[1]


def of_submitter(facts: dict) -> dict:
    (found,) = (one for one in facts["people"] if one["name"] == SUBMITTER)
    return found


def mft(folder: Path, *words: str):
    done = subprocess.run(
        [*MFT, *words, "--json"],
        env={**os.environ, "MFT_CONFIG": str(folder / "mft.toml")},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return json.loads(done.stdout)


def test_each_secret_is_shown_once_and_kept_nowhere(house):
    folder, first, second = house
    secrets = {one["name"]: one["password"] for one in first["people"]}
    secrets[USER_ID] = of_submitter(first)["directory_password"]
    assert all(SECRET.fullmatch(secrets[name]) for name in (DELEGATE, ELSEWHERE, SUBMITTER, USER_ID))
    assert not any(one["password"] for one in second["people"])
    assert of_submitter(second)["directory_password"] is None
    kept = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert not any(secret.encode() in kept for secret in secrets.values() if secret)


def test_a_second_run_resumes_the_same_server(house):
    _, first, second = house
    assert second["host_key"] == first["host_key"]
    assert first["host_key"].startswith("SHA256:")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict]:
    """What a demonstration printed that runs."""
    shown, facts = start(tmp_path_factory.mktemp("running") / "house")
    yield facts
    stop(shown)


def test_the_portal_is_where_it_says_and_shows_the_certificate_it_names(running):
    with browsing(running["portal"], Path(running["certificate"])) as browser:
        assert browser.open("/signin").status == 200
        assert "Example Health" in browser.page.said
    seen = ssl.get_server_certificate(("127.0.0.1", int(running["portal"].rpartition(":")[2])))
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(seen)).hexdigest()
    assert running["certificate_sha256"].replace(":", "").lower() == digest


def test_the_checks_browser_talks_to_no_portal_with_another_certificate(running, tmp_path):
    other, _ = trial_certificate(tmp_path, IPv4Address("127.0.0.1"), SystemClock().now())
    with browsing(running["portal"], other) as browser, pytest.raises(httpx2.ConnectError, match="self-signed"):
        browser.open("/signin")


def test_the_checks_browser_fills_in_only_what_the_page_shows(running):
    with browsing(running["portal"], Path(running["certificate"])) as browser:
        browser.open("/signin")
        with pytest.raises(Unavailable, match="/signin shows no form to /signin with name, pin"):
            browser.submit("/signin", name="pat", pin="1234")
        with pytest.raises(Unavailable, match="no form to /setup"):
            browser.submit("/setup", user="pmorgan")


def test_the_trial_person_is_in_the_directory_and_their_account_says_who_they_are_there(house):
    folder, first, _ = house
    assert [(one["user"], one["enabled"]) for one in mft(folder, "directory", "trial", "list")] == [(USER_ID, True)]
    assert of_submitter(first)["user_id"] == USER_ID
    (event,) = mft(folder, "audit", "search", "--action", "person.added")
    assert event["subject"] == USER_ID


def test_the_authenticator_shows_a_code_that_was_not_used_yet_and_only_its_owner_reads_it(house):
    folder, _, _ = house
    file = Stage(folder).authenticator.file
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    shown = mft(folder, "demo", "--dir", str(folder), "--code")
    assert re.fullmatch(r"[0-9]{6}", shown["code"])
    assert 0 < shown["seconds"] <= 30
    bare = subprocess.run([*MFT, "demo", "--dir", folder, "--code"], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"[0-9]{6}\n", bare.stdout)


def test_without_a_demonstration_there_is_no_code_and_it_says_how_to_begin(tmp_path):
    words = [*MFT, "demo", "--dir", tmp_path, "--code"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (4, "")
    assert "begin with mft demo" in done.stderr


def test_the_ssh_keys_are_the_accounts_and_only_their_owners_to_read(house):
    folder, first, _ = house
    for one in first["people"]:
        if one["name"] in (PARTNER, NEARLY_PURGED):
            path = Stage(folder).key_of(one["name"])
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            key = asyncssh.read_private_key(str(path))
            listed = mft(folder, "account", "keys", "list", one["name"])
            assert [found["fingerprint"] for found in listed] == [key.get_fingerprint()]
            assert str(path) in one["type"]


@pytest.mark.fact("0.15")
def test_one_account_was_last_seen_115_days_ago_and_the_trail_tells_so_in_order(house):
    folder, _, _ = house
    shown = mft(folder, "account", "show", NEARLY_PURGED)
    assert shown["dormant"] is False
    events = mft(folder, "audit", "search", "--limit", "1000")[::-1]
    assert [one["at"] for one in events] == sorted(one["at"] for one in events)
    admitted = next(one for one in events if one["action"] == "signon.admitted")
    assert admitted["at"] == shown["last_signon_at"]
    issued = next(one for one in events if one["action"] == "password.issued")
    assert int(shown["last_signon_at"][:4]) <= int(issued["at"][:4])
    assert shown["last_signon_at"] < issued["at"]


def test_delegates_find_reports_and_the_partner_its_folders(house):
    folder, _, _ = house
    files = {row["folder"]: row["files"] for row in mft(folder, "folder", "tree")}
    for name in ("northwind", "lakeside"):
        assert [files[f"/Distribution/{name}/{kind}"] for kind in ("Rosters", "DAR", "GIC")] == [1, 1, 1]
    assert files["/Partners/clearing/Outbound"] == 1
    assert "/Partners/clearing/Inbound" in files


def test_what_is_printed_is_what_there_is_to_type_and_a_second_time_how_to_make_other_passwords(house, capsys):
    _, first, second = house
    telling.tell(first)
    said = capsys.readouterr().out
    typed = [of_submitter(first)[key] for key in ("name", "password", "user_id", "directory_password", "type")]
    for words in (first["portal"], first["certificate_sha256"], first["host_key"], first["code"], *typed):
        assert said.count(words), words
    # Its own order: the portal first, what the directory knows next, SFTP last.
    assert [said.index(words) for words in typed] == sorted(said.index(words) for words in typed)
    assert "shown once" not in said
    telling.tell(second)
    again = capsys.readouterr().out
    assert again.count("shown once; see below") == 2
    for words in (f"account set-password {SUBMITTER}", f"directory trial passwd {USER_ID}"):
        assert words in again


def test_what_is_printed_for_operators_are_commands_that_there_are(house):
    folder, _, _ = house
    for words in telling.OPERATORS:
        command = words.split()[:-1]
        done = subprocess.run([*MFT, *command, "--help"], capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, words
    assert mft(folder, *next(iter(telling.OPERATORS)).split())


def test_a_port_that_is_taken_is_told_with_what_takes_another(house):
    folder, _, _ = house
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        words = [*MFT, "demo", "--dir", folder, "--port", "0", "--portal-port", port]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 6
    assert f"the server did not start: cannot listen on 127.0.0.1:{port}: Address already in use" in done.stderr
    assert "--portal-port" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path):
    (tmp_path / "mine").write_text("mine")
    done = subprocess.run([*MFT, "demo", "--dir", tmp_path], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 5
    assert "--dir" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.fact("0.16")
def test_the_whole_journey_passes_in_a_folder_of_its_own():
    done = subprocess.run([*MFT, "demo", "--check", "--json"], capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [(one["step"], one["passed"]) for one in json.loads(done.stdout)] == [
        (name, True) for name, _ in check.STEPS
    ]


def test_the_journey_can_be_walked_again_in_a_house_that_is_there(house):
    done = subprocess.run(
        [*MFT, "demo", "--check", "--dir", house[0]], capture_output=True, text=True, check=False, timeout=110
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "the main job works"


def test_a_step_that_fails_is_named_and_is_the_last():
    def breaks(_journey: object) -> str:
        raise check.StepFailed("the digests differ")

    steps = (("the first", lambda _journey: "fine"), ("the second", breaks), ("the third", breaks))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(check, "STEPS", steps)
        taken = list(check.walk(journey=None))  # type: ignore[arg-type]
    assert taken == [check.Step("the first", True, "fine"), check.Step("the second", False, "the digests differ")]
