"""Strangers cannot fill the trail: refusals beyond 20 a minute from one source become one counted event.

Counts live in this process's memory until their minute ends; what a crash loses is at most a minute
of an attack that the first 20 lines already show.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv4Address
from threading import Lock
from typing import Final

from mft.model.event import Action, Event
from mft.model.ids import Reference, new_reference
from mft.model.session import Actor, Door
from mft.policy.signon import Reason

EACH_MINUTE: Final = 20
MINUTE: Final = timedelta(minutes=1)
_NAMES_KEPT: Final = 20


@dataclass(slots=True)
class Window:
    """One source's minute."""

    source: IPv4Address
    since: datetime
    written: int = 0
    reference: Reference = field(default_factory=new_reference)
    """Shared by the refusals that are only counted, so that any of them can be explained."""
    last_at: datetime | None = None
    door: Door = Door.SFTP
    reasons: Counter[Reason] = field(default_factory=Counter)
    names: dict[str, None] = field(default_factory=dict)

    def count(self, door: Door, name: str, reason: Reason, now: datetime) -> None:
        """Count one more refusal that gets no line of its own."""
        self.door, self.last_at = door, now
        self.reasons[reason] += 1
        if len(self.names) < _NAMES_KEPT:
            self.names[name] = None

    def event(self) -> Event:
        """Return the one event that stands for all that were counted."""
        return Event(
            Action.SIGNON_REFUSED_OFTEN,
            Actor(self.door, str(self.source), source=self.source),
            subject=str(self.source),
            detail={
                "count": self.reasons.total(),
                "since": self.since.isoformat(),
                "until": (self.last_at or self.since).isoformat(),
                "reasons": ", ".join(f"{reason} {count}" for reason, count in sorted(self.reasons.items())),
                "names": ", ".join(self.names),
            },
            reference=self.reference,
        )


class Refusals:
    """Decides which refusals are written and which are counted.  Safe to use from several threads."""

    def __init__(self, each_minute: int = EACH_MINUTE) -> None:
        """Let *each_minute* refusals from one source have a line of their own."""
        self._each_minute = each_minute
        self._lock = Lock()
        self._open: dict[IPv4Address, Window] = {}
        self._ended: list[Window] = []

    def reference(
        self, source: IPv4Address, door: Door, name: str, reason: Reason, now: datetime
    ) -> tuple[Reference, bool]:
        """Return the code to show for one refusal, and whether it gets a line of its own."""
        with self._lock:
            window = self._open.get(source)
            if window is None or now - window.since >= MINUTE:
                self._close(source)
                window = self._open[source] = Window(source, now)
            if window.written < self._each_minute:
                window.written += 1
                return new_reference(), True
            window.count(door, name, reason, now)
            return window.reference, False

    def due(self, now: datetime) -> bool:
        """Return whether some counted minute has ended and waits to be written."""
        with self._lock:
            self._close_ended(now)
            return bool(self._ended)

    def take(self, now: datetime | None) -> list[Window]:
        """Hand over the counted minutes that ended by *now*; None, at the end of the server, means all."""
        with self._lock:
            if now is None:
                for source in list(self._open):
                    self._close(source)
            else:
                self._close_ended(now)
            taken, self._ended = self._ended, []
            return taken

    def put_back(self, windows: list[Window]) -> None:
        """Keep *windows* for the next time, since writing them failed."""
        with self._lock:
            self._ended.extend(windows)

    def _close_ended(self, now: datetime) -> None:
        # Windows stand in the order in which they opened, so the first that still runs ends the search.
        while self._open:
            source, window = next(iter(self._open.items()))
            if now - window.since < MINUTE:
                return
            self._close(source)

    def _close(self, source: IPv4Address) -> None:
        window = self._open.pop(source, None)
        if window is not None and window.reasons:
            self._ended.append(window)
