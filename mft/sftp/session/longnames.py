"""The entries of SSH_FXP_NAME: a name, the line that ``ls -l`` would print, the attributes.

A folder may have 50,000 names, so a line is put together from pieces that many of them share and
that are made once: the beginning up to the term, the date, the time of day.

Where ``ls`` has the group stands until when a file is kept.  psftp and OpenSSH show the line as it
is, so it is made of our own letters but for the name; times are UTC.
"""

import struct
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from mft.model.file import EntryKind
from mft.sftp.session.attrs import ATTRS, FILE_MODE, FOLDER_MODE, LATEST, OWNER, SHOWN
from mft.vfs.workspace import Line

_NOTHING: Final = struct.pack(">I", 0)
_LENGTH: Final = struct.Struct(">I")
_FOLDER: Final = EntryKind.FOLDER.value
_LETTERS: Final = {EntryKind.FILE.value: "-rw-rw----", _FOLDER: "drwxrwx---"}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HALF_A_YEAR: Final = timedelta(days=182)
_DAY, _MINUTE = 86_400, 60
_TIMES: Final = tuple(f"{hour:02}:{minute:02}" for hour in range(24) for minute in range(60))
_OWNER_WIDTH: Final = 32


def bare_name(name: str) -> bytes:
    """Return an entry that tells a name and nothing else, as REALPATH does."""
    encoded = name.encode()
    return (_LENGTH.pack(len(encoded)) + encoded) * 2 + _NOTHING


def entries(lines: Iterable[Line], now: datetime) -> list[bytes]:
    """Return the entry of each of *lines*, as it looks at *now*."""
    today = now.timestamp()
    recent = today - _HALF_A_YEAR.total_seconds()
    length, attributes, join = _LENGTH.pack, ATTRS.pack, b"".join
    made = []
    for name, kind, size, modified, creator, until in lines:
        seconds = modified if 0 <= modified <= LATEST else _possible(modified)
        if recent < seconds <= today:
            when = f"{_date(seconds // _DAY)} {_TIMES[seconds % _DAY // _MINUTE]}"
        else:
            when = _date_and_year(seconds // _DAY)
        encoded = name.encode()
        line = f"{_beginning(kind, creator, until)} {size:>8} {when} ".encode() + encoded
        mode = FOLDER_MODE if kind == _FOLDER else FILE_MODE
        attrs = attributes(SHOWN, size, OWNER, OWNER, mode, seconds, seconds)
        made.append(join((length(len(encoded)), encoded, length(len(line)), line, attrs)))
    return made


def long_name(line: Line, now: datetime) -> str:
    """Return what ``ls -l`` would print of *line*."""
    (made,) = entries([line], now)
    start = 2 * _LENGTH.size + len(line[0].encode())
    return made[start : -ATTRS.size].decode()


def clean_owner(creator: str) -> str:
    """Return *creator* as one word of plain letters, since clients split the line at blanks."""
    kept = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._-@") else "_" for letter in creator)
    return kept[:_OWNER_WIDTH] or "-"


def _possible(seconds: int) -> int:
    """Return the time nearest to *seconds* that version 3 can say."""
    return min(max(seconds, 0), LATEST)


@lru_cache(maxsize=1024)
def _beginning(kind: str, creator: str, until: int | None) -> str:
    """Return the line up to the size."""
    return f"{_LETTERS[kind]}    1 {clean_owner(creator):<8} {_kept(until):<16}"


def _kept(until: int | None) -> str:
    if until is None:
        return "on-hold"
    return f"until-{_EPOCH + timedelta(days=until):%Y-%m-%d}" if until else "mft"


@lru_cache(maxsize=1024)
def _date(day: int) -> str:
    moment = _EPOCH + timedelta(days=day)
    return f"{_MONTHS[moment.month - 1]} {moment.day:>2}"


@lru_cache(maxsize=1024)
def _date_and_year(day: int) -> str:
    return f"{_date(day)} {(_EPOCH + timedelta(days=day)).year:>5}"
