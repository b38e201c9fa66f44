"""Sign how far the trail has come, and say so outside the database.

A checkpoint makes a cut tail visible: whoever drops the newest lines cannot drop a statement that
was carried off the machine before.  Between two checkpoints nothing is promised.
"""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from mft.audit.lines import checkpoint_line
from mft.crypto.signer import Signer
from mft.model.errors import Unavailable
from mft.policy.trail import checkpoint_statement
from mft.store import events
from mft.store.engine import Connection, Store
from mft.store.events import Checkpoint

FILE: Final = "checkpoints.jsonl"


class Checkpoints:
    """Makes checkpoints with *signer* and appends each to ``checkpoints.jsonl`` in *folder*."""

    def __init__(self, store: Store, signer: Signer, folder: Path) -> None:
        """Keep the parts; nothing is opened yet."""
        self._store = store
        self._signer = signer
        self._path = folder / FILE

    def make(self, at: datetime) -> list[Checkpoint]:
        """Sign the end of every chain that went on since its last checkpoint, and return what was signed.

        Raises Unavailable when the file cannot be written; then the database keeps nothing either.
        """
        with self._store.write() as connection:
            made = [self._sign(node, number, digest, at) for node, number, digest in _gone_on(connection)]
            for checkpoint in made:
                events.add_checkpoint(connection, checkpoint)
            # Before the commit: a line that is written twice is harmless, one that is missing is not.
            if made:
                self._append("".join(checkpoint_line(checkpoint) + "\n" for checkpoint in made).encode())
        return made

    def _sign(self, node: str, number: int, digest: bytes, at: datetime) -> Checkpoint:
        signature = self._signer.sign(checkpoint_statement(node, number, digest, at).encode())
        return Checkpoint(node, number, at, digest, signature, self._signer.key_id)

    def _append(self, lines: bytes) -> None:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(self._path, flags, 0o600), "rb+") as file:
                # A crash may have torn the last line; it must not take the next one with it.
                file.write(lines if _ends_whole(file) else b"\n" + lines)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise Unavailable(f"checkpoints could not be appended to {self._path}: {error.strerror}") from error


def _ends_whole(file: BinaryIO) -> bool:
    if file.seek(0, os.SEEK_END) == 0:
        return True
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


def _gone_on(connection: Connection) -> Iterator[tuple[str, int, bytes]]:
    """Yield the end of each chain that has a line behind its last checkpoint."""
    for node in events.nodes(connection):
        end = events.tail(connection, node)
        if end is not None and end[0] > events.last_checkpoint(connection, node):
            yield node, *end
