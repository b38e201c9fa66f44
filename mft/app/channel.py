"""What a parent and a worker say to each other: a line each, over a socket that nobody else has.

A worker takes orders from here only.  Signals go to the parent: a terminal and a service manager
send theirs to every process, and who hears twice would think that there is hurry.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from mft.model import errors
from mft.model.errors import MftError, Unavailable
from mft.settings.model import Settings

SHARED: Final = "workers"
"""The folder within the data folder that all workers share while they serve."""

LONGEST: Final = 1 << 20
"""Bytes of a line."""

STOP: Final = b"stop\n"
"""Drain; said again: do not wait."""
LAST: Final = b"last\n"
"""All others have left."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a worker is started with.  The settings go with it, so that all have the same whatever the file says now."""

    number: int
    """From 1 on.  The first has the portal, the monitor and the jobs beside SFTP."""
    settings: Settings
    folder: Path
    """What the workers share."""
    sockets: tuple[int, ...]
    """Descriptors of the listening sockets."""
    beat: float
    """Seconds between two signs of life; 0: none are wanted."""
    after: str
    """How the worker died in whose place this one is; empty at the server's start."""

    def line(self) -> bytes:
        """Return it as it is sent; it may hold a secret and is nobody else's to read."""
        fields = {name: getattr(self, name) for name in ("number", "sockets", "beat", "after")}
        said = fields | {"folder": str(self.folder), "settings": self.settings.model_dump(mode="json")}
        return json.dumps(said).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> Self:
        """Return the order in *line*."""
        said = json.loads(line)
        return cls(
            number=said["number"],
            settings=Settings.model_validate(said["settings"]),
            folder=Path(said["folder"]),
            sockets=tuple(said["sockets"]),
            beat=said["beat"],
            after=said["after"],
        )


def ready(facts: Mapping[str, Any]) -> bytes:
    """Return the line that says that a worker serves, with what only it knows."""
    return _line({"ready": dict(facts)})


def alive() -> bytes:
    """Return the line that says that a worker's loop goes round."""
    return _line({"alive": True})


def failed(error: MftError) -> bytes:
    """Return the line that says why a worker could not begin."""
    return _line({"failed": [type(error).__name__, str(error)]})


def error_in(said: tuple[str, str]) -> MftError:
    """Return the error that a worker told."""
    name, text = said
    kind = getattr(errors, name, Unavailable)
    return kind(text) if isinstance(kind, type) and issubclass(kind, MftError) else Unavailable(text)


def _line(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said).encode() + b"\n"
