"""The directory at the command line."""

import json
from collections.abc import Iterator

import pytest

from tests.cli.conftest import Desk
from tests.support.slapd import Slapd, running_slapd

PEOPLE = "trial-people.json"


def configure(desk: Desk, **words: object) -> None:
    """Ask what *words* say instead of the trial directory."""
    config = desk.folder / "mft.toml"
    kept = config.read_text().replace('kind = "trial"\n', "").replace(f'trial_file = "{PEOPLE}"\n', "")
    lines = "".join(f'{key} = "{value}"\n' for key, value in words.items())
    config.write_text(kept.replace("[directory]\n", f"[directory]\n{lines}"))


@pytest.fixture
def trial(desk: Desk) -> Desk:
    """A trial as ``mft init --trial`` makes it: its directory is there, and empty."""
    return desk


@pytest.fixture(scope="module")
def slapd() -> Iterator[Slapd]:
    with running_slapd() as running:
        running.add("maria", "correct horse")
        yield running


def test_people_of_the_trial_directory_come_change_and_go(trial: Desk):
    assert trial.json("directory", "trial", "list") == []
    trial.said("directory", "trial", "add", "nc01", "--stdin", typed="correct horse\n")
    added = trial.json("directory", "check", "nc01")
    assert (added["user"], added["enabled"]) == ("nc01", True)
    assert trial.json("directory", "trial", "list") == [added | {"groups": []}]
    trial.said("directory", "trial", "passwd", "nc01", "--stdin", typed="battery staple\n")
    changed = trial.json("directory", "check", "nc01")
    assert changed["mark"] != added["mark"]
    trial.said("directory", "trial", "disable", "nc01")
    assert trial.json("directory", "check", "nc01") == changed | {"enabled": False}
    assert trial.json("directory", "check", "nobody") == {"user": "nobody", "enabled": False, "mark": ""}


@pytest.mark.fact("0.18")
def test_people_of_the_trial_directory_are_put_into_groups_and_the_trail_says_which(trial: Desk):
    groups = ["--group", "desk", "--group", "auditors"]
    trial.said("directory", "trial", "add", "nc01", *groups, "--stdin", typed="correct horse\n")
    assert trial.json("directory", "trial", "list")[0]["groups"] == ["auditors", "desk"]
    assert "nc01 is in desk" in trial.said("directory", "trial", "groups", "nc01", "--group", "desk")
    assert trial.json("directory", "trial", "list")[0]["groups"] == ["desk"]
    assert "nc01 is in no group" in trial.said("directory", "trial", "groups", "nc01")
    assert trial.json("directory", "trial", "list")[0]["groups"] == []
    trial.fails(2, "directory", "trial", "groups", "nc01", "--group", "")
    trial.fails(4, "directory", "trial", "groups", "nobody", "--group", "desk")
    assert [one["detail"]["groups"] for one in trial.events("person.added")] == ["desk, auditors"]
    assert [one["detail"]["groups"] for one in trial.events("person.changed")] == ["desk", ""]


def test_what_was_done_to_the_trial_directory_is_in_the_trail_without_a_password(trial: Desk):
    trial.said("directory", "trial", "add", "nc01", "--stdin", typed="correct horse\n")
    trial.said("directory", "trial", "passwd", "nc01", "--stdin", typed="battery staple\n")
    trial.said("directory", "trial", "disable", "nc01")
    for action in ("person.added", "person.changed", "person.disabled"):
        (event,) = trial.events(action)
        assert (event["subject"], event["actor"]) == ("nc01", "maria")
    everything = trial.said("audit", "search", "--json")
    assert "correct horse" not in everything
    assert "battery staple" not in everything


def test_a_typed_password_is_asked_for_twice_and_not_shown(trial: Desk):
    done = trial.run("directory", "trial", "add", "nc01", typed="correct horse\ncorrect horse\n")
    assert done.exit_code == 0
    assert "correct horse" not in done.output
    assert (trial.folder / PEOPLE).stat().st_mode & 0o777 == 0o600


def test_what_cannot_be_done_says_what_to_do(trial: Desk):
    assert "mft directory trial list" in trial.fails(4, "directory", "trial", "disable", "nc01")
    trial.said("directory", "trial", "add", "nc01", "--stdin", typed="correct horse\n")
    trial.fails(5, "directory", "trial", "add", "nc01", "--stdin", typed="correct horse\n")
    trial.fails(2, "directory", "trial", "add", "nc02", "--stdin", typed="\n")
    (trial.folder / PEOPLE).unlink()
    trial.fails(6, "directory", "check", "nc01")


def test_without_a_directory_it_says_which_setting_makes_one(desk: Desk):
    configure(desk)
    assert "directory.kind" in desk.fails(2, "directory", "check", "nc01")
    assert "directory.trial_file" in desk.fails(2, "directory", "trial", "list")


def test_an_ldap_server_is_asked_as_the_configuration_says(desk: Desk, slapd: Slapd):
    server = slapd.server()
    words = {"kind": "ldap", "url": server.url, "base": server.base, "bind_dn": server.bind_dn}
    words |= {"bind_password_file": str(server.bind_password_file), "ca_file": str(server.ca_file), "timeout": "20 s"}
    configure(desk, **words)
    assert desk.json("directory", "check", "maria")["enabled"]

    def doctor() -> dict[str, str]:
        # Other checks look at the ports of this machine, and find what they find.
        found = desk.run("doctor", "--json")
        return next(one for one in json.loads(found.stdout) if one["check"] == "directory")

    assert doctor()["standing"] == "good"
    config = desk.folder / "mft.toml"
    config.write_text(config.read_text().replace(f":{slapd.clear}", ":1"))
    assert doctor()["standing"] == "bad"
    desk.fails(6, "directory", "check", "maria")
