"""Texts that have to be accepted: which one it is, and that it stays that text (facts 0.6, 2.9).

A text is known by its name and its SHA-256.  What somebody accepted is kept as it was; a file whose
text changed under a name that was accepted before is refused, or nobody could tell later what was signed.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from mft.model.errors import Conflict, NotFound, Unavailable
from mft.store import agreements
from mft.store.engine import Connection


@dataclass(frozen=True, slots=True)
class AgreementText:
    """One text under its name."""

    name: str
    sha256: bytes
    """Over the text's UTF-8, as it lies in its file."""
    text: str


class Agreements:
    """The texts: those in the folder, and those that somebody accepted."""

    def __init__(self, folder: Path, current: str) -> None:
        """Keep the *folder* of texts and the name of the *current* one, a file's without its ending."""
        self._folder = folder
        self.name = current

    def current(self) -> AgreementText:
        """Return the text that has to be accepted now.  Raises Unavailable if there is none."""
        file = self._folder / f"{self.name}.txt"
        try:
            text = file.read_bytes().decode()
        except (OSError, ValueError):
            raise Unavailable(f"the agreement {file} cannot be read; put it there, or name another") from None
        if not text.strip():
            raise Unavailable(f"the agreement {file} is empty; put its text there, or name another")
        return AgreementText(self.name, sha256(text.encode()).digest(), text)

    def unchanged(self, connection: Connection) -> AgreementText:
        """Return the current text.  Raises Conflict if another one was accepted under its name, or Unavailable."""
        text = self.current()
        known = agreements.kept(connection, text.name)
        if known is not None and known[0] != text.sha256:
            raise Conflict(
                f"the text of {text.name} changed after somebody accepted it; "
                "give the new text a new name, and put the old one back"
            )
        return text

    def named(self, connection: Connection, name: str) -> AgreementText:
        """Return the current text, or one that somebody accepted.  Raises NotFound, Conflict, Unavailable."""
        if name == self.name:
            return self.unchanged(connection)
        known = agreements.kept(connection, name)
        if known is None:
            raise NotFound(f"nobody accepted an agreement {name}; the current one is {self.name}")
        return AgreementText(name, *known)

    def accept(self, connection: Connection, at: datetime) -> AgreementText:
        """Keep the current text as one that somebody accepts *at* this moment, and return it.

        Raises Conflict, Unavailable.
        """
        text = self.unchanged(connection)
        if agreements.kept(connection, text.name) is None:
            agreements.keep(connection, text.name, text.sha256, text.text, at)
        return text
