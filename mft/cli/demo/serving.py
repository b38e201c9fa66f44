"""Runs the demonstration's server as a process of its own, as ``mft serve`` would."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mft.app.portal_facts import PORTAL
from mft.cli.demo.house import Stage
from mft.model.errors import Unavailable

USUAL_PORT: Final = 22022
USUAL_PORTAL_PORT: Final = 22443
LOG: Final = "server.log"
_ERROR: Final = "error: "
"""How a command tells what is wrong."""
_PATIENCE: Final = 30.0
"""Seconds until a server that is not ready counts as failed."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that said it is ready."""

    process: subprocess.Popen[bytes]
    port: int
    """Of SFTP."""
    portal: str
    """The portal's address."""

    def wait(self) -> int:
        """Wait until it ends, and return its exit status."""
        return self.process.wait()


def usual_or_free(usual: int) -> int:
    """Return the port *usual* if nobody has it, else one that is free."""
    for port in (usual, 0):
        try:
            with socket.create_server(("127.0.0.1", port)) as tried:
                return int(tried.getsockname()[1])
        except OSError:
            continue
    raise Unavailable("no port is free on 127.0.0.1")


@contextmanager
def serving(stage: Stage, port: int | None = None, portal_port: int | None = None) -> Iterator[Server]:
    """Give the server once it is ready, and stop it afterwards.  Raises Unavailable with what it said.

    It listens on *port* and *portal_port* (0: one that is free) instead of those its configuration names.
    """
    log = stage.folder / LOG
    words = [sys.executable, "-m", "mft", "serve", "--config", str(stage.config)]
    with open(log, "ab", opener=_private) as output:
        begins = output.tell()
        # Its own session: Ctrl-C reaches it through us, once.
        process = subprocess.Popen(  # noqa: S603  (our own program, no shell)
            words, env=_environment(port, portal_port), stdout=output, stderr=output, start_new_session=True
        )
    try:
        ready = _ready(process, log, begins)
        yield Server(process, int(str(ready["sftp"][0]).rpartition(":")[2]), str(ready[PORTAL]))
    finally:
        _stop(process)


def _environment(port: int | None, portal_port: int | None) -> dict[str, str]:
    """Return the environment without settings of other servers, with the ports that are given."""
    words = {name: value for name, value in os.environ.items() if not name.startswith("MFT_")}
    if port is not None:
        words["MFT_SFTP__LISTENERS"] = json.dumps([{"address": "127.0.0.1", "port": port}])
    if portal_port is not None:
        words["MFT_PORTAL__PORT"] = str(portal_port)
    return words


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _ready(process: subprocess.Popen[bytes], log: Path, begins: int) -> dict[str, Any]:
    """Return what the server tells in its log once it is ready; the log is read from *begins* on."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        for line in _lines(log, begins):
            if line.get("event") == "ready":
                return line
        time.sleep(0.05)
    said = [str(line.get("event")) for line in _lines(log, begins)]
    told = [line.removeprefix(_ERROR) for line in said if line.startswith(_ERROR)] or said[-3:] or ["it said nothing"]
    raise Unavailable(
        f"the server did not start: {' / '.join(told)}; "
        f"the whole log is {log}, and --port and --portal-port take other ports"
    )


def _lines(log: Path, begins: int) -> Iterator[dict[str, Any]]:
    """Yield the whole lines of the log; what is no JSON object is a line that says itself."""
    with log.open("rb") as content:
        content.seek(begins)
        for line in content.read().decode("utf-8", "replace").splitlines():
            try:
                found = json.loads(line)
            except ValueError:
                found = line
            yield found if isinstance(found, dict) else {"event": line}


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(2 * _PATIENCE)
    except KeyboardInterrupt:
        process.send_signal(signal.SIGTERM)  # A second Ctrl-C: what is being transferred is not waited for.
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
