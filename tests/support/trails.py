"""Trails to look at: a few events, a signer, a store that holds them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from mft.audit.trail import Trail
from mft.model.event import Action, Event
from mft.model.session import Actor, Door
from mft.store.engine import Store

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def an_event(subject: str = "alice", action: Action = Action.ACCOUNT_ENABLED, **detail: str) -> Event:
    return Event(action, Actor(Door.CLI, "olga"), subject, detail)


def record(store: Store, *events: Event, node: str = "n1", start: datetime = START) -> Sequence[datetime]:
    """Record *events* a second apart, each in a transaction of its own, and return their moments."""
    trail = Trail(node)
    moments = [start + timedelta(seconds=number) for number in range(len(events))]
    for event, at in zip(events, moments, strict=True):
        with store.write() as connection:
            trail.record(connection, event, at)
    return moments
