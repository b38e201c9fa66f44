"""Our server: as shipped, and once more with segments that are not sealed, so that the price of sealing shows.

Set up with the commands that operators use.  What differs from the defaults is how many may come at a
time as one account and from one address, since everybody here does.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from benchmarks import catalog
from benchmarks.grounds import Grounds
from benchmarks.peers.launch import Launch, Peer, Site
from benchmarks.peers.versions import python

ROOT: Final = Path(__file__).parents[2]
MFT: Final = Path(sys.executable).parent / "mft"
HOME: Final = "/Distribution/bench"
USER: Final = "bench"
_NO_PORT: Final = 1
"""Where the mould would listen; each copy gets a port of its own."""
MORE: Final = {
    "MFT_SFTP__MAX_CONNECTIONS_PER_ACCOUNT": "1000",
    "MFT_SFTP__MAX_UNAUTHENTICATED_PER_SOURCE": "100",
}


@dataclass(frozen=True)
class Operator:
    """Who sets a server up."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """The environment that the commands run in."""
        return {"MFT_CONFIG": str(self.folder / "mft.toml"), "USER": "operator", "SUDO_USER": "", **MORE}

    def mft(self, *words: str, typed: str = "") -> str:
        """Run one command and return what it printed."""
        told = {**os.environ, **self.environment}
        done = subprocess.run([MFT, *words], env=told, capture_output=True, text=True, check=False, input=typed)  # noqa: S603
        if done.returncode:
            raise SystemExit(f"mft {' '.join(words)}: {done.stderr}")
        return done.stdout

    def set_up(self, port: int, key: Path) -> None:
        """Make a trial server, an organization, and an account with all rights on its folder."""
        self.mft("init", "--dir", str(self.folder), "--trial", "--sftp-port", str(port))
        self.mft("org", "add", "bench", "--name", "Bench", "--kind", "delegate")
        self.mft(
            *("account", "add", USER, "--org", "bench", "--email", "bench@example.org"),
            *("--allow", "127.0.0.1", "--key", str(key)),
        )
        self.mft("folder", "grant", HOME, "--account", USER, "--rights", "all")


def fill(site: Site, folder: str, count: int) -> None:
    """Put *count* files that have no bytes into the catalog, in a new folder of the home."""
    with catalog.opened(site.folder) as store:
        catalog.fill_folder(store, HOME, folder, count)


def _prepare(site: Site, command: list[str]) -> Launch:
    shutil.copytree(_mould(site.grounds), site.folder, dirs_exist_ok=True)
    config = site.folder / "mft.toml"
    config.write_text(config.read_text().replace(f"port = {_NO_PORT}", f"port = {site.port}"))
    operator = Operator(site.folder)
    return Launch(command, USER, HOME, {**operator.environment, "PYTHONPATH": str(ROOT)}, fill)


@cache
def _mould(grounds: Grounds) -> Path:
    """Set one up that is never started; every server is a copy of it."""
    folder = grounds.folder / "mft-mould"
    Operator(folder).set_up(_NO_PORT, grounds.key.with_suffix(".pub"))
    return folder


def prepare(site: Site) -> Launch:
    """Set it up as it is shipped."""
    return _prepare(site, [str(MFT), "serve"])


def prepare_plain(site: Site) -> Launch:
    """Set it up to be started without sealing."""
    return _prepare(site, [sys.executable, "-m", "benchmarks.peers.mft_plain"])


SHIPPED: Final = Peer("mft", prepare, lambda: python("mft"), compared=True)
PLAIN: Final = Peer("mft-plain", prepare_plain, lambda: python("mft"), compared=True)
