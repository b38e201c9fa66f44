"""THE table: every request of version 3, every extension clients ask for, and what becomes of it.

What has no row here is refused.  docs/protocol.md holds the same rows, and a test compares them.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mft.sftp.session.packets import Kind


class Treatment(StrEnum):
    """What becomes of a request."""

    HONOURED = "honoured"
    IGNORED = "accepted and ignored"  # Answered OK, so that clients go on; changes nothing.
    REFUSED = "refused"  # OP_UNSUPPORTED, unless the reason says otherwise.


HONOURED, IGNORED, REFUSED = Treatment


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    name: str
    treatment: Treatment
    why: str


REQUESTS: Final[dict[Kind, Row]] = {
    Kind.INIT: Row("INIT", HONOURED, "once, first, version 3 or above; anything else closes the channel"),
    Kind.OPEN: Row("OPEN", HONOURED, "reads a committed version, or begins or continues an upload; attributes ignored"),
    Kind.CLOSE: Row("CLOSE", HONOURED, "commits an upload, and OK is said only then"),
    Kind.READ: Row("READ", HONOURED, "at most 261120 bytes, whatever is asked for"),
    Kind.WRITE: Row("WRITE", HONOURED, "at any offset; a gap is refused at CLOSE; one refused write spoils the upload"),
    Kind.LSTAT: Row("LSTAT", HONOURED, "the same as STAT, since there are no links"),
    Kind.FSTAT: Row("FSTAT", HONOURED, "the size of the opened version, or of what arrived"),
    Kind.SETSTAT: Row("SETSTAT", HONOURED, "size and mtime; see the attributes below"),
    Kind.FSETSTAT: Row("FSETSTAT", HONOURED, "size and mtime; see the attributes below"),
    Kind.OPENDIR: Row("OPENDIR", HONOURED, "the names that the caller may see"),
    Kind.READDIR: Row("READDIR", HONOURED, "as many names as fit, with . and .. first"),
    Kind.REMOVE: Row("REMOVE", HONOURED, "hidden at once, destroyed after the undo period"),
    Kind.MKDIR: Row("MKDIR", HONOURED, "attributes ignored"),
    Kind.RMDIR: Row("RMDIR", HONOURED, "an empty folder only"),
    Kind.REALPATH: Row("REALPATH", HONOURED, "spells the path out; says nothing about whether it exists"),
    Kind.STAT: Row("STAT", HONOURED, "an upload of one's own is seen while no committed file has the name"),
    Kind.RENAME: Row("RENAME", HONOURED, "never onto an existing name, as version 3 says"),
    Kind.READLINK: Row("READLINK", REFUSED, "there are no links"),
    Kind.SYMLINK: Row("SYMLINK", REFUSED, "a link could point out of what the caller may see"),
    Kind.LINK: Row("LINK", REFUSED, "version 6; and a file has one name"),
    Kind.BLOCK: Row("BLOCK", REFUSED, "version 6; a path has one writer anyway"),
    Kind.UNBLOCK: Row("UNBLOCK", REFUSED, "version 6"),
    Kind.EXTENDED: Row("EXTENDED", HONOURED, "the extensions below; others are refused"),
    Kind.VERSION: Row("VERSION", REFUSED, "only servers send it"),
    Kind.STATUS: Row("STATUS", REFUSED, "only servers send it"),
    Kind.HANDLE: Row("HANDLE", REFUSED, "only servers send it"),
    Kind.DATA: Row("DATA", REFUSED, "only servers send it"),
    Kind.NAME: Row("NAME", REFUSED, "only servers send it"),
    Kind.ATTRS: Row("ATTRS", REFUSED, "only servers send it"),
    Kind.EXTENDED_REPLY: Row("EXTENDED_REPLY", REFUSED, "only servers send it"),
}

EXTENSIONS: Final[dict[bytes, tuple[bytes, Row]]] = {
    b"posix-rename@openssh.com": (
        b"1",
        Row("posix-rename@openssh.com", HONOURED, "onto an existing file needs replace"),
    ),
    b"statvfs@openssh.com": (b"2", Row("statvfs@openssh.com", HONOURED, "the quota where there is one, else the disk")),
    b"fstatvfs@openssh.com": (b"2", Row("fstatvfs@openssh.com", HONOURED, "the same through a handle")),
    b"fsync@openssh.com": (b"1", Row("fsync@openssh.com", HONOURED, "puts what arrived on the disk; commits nothing")),
    b"limits@openssh.com": (
        b"1",
        Row("limits@openssh.com", HONOURED, "packet 262144, read 261120, write 261120, 64 handles"),
    ),
    b"lsetstat@openssh.com": (b"", Row("lsetstat@openssh.com", REFUSED, "there are no links")),
    b"hardlink@openssh.com": (b"", Row("hardlink@openssh.com", REFUSED, "a file has one name")),
    b"copy-data": (b"", Row("copy-data", REFUSED, "bytes would pass without a download in the ledger")),
    b"copy-file": (b"", Row("copy-file", REFUSED, "the same")),
    b"expand-path@openssh.com": (
        b"",
        Row("expand-path@openssh.com", REFUSED, "there are no home directories; start at /"),
    ),
    b"home-directory": (b"", Row("home-directory", REFUSED, "the same")),
    b"users-groups-by-id@openssh.com": (
        b"",
        Row("users-groups-by-id@openssh.com", REFUSED, "there are no users behind the ids"),
    ),
    b"check-file": (b"", Row("check-file", REFUSED, "reading a file without taking it would not be in the ledger")),
    b"ranges@asyncssh.com": (b"", Row("ranges@asyncssh.com", REFUSED, "files have no holes")),
}
"""Name to the version that is told (empty when refused) and the row."""

ATTRIBUTES: Final[tuple[Row, ...]] = (
    Row("size", HONOURED, "cuts or grows; growth counts as written zeros, up to 64 MiB beyond what was written"),
    Row("mtime", HONOURED, "kept as the client's claim and shown; no rule reads it; a folder's is forgotten"),
    Row("atime", IGNORED, "nothing keeps it"),
    Row("permissions", IGNORED, "grants decide; PuTTY, lftp and WinSCP send a mode after each upload"),
    Row(
        "owner", REFUSED, "PERMISSION_DENIED, after the rest was done; the uid and gid that are shown (0) are accepted"
    ),
    Row("extended", IGNORED, "nobody sends any in version 3"),
)
"""What SETSTAT and FSETSTAT do with each attribute; the name must exist in any case."""

FLAGS: Final[tuple[Row, ...]] = (
    Row("READ", HONOURED, "alone: the committed version; with WRITE: what was written can be read back"),
    Row("WRITE", HONOURED, "an upload; without TRUNC it continues one's own, or begins from the old bytes"),
    Row("APPEND", HONOURED, "as WRITE, and each write goes to the end"),
    Row("CREAT", HONOURED, "with WRITE; without it the name must exist"),
    Row("TRUNC", HONOURED, "with WRITE: begins empty"),
    Row("EXCL", HONOURED, "with CREAT: the name must not exist"),
)
"""What OPEN does with each flag, section 6.3."""
