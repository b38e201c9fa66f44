"""Carry the trail out of the house: JSON lines that prove themselves, or a table for a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from mft.audit.lines import UNREADABLE, checkpoint_line, event_line, header_line
from mft.audit.search import ends, every_line
from mft.model.errors import Unavailable
from mft.policy.trail import canonical, event_in, moment_text
from mft.store import events
from mft.store.engine import Store
from mft.store.events import Line

COLUMNS: Final = (
    "node", "number", "at", "action", "subject", "actor", "door", "account", "session", "source",
    "reference", "detail", "digest",
)  # fmt: skip

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What makes a spreadsheet compute a cell instead of showing it."""

_LINE_END: Final = "\r\n"


def export_jsonl(store: Store, public: bytes, at: datetime) -> Iterator[str]:
    """Yield the trail as lines for ``verify_export``: a header with the *public* key, checkpoints, events.

    Raises Unavailable at a line that was damaged beyond reading; ``verify_store`` names them all.
    """
    with store.read() as connection:
        signed = list(events.checkpoints(connection))
    # Looked at after the checkpoints, so that none of them names a line beyond these ends.
    upto = ends(store)
    yield header_line(public, upto, at)
    yield from map(checkpoint_line, signed)
    for line in every_line(store, upto):
        try:
            yield event_line(line)
        except UNREADABLE as error:
            raise _damaged(line) from error


def export_csv(store: Store) -> Iterator[str]:
    """Yield the trail as rows of CSV for reading; a cell that a spreadsheet would compute gets a quote before it."""
    yield csv_line(COLUMNS)
    for line in every_line(store, ends(store)):
        try:
            yield csv_line(_cells(line))
        except UNREADABLE as error:
            raise _damaged(line) from error


def csv_line(cells: Iterable[str | float]) -> str:
    """Return *cells* as a line of CSV without its end; text that a spreadsheet would compute gets a quote before it."""
    safe = [f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell for cell in cells]
    text = io.StringIO()
    # The writer quotes only those line ends that it writes itself; one left bare would begin a row of its own.
    csv.writer(text, lineterminator=_LINE_END).writerow(safe)
    return text.getvalue().removesuffix(_LINE_END)


def _cells(line: Line) -> tuple[str, ...]:
    node, number, at, event = event_in(line.body)
    actor = event.actor
    return (
        node,
        str(number),
        moment_text(at),
        event.action.value,
        event.subject,
        actor.name,
        actor.door.value,
        actor.account or "",
        actor.session or "",
        "" if actor.source is None else str(actor.source),
        event.reference or "",
        canonical(event.detail),
        line.digest.hex(),
    )


def _damaged(line: Line) -> Unavailable:
    return Unavailable(f"line {line.number} of chain {line.node} is damaged; run mft audit verify")
