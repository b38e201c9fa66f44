"""What the disk's complaint means to a caller."""

import errno
from typing import Final

from mft.model.errors import Exhausted, Unavailable

_LIMITS: Final = {
    errno.ENOSPC: "the disk is full; free some space",
    errno.EDQUOT: "the disk quota of the service's user is used up; raise it or free some space",
    errno.EFBIG: "the file grew larger than the file system or the process's limit allows",
    errno.EMFILE: "too many files are open in this process; raise LimitNOFILE",
    errno.ENFILE: "too many files are open on this machine; raise fs.file-max",
}


def fault(error: OSError, doing: str) -> Exhausted | Unavailable:
    """Return the error to raise for *error*, met while *doing*: Exhausted for a limit, else Unavailable."""
    if error.errno in _LIMITS:
        return Exhausted(f"{doing}: {_LIMITS[error.errno]}")
    return Unavailable(f"{doing}: {error.strerror}; look at the disk and the system's log")
