"""The attributes of a name: as version 3 tells them, and as a client wishes them.

Modes and owners are for show: the product has grants, and no rule reads a mode.  Seconds are UTC.
"""

import struct
from dataclasses import dataclass
from typing import Final

from mft.model.file import EntryKind
from mft.sftp.session.packets import Fields
from mft.vfs.workspace import Listed

HAS_SIZE: Final = 0x00000001
HAS_OWNER: Final = 0x00000002
HAS_MODE: Final = 0x00000004
HAS_TIMES: Final = 0x00000008
HAS_EXTENDED: Final = 0x80000000

OWNER: Final = 0
"""The uid and gid shown for everything; 'giving' a file to them again changes nothing."""
FILE_MODE: Final = 0o100660
FOLDER_MODE: Final = 0o040770
"""Nothing for others: clients copy the mode to the file they fetch, and it holds members' data."""

SHOWN: Final = HAS_SIZE | HAS_OWNER | HAS_MODE | HAS_TIMES
ATTRS: Final = struct.Struct(">IQIIIII")
"""What is shown, in this order: size, uid, gid, mode, time of access, time of modification."""
LATEST: Final = 0xFFFFFFFF
"""The last second that version 3 can say."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """The attributes a client sent along; None where it sent none."""

    size: int | None = None
    owner: tuple[int, int] | None = None
    mode: int | None = None
    mtime: int | None = None

    @property
    def gives_away(self) -> bool:
        """Whether another owner is wished for than the one that is shown."""
        return self.owner not in {None, (OWNER, OWNER)}


def read_wishes(fields: Fields) -> Wishes:
    """Return the ATTRS field that comes next, section 5.  Extended pairs are read past."""
    flags = fields.u32()
    size = fields.u64() if flags & HAS_SIZE else None
    owner = (fields.u32(), fields.u32()) if flags & HAS_OWNER else None
    mode = fields.u32() if flags & HAS_MODE else None
    mtime = None
    if flags & HAS_TIMES:
        fields.u32()
        mtime = fields.u32()
    return Wishes(size, owner, mode, mtime)


def encode(kind: EntryKind, size: int, modified: int) -> bytes:
    """Return the ATTRS field for something of that kind, size and claimed time."""
    seconds = min(max(modified, 0), LATEST)
    mode = FOLDER_MODE if kind is EntryKind.FOLDER else FILE_MODE
    return ATTRS.pack(SHOWN, size, OWNER, OWNER, mode, seconds, seconds)


def encode_listed(listed: Listed) -> bytes:
    """Return the ATTRS field for *listed*."""
    return encode(listed.kind, listed.size, listed.modified)
