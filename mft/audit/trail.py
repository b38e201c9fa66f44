"""Write the trail.  A line is written in the transaction of the act it records, or neither is kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from mft.model.event import Event
from mft.policy.trail import GENESIS, body_of, digest, kept_text
from mft.store import events
from mft.store.engine import Connection

MAIN: Final = "main"
"""The name of the only chain of a SQLite database."""


class Trail:
    """Appends to the chain of this node.  ``Store.write`` lets one writer in at a time, so no chain forks."""

    def __init__(self, node: str) -> None:
        """Keep the name of this *node*; it names a chain on PostgreSQL."""
        self.node = node

    def record(self, connection: Connection, event: Event, at: datetime) -> None:
        """Append *event*, which happened at *at*, to the write transaction of *connection*."""
        self.record_all(connection, (event,), at)

    def record_all(self, connection: Connection, happened: Sequence[Event], at: datetime) -> None:
        """Append all that *happened* at *at*, in this order, in two statements."""
        if not happened:
            return
        chain = MAIN if connection.dialect.name == "sqlite" else self.node
        number, previous = events.tail(connection, chain) or (0, GENESIS)
        lines = []
        for event in happened:
            number += 1
            lines.append(_line(chain, number, at, event, previous))
            previous = lines[-1].digest
        events.append(connection, lines)


def _line(chain: str, number: int, at: datetime, event: Event, previous: bytes) -> events.Line:
    body = body_of(chain, number, at, event)
    return events.Line(
        node=chain,
        number=number,
        at=at,
        action=event.action.value,
        subject=kept_text(event.subject),
        actor=kept_text(event.actor.name),
        reference=event.reference,
        body=body,
        previous=previous,
        digest=digest(previous, body),
    )
