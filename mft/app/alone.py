"""One server a folder: a second one would take the first one's open uploads for leftovers of a crash.

The lock is the kernel's and falls with the process.  The file holds what the running server said when
it was ready, so that ``mft doctor`` finds a port that was chosen by the system.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from mft.model.errors import Conflict, Unavailable

FILE: Final = "serving.lock"


class Alone:
    """The lock, held."""

    def __init__(self, descriptor: int) -> None:
        """Keep the locked *descriptor*."""
        self._descriptor = descriptor

    @property
    def descriptor(self) -> int:
        """What holds the lock; a process that inherits it holds the folder too."""
        return self._descriptor

    def tell(self, ready: Mapping[str, Any]) -> None:
        """Leave *ready* for others to read."""
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, json.dumps(ready).encode(), 0)


@contextmanager
def alone(data: Path) -> Iterator[Alone]:
    """Hold the folder *data* for one server.  Raises Conflict when another server has it."""
    try:
        descriptor = os.open(data / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise Unavailable(
            f"{data / FILE} cannot be opened: {error.strerror}; check the folder and its owner"
        ) from error
    try:
        if not _lock(descriptor):
            raise Conflict(f"another mft serve works on {data}; stop it first")
        os.ftruncate(descriptor, 0)  # What the last server said holds no longer.
        yield Alone(descriptor)
    finally:
        os.close(descriptor)


def running(data: Path) -> Mapping[str, Any] | None:
    """Return what the server that runs on *data* said when it was ready, or None if none runs."""
    try:
        descriptor = os.open(data / FILE, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        if _lock(descriptor, fcntl.LOCK_SH):
            return None
        said = json.loads(os.pread(descriptor, 1 << 16, 0) or b"{}")
        return said if isinstance(said, dict) else {}
    except ValueError:
        return {}
    finally:
        os.close(descriptor)


def _lock(descriptor: int, kind: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
