"""OpenSSH's sftp: the client that most partners run, and the one for every whole file here."""

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.grounds import HOST
from benchmarks.plan import Cipher
from benchmarks.servers import Server

_LONGEST: Final = 900.0


class Failed(Exception):
    """The client could not; the text is what it said."""


@dataclass(frozen=True)
class Sftp:
    """One way to call it: which server, which cipher, and whether it asks for fsync."""

    server: Server
    cipher: Cipher

    def command(self) -> list[str]:
        """Return the command; what to do comes on standard input."""
        options = {
            "Ciphers": self.cipher.name,
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": "/dev/null",
            "GlobalKnownHostsFile": "/dev/null",
            "LogLevel": "INFO",
            "IdentitiesOnly": "yes",
            **({"MACs": self.cipher.mac} if self.cipher.mac else {}),
        }
        named = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        fsync = ["-f"] if self.server.peer.durable else []
        where = f"{self.server.launch.user}@{HOST}"
        key = str(self.server.site.grounds.key)
        return ["sftp", *fsync, "-F", "none", "-P", str(self.server.port), "-i", key, *named, "-b", "-", where]

    def start(self, *lines: str) -> "subprocess.Popen[bytes]":
        """Start it on *lines*."""
        client = subprocess.Popen(  # noqa: S603
            self.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        if client.stdin is None:
            raise Failed("no way to tell it what to do")
        client.stdin.write("".join(f"{line}\n" for line in lines).encode())
        client.stdin.close()
        client.stdin = None
        return client

    def run(self, *lines: str) -> float:
        """Do *lines* and return the seconds it took.  Raises Failed."""
        began = time.perf_counter()
        finish(self.start(*lines))
        return time.perf_counter() - began

    def get(self, remote: str, local: Path) -> float:
        """Fetch one file."""
        return self.run(f'get "{remote}" "{local}"')

    def put(self, local: Path, remote: str) -> float:
        """Send one file."""
        return self.run(f'put "{local}" "{remote}"')


def finish(client: "subprocess.Popen[bytes]") -> None:
    """Wait for *client*.  Raises Failed, with what it said."""
    try:
        said, _ = client.communicate(timeout=_LONGEST)
    except subprocess.TimeoutExpired:
        client.kill()
        client.communicate()
        raise Failed(f"it took more than {_LONGEST:.0f} seconds") from None
    if client.returncode:
        raise Failed("; ".join(said.decode(errors="replace").split("\r\n"))[-400:].strip("; "))
