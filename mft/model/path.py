"""VirtualPath: a place in the tree, spelled out once at the edge and never resolved on a disk.

Everything behind a door takes this object, never a string, so that what was checked is what is
opened.  The checks are those that today's servers learnt the hard way: encoded separators, dot
segments, NUL, bidirectional overrides.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self, TypeVar

from mft.model.errors import Invalid

MAX_NAME_BYTES: Final = 255
MAX_PATH_BYTES: Final = 4096
MAX_DEPTH: Final = 64

_FORBIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Control, format (bidi, zero width), surrogates, line and paragraph separators."""


_P = TypeVar("_P", bound="VirtualPath")


@dataclass(frozen=True, slots=True, order=True)
class VirtualPath:
    """An absolute path as its names, root first.  ``VirtualPath(())`` is the root."""

    names: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the path that *text* spells, relative to the root.

        ``.`` and empty segments vanish, ``..`` goes up and stops at the root (RFC 3986, 5.2.4).
        Names are brought to NFC, so that a Mac and a PC mean the same file.  Raises Invalid.
        """
        names: list[str] = []
        for segment in text.split("/"):
            if segment in {"", "."}:
                continue
            if segment == "..":
                del names[-1:]
                continue
            names.append(checked_name(segment))
        return _measured(cls(tuple(names)))

    @classmethod
    def from_wire(cls, raw: bytes) -> Self:
        """Return the path that *raw*, bytes from a client, spells.  Raises Invalid if not UTF-8."""
        try:
            return cls.parse(raw.decode("utf-8"))
        except UnicodeDecodeError:
            raise Invalid("the path is not UTF-8; set the client's file name encoding to UTF-8") from None

    def __truediv__(self, name: str) -> "VirtualPath":
        """Return the path of *name* in this folder; *name* is one segment and is checked."""
        return _measured(VirtualPath((*self.names, checked_name(name))))

    def joined(self, below: "VirtualPath") -> "VirtualPath":
        """Return *below* as seen from this folder."""
        if not self.names:
            return below
        return _measured(VirtualPath(self.names + below.names))

    def within(self, folder: "VirtualPath") -> bool:
        """Return whether this is *folder* or lies below it, name by name."""
        return self.names[: len(folder.names)] == folder.names

    def relative_to(self, folder: "VirtualPath") -> "VirtualPath":
        """Return this path as seen from *folder*, which it lies within."""
        if not self.within(folder):
            raise Invalid(f"{self} is not below {folder}")
        return VirtualPath(self.names[len(folder.names) :])

    @property
    def name(self) -> str:
        """The last segment; the empty string for the root."""
        return self.names[-1] if self.names else ""

    @property
    def parent(self) -> "VirtualPath":
        """The folder this lies in; the root is its own parent."""
        return VirtualPath(self.names[:-1])

    def ancestors(self) -> Iterator["VirtualPath"]:
        """Yield the root, then every folder on the way, then the path itself."""
        for depth in range(len(self.names) + 1):
            yield VirtualPath(self.names[:depth])

    def __str__(self) -> str:
        """Return the path as people write it: ``/Distribution/northwind``."""
        return "/" + "/".join(self.names)


def _measured(path: _P) -> _P:
    if len(path.names) > MAX_DEPTH:
        raise Invalid(f"the path is more than {MAX_DEPTH} folders deep")
    if _longer(str(path), MAX_PATH_BYTES):
        raise Invalid(f"the path is longer than {MAX_PATH_BYTES} bytes")
    return path


ROOT: Final = VirtualPath()


def checked_name(segment: str) -> str:
    """Return *segment* in NFC if it is fit to be one file name.  Raises Invalid with the reason."""
    plain = segment.isascii() and segment.isprintable()  # Nothing there can be forbidden or spelled otherwise.
    if not plain and any(unicodedata.category(character) in _FORBIDDEN_CATEGORIES for character in segment):
        raise Invalid("a file name holds a control, invisible or direction-changing character")
    name = segment if plain else unicodedata.normalize("NFC", segment)
    if "/" in name or "\\" in name:
        raise Invalid("a file name holds a slash or a backslash")
    if name in {"", ".", ".."}:
        raise Invalid("a file name is empty or made of dots")
    if _longer(name, MAX_NAME_BYTES):
        raise Invalid(f"a file name is longer than {MAX_NAME_BYTES} bytes")
    return name


def _longer(text: str, octets: int) -> bool:
    """Return whether *text* takes more than so many *octets* in UTF-8, which takes at most four a character."""
    return len(text) * 4 > octets and len(text.encode()) > octets
