"""Groups of a directory, by their names: when two names mean one group, and where it stands.  Pure.

A name with ``=`` in it is a distinguished name (RFC 4514) and means one group.  Any other name means
the group that is called so by the first part of its distinguished name, or wholly.  Spellings that are
not known to be one, such as ``cn`` and ``2.5.4.3``, are two: then a group gives nothing.
"""

import re
from typing import Final

_PARTS: Final = re.compile(r"(?:\\.|[^\\,])+", re.DOTALL)
"""What stands between commas that no backslash stands before."""
_ESCAPED: Final = re.compile(rb"\\([0-9A-Fa-f]{2}|.)", re.DOTALL)
_OCTET: Final = 2


def is_meant(name: str, group: str) -> bool:
    """Return whether *name*, as a setting holds it, means *group*, as a directory names it."""
    if "=" in name:
        return _parts(name) == _parts(group)
    return name.casefold() == _called(group)


def is_below(group: str, base: str) -> bool:
    """Return whether the distinguished name *group* stands below *base*; below nothing stands nobody."""
    above, whole = _parts(base), _parts(group)
    return 0 < len(above) < len(whole) and whole[-len(above) :] == above


def _called(group: str) -> str:
    """Return what *group* is called by the first part of its name."""
    return _parts(group)[0][1] if "=" in group else group.casefold()


def _parts(name: str) -> list[tuple[str, str]]:
    """Return the parts of a distinguished name, each kind with its value, in the one spelling we compare."""
    pairs = (part.partition("=") for part in _PARTS.findall(name))
    return [(kind.strip().casefold(), _plain(value.strip()).casefold()) for kind, _, value in pairs]


def _plain(value: str) -> str:
    """Return *value* without its escapes: a character behind a backslash, or an octet in hexadecimal."""
    octets = _ESCAPED.sub(lambda found: _meant(found[1]), value.encode("utf-8", "surrogateescape"))
    # What is not UTF-8 is spelled out, so that no two become one.
    return octets.decode("utf-8", "backslashreplace")


def _meant(escaped: bytes) -> bytes:
    return bytes.fromhex(escaped.decode()) if len(escaped) == _OCTET else escaped
