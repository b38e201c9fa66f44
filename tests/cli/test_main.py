"""The front desk: what every command has in common."""

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner

from mft.cli import exits, main
from mft.model.errors import Conflict, Exhausted, Forbidden, Invalid, MftError, NotFound, Unavailable

HEAVY = {"asyncssh", "sqlalchemy", "alembic", "starlette", "pydantic", "rich", "structlog", "paramiko"}


def run(*words: str, **environment: str):
    return CliRunner(env={"MFT_CONFIG": None, **environment}).invoke(main.cli, words)


def test_help_and_version_load_nothing_but_click():
    for option in ("--help", "--version"):
        program = (
            "import sys\nfrom mft.cli.main import cli\n"
            f"try:\n    cli([{option!r}])\nexcept SystemExit:\n    pass\n"
            f"print(sorted({HEAVY!r} & set(sys.modules)))"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
        assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", main.COMMANDS)
def test_each_command_of_the_table_is_there_and_says_what_it_does(name: str):
    module, line = main.COMMANDS[name]
    command = getattr(import_module(module), f"{name}_command")
    assert command.name == name
    assert command.help.splitlines()[0] == line
    shown = run(name, "--help")
    assert shown.exit_code == 0
    assert line[:40] in shown.stdout


def test_an_unknown_command_is_told_from_the_rest_by_its_code_and_says_where_to_look():
    done = run("bogus")
    assert done.exit_code == exits.USAGE
    assert done.stdout == ""
    assert done.stderr == "error: No such command 'bogus'.\n  do: see mft --help\n"


def test_a_missing_configuration_names_the_file_and_the_mend(tmp_path: Path):
    done = run("config", "check", "--config", str(tmp_path / "none.toml"))
    assert done.exit_code == exits.CONFIGURATION
    assert "none.toml: there is no such file" in done.stderr
    assert "do: make one with mft init" in done.stderr


def test_every_wrong_key_of_a_configuration_is_named(tmp_path: Path):
    file = tmp_path / "mft.toml"
    file.write_text('[terms]\ntemporary_pasword = "48 h"\ndormancy = "120"\n')
    done = run("config", "check", "--config", str(file))
    assert done.exit_code == exits.CONFIGURATION
    assert "terms.temporary_pasword is not a setting, perhaps temporary_password" in done.stderr
    assert "terms.dormancy" in done.stderr
    assert done.stderr.count("error: ") == 2
    assert "do: " in done.stderr


@pytest.mark.parametrize("place", ["before", "behind", "environment"])
def test_the_configuration_is_named_before_the_command_behind_it_or_by_the_environment(tmp_path: Path, place: str):
    file = tmp_path / "mft.toml"
    file.write_text('payer = "Example Health"\n')
    words = {
        "before": ("--config", str(file), "config", "show", "--json"),
        "behind": ("config", "show", "--config", str(file), "--json"),
        "environment": ("config", "show", "--json"),
    }[place]
    done = run(*words, **({"MFT_CONFIG": str(file)} if place == "environment" else {}))
    assert json.loads(done.stdout)["payer"] == "Example Health"


def test_config_show_says_where_each_value_came_from_and_hides_the_database_address(tmp_path: Path):
    file = tmp_path / "mft.toml"
    file.write_text('node = "one"\ndatabase_url = "postgresql+psycopg://mft:hunter2@db/mft"\n')
    done = run("config", "show", "--origin", "--json", "--config", str(file), MFT_SFTP__CHACHA20="true")
    origins = {row["key"]: row["origin"] for row in json.loads(done.stdout)}
    assert origins["node"] == str(file)
    assert origins["sftp.chacha20"] == "environment: MFT_SFTP__CHACHA20"
    assert origins["terms.dormancy"] == "default"
    assert "hunter2" not in done.stdout


def test_config_example_is_a_file_that_config_check_takes(tmp_path: Path):
    file = tmp_path / "mft.toml"
    file.write_text(run("config", "example").stdout)
    assert run("config", "check", "--config", str(file)).exit_code == 0


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Invalid("x"), 2),
        (exits.Misconfigured("x"), 3),
        (NotFound("x"), 4),
        (Conflict("x"), 5),
        (Unavailable("x"), 6),
        (Forbidden("x"), 1),
        (Exhausted("x"), 1),
        (MftError("x"), 1),
    ],
)
def test_each_error_has_its_code_and_something_to_do(error: MftError, code: int):
    assert exits.code_of(error) == code
    assert all(exits.wording(error))


def test_an_error_that_says_what_to_do_is_parted_there():
    assert exits.wording(Invalid("that is wrong; do this instead")) == ("that is wrong", "do this instead")


def test_an_error_quotes_no_control_sequence(capsys):
    exits.tell("there is no organization \x1b]0;owned\x07", "look at \x1b[2J")
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert said.count("\n") == 2


def test_what_is_no_utf8_is_a_fault_of_what_was_typed(tmp_path: Path):
    CliRunner().invoke(main.cli, ["init", "--dir", str(tmp_path / "server"), "--trial"])
    done = run("account", "show", "\udcff", MFT_CONFIG=str(tmp_path / "server" / "mft.toml"))
    assert done.exit_code == exits.USAGE
    assert done.stderr.startswith("error: what was given is no text in UTF-8")


def test_a_reader_that_leaves_a_pipe_ends_the_command_quietly():
    reader, writer = os.pipe()
    os.close(reader)
    try:
        words = [sys.executable, "-m", "mft", "config", "example"]
        done = subprocess.run(words, stdout=writer, stderr=subprocess.PIPE, check=False, timeout=60)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_can_complete(shell: str):
    done = subprocess.run(
        [sys.executable, "-m", "mft"],
        env={**os.environ, "_MFT_COMPLETE": f"{shell}_source"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "_MFT_COMPLETE" in done.stdout
