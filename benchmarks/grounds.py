"""The place where it is measured: a temporary folder with keys and noise, and free ports."""

import hashlib
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.plan import MIB

HOST: Final = "127.0.0.1"


@dataclass(frozen=True, eq=False)
class Grounds:
    """Keys, files to send, and where everybody keeps what is theirs."""

    folder: Path
    """On a disk: what servers keep."""
    desk: Path
    """In memory if there is such a folder: what clients send and receive."""
    made: dict[int, Path] = field(default_factory=dict)

    @property
    def key(self) -> Path:
        """The private key that every client signs on with."""
        return self.folder / "keys" / "user"

    @property
    def host_key(self) -> Path:
        """The private key that every server but ours shows."""
        return self.folder / "keys" / "host"

    def prepare(self) -> None:
        """Make the keys."""
        self.key.parent.mkdir()
        for key in (self.key, self.host_key):
            words = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "bench", "-f", str(key))
            subprocess.run(words, check=True)  # noqa: S603
        allowed = self.key.with_name("authorized_keys")
        allowed.write_text(self.key.with_suffix(".pub").read_text())

    def noise(self, size: int) -> Path:
        """Return a file of *size* random bytes."""
        if size not in self.made:
            file = self.desk / f"noise-{size}"
            with file.open("wb") as made:
                for _ in range(size // MIB):
                    made.write(os.urandom(MIB))
                made.write(os.urandom(size % MIB))
            self.made[size] = file
        return self.made[size]


@cache
def digest(file: Path) -> str:
    """Return the SHA-256 of a file that does not change any more."""
    return fresh_digest(file)


def fresh_digest(file: Path) -> str:
    """Return the SHA-256 of *file* as it is now."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server((HOST, 0)) as taken:
        return int(taken.getsockname()[1])


def answers(port: int) -> bool:
    """Return whether somebody listens on *port*: a server left over from another run would answer for ours."""
    with socket.socket() as line:
        line.settimeout(1)
        return line.connect_ex((HOST, port)) == 0


@contextmanager
def grounds(folder: Path | None = None) -> Iterator[Grounds]:
    """Give the place, below *folder* or the system's temporary folder, and clear it away afterwards."""
    memory = Path("/dev/shm")  # noqa: S108  (a folder of our own is made in it)
    fast = memory if os.access(memory, os.W_OK) else folder
    with (
        TemporaryDirectory(prefix="mft-bench-", dir=folder) as disk,
        TemporaryDirectory(prefix="mft-bench-", dir=fast) as desk,
    ):
        # A server that serves as another user has to reach its own folder.
        Path(disk).chmod(0o755)
        place = Grounds(Path(disk), Path(desk))
        place.prepare()
        yield place
