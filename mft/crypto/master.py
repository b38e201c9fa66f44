"""The master key: wraps the keys of files, and lives in a file of its own, outside the database.

The file has one line per generation, ``id key``, the key as 64 hexadecimal digits, the newest last;
lines that begin with ``#`` are for people.  New keys are wrapped by the newest generation; older
ones stay for as long as something is wrapped by them.
"""

import re
import secrets
from pathlib import Path
from typing import Final, Self

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap_with_padding, aes_key_wrap_with_padding

from mft.crypto.secretfile import create_secret, read_secret, replace_secret
from mft.model.errors import Conflict, Invalid, Unavailable
from mft.model.file import SealedKey
from mft.model.ids import new_id

_WHAT: Final = "the master key"
_KEY_BYTES: Final = 32
_LINE: Final = re.compile(r"(mk_[0-9a-z]{12}) ([0-9a-f]{64})", re.ASCII)
_HEADING: Final = """\
# The master key.  Without it no stored file can be read, and whoever has it can read them all.
# Keep a copy where the backups are not.
"""


class MasterKey:
    """Every generation of the master key that this process may use."""

    __slots__ = ("_keys", "current")

    def __init__(self, keys: dict[str, bytes]) -> None:
        """Take *keys*, 32 bytes by the id of their generation, the newest last; ``load`` reads them."""
        if not keys:
            raise Invalid(f"{_WHAT} has no generation")
        self._keys = dict(keys)
        self.current = next(reversed(self._keys))
        """The id of the generation that wraps new keys."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return the master key kept at *path*.

        Raises Unavailable if it cannot be read, Invalid if others could read it or it is damaged.
        """
        return cls(_parsed(read_secret(path, _WHAT), path))

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make a master key of one generation at *path*.  Raises Conflict if there is one already."""
        keys = _with_new_generation({})
        create_secret(path, _formatted(keys), _WHAT)
        return cls(keys)

    @property
    def generations(self) -> tuple[str, ...]:
        """The ids of all generations, oldest first."""
        return tuple(self._keys)

    def wrap(self, key: bytes) -> SealedKey:
        """Return *key* wrapped by the current generation (AES-KWP, RFC 5649)."""
        return SealedKey(aes_key_wrap_with_padding(self._keys[self.current], key), self.current)

    def unwrap(self, sealed: SealedKey) -> bytes:
        """Return the key that *sealed* holds.  Raises Unavailable if its generation is missing or it is damaged."""
        key = self._keys.get(sealed.master)
        if key is None:
            raise Unavailable(f"generation {sealed.master} of {_WHAT} is missing; restore the file that held it")
        try:
            return aes_key_unwrap_with_padding(key, sealed.wrapped)
        except InvalidUnwrap:
            raise Unavailable(f"a key wrapped by generation {sealed.master} of {_WHAT} is damaged") from None

    def rotate(self, path: Path) -> "MasterKey":
        """Add a generation to the file at *path* and return the master key with it.

        Raises Conflict if the file is not the one that this was loaded from any more.
        """
        if _parsed(read_secret(path, _WHAT), path) != self._keys:
            raise Conflict(f"{_WHAT} {path} was changed meanwhile; load it again")
        keys = _with_new_generation(self._keys)
        replace_secret(path, _formatted(keys), _WHAT)
        return MasterKey(keys)


def _with_new_generation(keys: dict[str, bytes]) -> dict[str, bytes]:
    return {**keys, new_id("mk"): secrets.token_bytes(_KEY_BYTES)}


def _formatted(keys: dict[str, bytes]) -> bytes:
    return (_HEADING + "".join(f"{name} {key.hex()}\n" for name, key in keys.items())).encode()


def _parsed(content: bytes, path: Path) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    # What is no ASCII becomes U+FFFD and matches nothing; only the line's number is ever told.
    for number, line in enumerate(content.decode("ascii", "replace").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        if found is None or found[1] in keys:
            raise Invalid(f"line {number} of {_WHAT} {path} is damaged; restore your copy")
        keys[found[1]] = bytes.fromhex(found[2])
    return keys
