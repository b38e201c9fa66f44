"""A real directory, made by the real `mft init --trial`, and the commands run on it."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from click.testing import CliRunner, Result

from mft.cli.main import cli


@dataclass
class Desk:
    """An operator in front of one server's directory."""

    folder: Path
    acting: str = "maria"
    uid: str = ""
    """Who called sudo; the process's own user if empty."""

    def run(self, *words: str | Path, typed: str = "") -> Result:
        environment = {"MFT_CONFIG": str(self.folder / "mft.toml"), "USER": self.acting, "SUDO_USER": ""}
        environment["SUDO_UID"] = self.uid
        return CliRunner(env=environment).invoke(cli, [str(word) for word in words], input=typed)

    def said(self, *words: str | Path, typed: str = "") -> str:
        """Run a command that succeeds and return its standard output."""
        done = self.run(*words, typed=typed)
        assert done.exit_code == 0, f"{words}: {done.exit_code}\n{done.output}"
        return done.stdout

    def json(self, *words: str | Path, typed: str = "") -> Any:
        """Run a command that succeeds with --json and return what it said."""
        return json.loads(self.said(*words, "--json", typed=typed))

    def fails(self, code: int, *words: str | Path, typed: str = "") -> str:
        """Run a command that ends with *code* and return its standard error."""
        done = self.run(*words, typed=typed)
        assert done.exit_code == code, f"{words}: {done.exit_code}\n{done.output}"
        lines = done.stderr.strip().splitlines()
        assert lines[0].startswith("error: ")
        assert lines[-1].startswith("  do: ")
        return done.stderr

    def events(self, action: str) -> list[dict[str, Any]]:
        """Return the trail's events of one action, the oldest first."""
        return self.json("audit", "search", "--action", action)[::-1]


def write_key(path: Path) -> Path:
    """Make an SSH key pair at *path* and return the public half's path."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(str(path))
    public = path.with_name(f"{path.name}.pub")
    key.write_public_key(str(public))
    return public


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with two organizations and an account; copied for each test."""
    folder = tmp_path_factory.mktemp("furnished") / "house"
    desk = Desk(folder)
    desk.said("init", "--dir", folder, "--trial", "--sftp-port", "0")
    # Password hashes at the full cost would be most of what these tests wait for.
    config = folder / "mft.toml"
    config.write_text(config.read_text().replace('# memory = "64 MiB"', 'memory = "8 KiB"'))
    desk.said("org", "add", "northwind", "--name", "Northwind Clinic", "--kind", "delegate")
    desk.said("org", "add", "clearing", "--name", "Clearing House", "--kind", "partner")
    desk.said("account", "add", "bob", "--org", "northwind", "--email", "bob@example.org", "--allow", "127.0.0.1")
    return folder


@pytest.fixture
def desk(furnished: Path, tmp_path: Path) -> Desk:
    shutil.copytree(furnished, tmp_path / "house")
    return Desk(tmp_path / "house")


@pytest.fixture
def make_key(tmp_path: Path) -> Callable[[str], Path]:
    return lambda name: write_key(tmp_path / name)
