"""What the tree knows of a name, as version 3 tells it; and what a client wishes of a name.

Modes and owners are for show: the product has grants, and no rule reads a mode.  Seconds are UTC.
"""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from mft.model.file import EntryKind
from mft.sftp.session.packets import Fields, string
from mft.vfs.workspace import Listed

HAS_SIZE: Final = 0x00000001
HAS_OWNER: Final = 0x00000002
HAS_MODE: Final = 0x00000004
HAS_TIMES: Final = 0x00000008
HAS_EXTENDED: Final = 0x80000000

OWNER: Final = 0
"""The uid and gid shown for everything; 'giving' a file to them again changes nothing."""
_MODES: Final = {EntryKind.FILE: 0o100660, EntryKind.FOLDER: 0o040770}
"""Nothing for others: clients copy the mode to the file they fetch, and it holds members' data."""
_LETTERS: Final = {EntryKind.FILE: "-rw-rw----", EntryKind.FOLDER: "drwxrwx---"}

_SHOWN: Final = HAS_SIZE | HAS_OWNER | HAS_MODE | HAS_TIMES
_ATTRS: Final = struct.Struct(">IQIIIII")
_NOTHING: Final = struct.pack(">I", 0)
_LATEST: Final = 0xFFFFFFFF
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HALF_A_YEAR: Final = timedelta(days=182)
_OWNER_WIDTH: Final = 32


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
    seconds = min(max(modified, 0), _LATEST)
    return _ATTRS.pack(_SHOWN, size, OWNER, OWNER, _MODES[kind], seconds, seconds)


def encode_listed(listed: Listed) -> bytes:
    """Return the ATTRS field for *listed*."""
    return encode(listed.kind, listed.size, listed.modified)


def bare_name(name: str) -> bytes:
    """Return one entry of SSH_FXP_NAME that tells a name and nothing else, as REALPATH does."""
    return string(name.encode()) * 2 + _NOTHING


def entry(name: str, listed: Listed, now: datetime) -> bytes:
    """Return one entry of SSH_FXP_NAME: *name*, the line ``ls -l`` would print, the attributes."""
    return string(name.encode()) + string(long_name(name, listed, now).encode()) + encode_listed(listed)


def long_name(name: str, listed: Listed, now: datetime) -> str:
    """Return the line that ``ls -l`` would print; the owner is the creator, the time is UTC.

    Where ``ls`` has the group stands until when a file is kept.  psftp and OpenSSH show the line as it
    is, so it is made of our own letters but for the name.
    """
    owner = clean_owner(listed.creator)
    when = ls_time(listed.modified, now)
    return f"{_LETTERS[listed.kind]}    1 {owner:<8} {_kept(listed):<16} {listed.size:>8} {when} {name}"


def _kept(listed: Listed) -> str:
    if listed.kind is EntryKind.FOLDER or listed.mine_uploading:
        return "mft"
    return "on-hold" if listed.expires_at is None else f"until-{listed.expires_at.astimezone(UTC):%Y-%m-%d}"


def clean_owner(creator: str) -> str:
    """Return *creator* as one word of plain letters, since clients split the line at blanks."""
    kept = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._-@") else "_" for letter in creator)
    return kept[:_OWNER_WIDTH] or "-"


def ls_time(seconds: int, now: datetime) -> str:
    """Return *seconds* since 1970 as ``ls`` does: the hour for the last half year, else the year."""
    moment = datetime.fromtimestamp(min(max(seconds, 0), _LATEST), UTC)
    recent = timedelta() <= now - moment < _HALF_A_YEAR
    tail = f"{moment:%H:%M}" if recent else f"{moment.year:>5}"
    return f"{_MONTHS[moment.month - 1]} {moment.day:>2} {tail}"
