"""The backup's file: a plain tar whose last member is a manifest with every member's digest.

Sealed bytes do not compress, so nothing is.  Reading trusts neither names nor lengths: a member is
taken only under a name of our own making, and an archive whose manifest is missing was cut short.
"""

import hashlib
import io
import json
import os
import re
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any, BinaryIO, Final, Protocol

from mft.model.errors import Invalid

MANIFEST: Final = "manifest.json"
FORMAT: Final = "mft-backup-1"
DATABASE: Final = "database"
CONFIG: Final = "mft.toml"
BLOBS: Final = "blobs/"

_BLOB: Final = re.compile(r"blobs/[0-9a-f]{32}", re.ASCII)
_BLOCK: Final = 1 << 20
_LONGEST_MANIFEST: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Member:
    """One member's length and digest, as the manifest holds them."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive says about itself."""

    facts: dict[str, Any]
    """When, by whom, from what: for people and for the restore."""
    members: dict[str, Member] = field(default_factory=dict)


class Source(Protocol):
    """Something to read a member from."""

    def read(self, size: int, /) -> bytes:
        """Return up to *size* bytes, none at the end."""
        ...


class _Digesting:
    """Reads through and digests on the way."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.digest = hashlib.sha256()

    def read(self, size: int = _BLOCK) -> bytes:
        block = self._source.read(size)
        self.digest.update(block)
        return block


class Packer:
    """Writes an archive to *stream*, member by member; ``finish`` adds the manifest."""

    def __init__(self, stream: IO[bytes]) -> None:
        """Begin the archive."""
        self._tar = tarfile.TarFile(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT)
        self._members: dict[str, Member] = {}

    def add(self, name: str, size: int, source: Source) -> None:
        """Add *size* bytes of *source* as *name*."""
        digesting = _Digesting(source)
        self._tar.addfile(_header(name, size), digesting)
        self._members[name] = Member(size, digesting.digest.hexdigest())

    def finish(self, facts: dict[str, Any]) -> None:
        """Add the manifest, which makes the archive whole."""
        members = {name: [member.size, member.sha256] for name, member in self._members.items()}
        text = json.dumps({"format": FORMAT, **facts, "members": members}, indent=1).encode()
        self._tar.addfile(_header(MANIFEST, len(text)), io.BytesIO(text))
        self._tar.close()


def _header(name: str, size: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mode = size, 0o600
    return header


def unpack(stream: IO[bytes], receive: Callable[[str], BinaryIO]) -> Manifest:
    """Write every member to what *receive* opens for its name, and check it.  Raises Invalid, naming what is wrong."""
    try:
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            manifest, found = _received(tar, receive)
    except (tarfile.TarError, EOFError) as error:
        raise Invalid(f"the archive cannot be read: {error}; use another one") from None
    _compare(manifest.members, found)
    return manifest


def _received(tar: tarfile.TarFile, receive: Callable[[str], BinaryIO]) -> tuple[Manifest, dict[str, Member]]:
    found: dict[str, Member] = {}
    for header in tar:
        name = header.name
        source = tar.extractfile(header) if header.isreg() else None
        if source is None:
            raise Invalid(f"the archive holds {name!r}, which is no file; it is not ours")
        if name == MANIFEST:
            return _parsed(source.read(_LONGEST_MANIFEST)), found
        if name in found or not (name in {DATABASE, CONFIG} or _BLOB.fullmatch(name)):
            raise Invalid(f"the archive holds {name!r}, which no backup of ours does, or holds it twice")
        with receive(name) as target:
            found[name] = _copied(source, target)
    raise Invalid("the archive ends without its manifest; it was cut short, use another one")


def _copied(source: Source, target: BinaryIO) -> Member:
    digesting, size = _Digesting(source), 0
    while block := digesting.read():
        target.write(block)
        size += len(block)
    target.flush()
    os.fsync(target.fileno())
    return Member(size, digesting.digest.hexdigest())


def _parsed(text: bytes) -> Manifest:
    try:
        facts = json.loads(text)
        members = {name: Member(int(size), str(digest)) for name, (size, digest) in facts.pop("members").items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Invalid("the archive's manifest is damaged; use another archive") from None
    if facts.get("format") != FORMAT:
        raise Invalid(f"the archive's format is {facts.get('format')!r}; this program reads {FORMAT}")
    return Manifest(facts, members)


def _compare(said: dict[str, Member], found: dict[str, Member]) -> None:
    wrong = sorted(name for name in said.keys() | found.keys() if said.get(name) != found.get(name))
    if wrong:
        raise Invalid(
            f"{len(wrong)} members of the archive are damaged or missing, first {wrong[0]}; use another archive"
        )
