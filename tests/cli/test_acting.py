"""Who is acting."""

from pathlib import Path

import click
import pytest

from mft.cli.acting import DEFAULT_CONFIG, config_file, person, system_user
from mft.model.errors import Invalid


@pytest.mark.parametrize(
    ("named", "environ", "acting"),
    [
        ("maria", {"SUDO_USER": "otto", "USER": "root"}, "maria"),
        (None, {"SUDO_USER": "otto", "USER": "root"}, "otto"),
        (None, {"SUDO_USER": "", "USER": "otto"}, "otto"),
    ],
)
def test_the_acting_person_is_the_named_one_else_who_called_sudo_else_the_user(named, environ, acting):
    assert person(named, environ) == acting


def test_where_no_user_is_named_the_owner_of_the_process_is_acting():
    assert person(None, {}, "mft") == "mft"


@pytest.mark.parametrize("environ", [{}, {"USER": " "}, {"USER": "a\x1bb"}])
def test_nobody_acts_namelessly(environ):
    with pytest.raises(Invalid, match="--as"):
        person(None, environ)


@pytest.mark.parametrize(
    ("login", "environ", "user"),
    [
        ("0", {"SUDO_UID": "1", "SUDO_USER": "daemon"}, "root"),
        ("4294967295", {"SUDO_UID": "0"}, "root"),
        ("4294967295", {"SUDO_UID": "me", "USER": "maria"}, "daemon"),
        ("", {}, "daemon"),
        ("3000000001", {}, "3000000001"),
    ],
)
def test_the_systems_user_is_who_logged_in_and_no_option_or_name_changes_it(tmp_path: Path, login, environ, user):
    (tmp_path / "loginuid").write_text(login)
    assert system_user(environ, tmp_path / "loginuid", 1) == user
    assert system_user({}, tmp_path / "none", 1) == "daemon"


def test_the_trail_names_the_systems_user_beside_the_name_that_was_said(desk):
    desk.said("allow", "add", "bob", "8.8.8.8", "--as", "otto")
    (event,) = [one for one in desk.events("address.added") if one["actor"] == "otto"]
    assert event["user"] not in {"", "otto"}


@pytest.mark.parametrize("caller", ["1000", "4294967295", "me"])
def test_whoever_is_let_in_by_sudo_brings_no_configuration_of_their_own(caller, monkeypatch, tmp_path: Path):
    monkeypatch.setenv("SUDO_UID", caller)
    monkeypatch.delenv("MFT_CONFIG", raising=False)
    with click.Context(click.Command("mft")):
        assert config_file(None) == DEFAULT_CONFIG
        with pytest.raises(Invalid, match="through sudo"):
            config_file(tmp_path / "mine.toml")


@pytest.mark.parametrize("caller", ["0", None])
def test_root_and_whoever_needs_no_sudo_may_name_any_configuration(caller, monkeypatch, tmp_path: Path):
    monkeypatch.delenv("SUDO_UID", raising=False)
    if caller is not None:
        monkeypatch.setenv("SUDO_UID", caller)
    with click.Context(click.Command("mft")):
        assert config_file(tmp_path / "mine.toml") == tmp_path / "mine.toml"
