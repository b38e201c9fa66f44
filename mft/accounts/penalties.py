"""Sources that misbehave before signing on: charging them, keeping them out, letting them back in.

How much an offence costs is decided in mft.policy.penalties.  Sources are never judged by the names
they try: what a stranger does to a name is the slow-down's business.
"""

from collections.abc import Iterable
from datetime import datetime
from ipaddress import IPv4Address
from typing import Final

from sqlalchemy import Connection

from mft.audit.trail import Trail
from mft.clock import Clock
from mft.model.event import Action, Event
from mft.model.session import Actor, Door
from mft.policy.penalties import Offence, Penalty, PenaltyRules, charge
from mft.store import penalties
from mft.store.engine import Store

_SERVER: Final = "server"
"""Who imposes a penalty, in the trail."""


class Penalties:
    """The penalty table as every door and the operator use it; kept in the store, shared by all processes."""

    def __init__(self, store: Store, trail: Trail, clock: Clock, rules: PenaltyRules) -> None:
        """Keep the parts."""
        self._store = store
        self._trail = trail
        self._clock = clock
        self._rules = rules

    def charge(self, offences: Iterable[tuple[IPv4Address, Offence]], door: Door = Door.SFTP) -> None:
        """Charge each source for its offence at *door*, all in one transaction; what is owed is owed at every door.

        Strangers decide how often this is called, so that a door hands over in one call what came
        while the last one was being written.  The trail gets one event when a source begins to be
        kept out, and none for what it does after that.
        """
        now = self._clock.now()
        with self._store.write() as connection:
            for source, offence in offences:
                self._charge_one(connection, source, offence, door, now)

    def _charge_one(
        self, connection: Connection, source: IPv4Address, offence: Offence, door: Door, now: datetime
    ) -> None:
        before = penalties.owed(connection, source, lock=True)
        listed = penalties.listed(connection, source, now)
        owes = charge(before, source, offence, now, self._rules, listed=listed)
        if owes is None:
            return
        if before is None:
            penalties.make_room(connection, self._rules.tracked, now)
        penalties.keep(connection, owes)
        if owes.stands(now) and not (before is not None and before.stands(now)):
            self._trail.record(connection, _imposed(owes, door, now), now)

    def standing(self, source: IPv4Address) -> Penalty | None:
        """Return the penalty that keeps *source* out now, or None."""
        with self._store.read() as connection:
            owes = penalties.owed(connection, source)
        return owes if owes is not None and owes.stands(self._clock.now()) else None

    def list(self) -> list[Penalty]:
        """Return every penalty that keeps its source out now, the longest first."""
        with self._store.read() as connection:
            return penalties.standing(connection, self._clock.now())

    def lift(self, source: IPv4Address, actor: Actor) -> bool:
        """Forgive *source* all it owes, as *actor* asked, and return whether it owed anything."""
        with self._store.write() as connection:
            owed = penalties.forgive(connection, source)
            if owed:
                event = Event(Action.PENALTY_LIFTED, actor, str(source))
                self._trail.record(connection, event, self._clock.now())
        return owed


def _imposed(owes: Penalty, door: Door, now: datetime) -> Event:
    detail = {
        "reason": owes.reason.value,
        "offences": owes.offences,
        "seconds": int((owes.until - now).total_seconds()),
    }
    actor = Actor(door, _SERVER, source=owes.source)
    return Event(Action.PENALTY_IMPOSED, actor, str(owes.source), detail)
