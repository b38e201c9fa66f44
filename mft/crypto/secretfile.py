"""Small files that hold secrets: who else may read them, and how they come into being whole.

Never looks at what a file holds.
"""

import os
import stat
from pathlib import Path
from typing import Final

from mft.model.errors import Conflict, Invalid, Unavailable

_CREDENTIALS: Final = Path("/run/credentials")
"""Where systemd puts a unit's credentials; it guards them by an ACL, which shows as group bits."""
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_OWN_FILE: Final = 0o600
_MOST_BYTES: Final = 1 << 20


def read_secret(path: Path, what: str) -> bytes:
    """Return the content of *path*, which holds *what*.

    Raises Unavailable if it cannot be read, Invalid if others than its owner could read it too.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(_MOST_BYTES)
    except OSError as error:
        raise Unavailable(f"{what} {path} cannot be read: {error.strerror}") from error
    if mode & _OTHERS and _CREDENTIALS not in path.resolve().parents:
        raise Invalid(f"{what} {path} can be read by others; run: chmod 600 {path}")
    return content


def create_secret(path: Path, content: bytes, what: str) -> None:
    """Write *content* to a new file *path* with mode 0600, durably.  Raises Conflict if there is one already."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, _OWN_FILE)
    except FileExistsError:
        raise Conflict(f"{what} {path} exists already and is not overwritten") from None
    except OSError as error:
        raise Unavailable(f"{what} {path} cannot be written: {error.strerror}") from error
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _sync_folder(path.parent)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise Unavailable(f"{what} {path} cannot be written: {error.strerror}") from error


def replace_secret(path: Path, content: bytes, what: str) -> None:
    """Put *content* in the place of *path*, whole or not at all, durably.

    Raises Conflict while another program does the same, or was killed doing it.
    """
    beside = path.with_name(path.name + ".new")
    create_secret(beside, content, what)
    try:
        beside.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise Unavailable(f"{what} {path} cannot be replaced: {error.strerror}") from error


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
