"""Live sessions: who is in, and how they leave.  Ending one is asked for here and done by the door that holds it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection

from mft.audit.trail import Trail
from mft.clock import Clock
from mft.model.errors import NotFound
from mft.model.event import Action, DetailValue, Event
from mft.model.ids import SessionId
from mft.model.session import Actor, Session
from mft.store import accounts, sessions
from mft.store.engine import Store

SILENT_FOR: Final = timedelta(minutes=5)
"""Doors mark their sessions every 20 s; one unmarked for so long belongs to a process that died."""
_AT_A_TIME: Final = 500


class Leaving(StrEnum):
    """How a session came to its end."""

    CLIENT_LEFT = "client_left"  # The client said goodbye.
    CONNECTION_LOST = "connection_lost"  # It went without a word.
    NOT_ADMITTED = "not_admitted"  # The re-check refused: disabled, address or key removed, password reset.
    END_REQUESTED = "end_requested"  # An operator ended it.
    TOO_MANY = "too_many"  # The account had as many sessions as it may.
    IDLE = "idle"
    TERM_ENDED = "term_ended"  # A visit to the portal lasted as long as any may.
    TOO_MANY_ATTEMPTS = "too_many_attempts"  # A visit in which too many wrong secrets were typed.
    STALLED = "stalled"  # A request half received or a reply undrained for too long.
    BROKE_PROTOCOL = "broke_protocol"
    SERVER_STOPPED = "server_stopped"
    SERVER_DIED = "server_died"  # Its process went down without closing it.


BY_THE_CLIENT: Final = frozenset({Leaving.CLIENT_LEFT, Leaving.CONNECTION_LOST})


@dataclass(frozen=True, slots=True)
class Ended:
    """A session that is over."""

    session: Session
    why: Leaving
    detail: Mapping[str, DetailValue] = field(default_factory=dict)
    """What it did: files and bytes each way."""


def record_end(
    connection: Connection,
    trail: Trail,
    session: Session,
    why: Leaving,
    detail: Mapping[str, DetailValue],
    at: datetime,
) -> bool:
    """Forget a session and write down its end.  Return False if it was forgotten already."""
    if sessions.remove(connection, session.id) is None:
        return False
    trail.record(connection, _end(Ended(session, why, detail), at), at)
    return True


def record_ends(connection: Connection, trail: Trail, ended: Iterable[Ended], at: datetime) -> None:
    """Do so for many, and write down who asked for an end; those that were forgotten already are left out."""
    ends = []
    for one in ended:
        gone = sessions.remove(connection, one.session.id)
        if gone is not None:
            asked = {"asked_by": gone.end_requested} if gone.end_requested else {}
            ends.append(_end(replace(one, detail={**one.detail, **asked}), at))
    trail.record_all(connection, ends, at)


def _end(ended: Ended, at: datetime) -> Event:
    session, why = ended.session, ended.why
    action = Action.SESSION_CLOSED if why in BY_THE_CLIENT else Action.SESSION_ENDED
    actor = Actor(session.door, session.account_name, session.account, session.id, session.source)
    lasted = int((at - session.opened_at).total_seconds())
    facts = {"session": session.id, "why": why.value, "seconds": lasted, **ended.detail}
    return Event(action, actor, session.account_name, facts)


class Sessions:
    """The list of live sessions."""

    def __init__(self, store: Store, trail: Trail, clock: Clock) -> None:
        """Keep the parts."""
        self._store = store
        self._trail = trail
        self._clock = clock

    def listing(self, name: str | None = None) -> list[Session]:
        """Return the live sessions, or those of the account *name*.  Raises NotFound."""
        with self._store.read() as connection:
            if name is None:
                return sessions.listing(connection)
            account = accounts.by_name(connection, name)
            if account is None:
                raise NotFound(f"there is no account {name}")
            return sessions.listing(connection, account.id)

    def older(self, session: Session) -> int:
        """Return how many sessions of the same account are open over SFTP that began before *session*."""
        with self._store.read() as connection:
            return sessions.older(connection, session)

    def request_end(self, actor: Actor, name: str, session: SessionId | None = None, why: str = "") -> int:
        """Ask for the end of one session of the account, or of all; the doors do it within 60 seconds.

        Return how many were asked.  The trail's line is written when they end.  Raises NotFound.
        """
        reason = f"{actor.name}: {why}" if why else actor.name
        with self._store.write() as connection:
            account = accounts.by_name(connection, name)
            if account is None:
                raise NotFound(f"there is no account {name}")
            return sessions.request_end(connection, account.id, session, reason)

    def seen(self, ids: Iterable[SessionId]) -> None:
        """Mark sessions as alive; the doors do so every 20 s."""
        with self._store.write() as connection:
            sessions.seen(connection, ids, self._clock.now())

    def bury_silent(self) -> int:
        """End, on paper, the sessions whose process died.  Return how many.  Repeatable, in small steps."""
        now = self._clock.now()
        with self._store.write() as connection:
            silent = sessions.unseen_since(connection, now - SILENT_FOR, _AT_A_TIME)
            return sum(self._bury(connection, session, now) for session in silent)

    def bury_node(self, node: str) -> int:
        """End, on paper, every session of *node* and of its workers: called at its start, when it can hold none."""
        now = self._clock.now()
        with self._store.write() as connection:
            return sum(self._bury(connection, session, now) for session in sessions.of_node(connection, node))

    def _bury(self, connection: Connection, session: Session, now: datetime) -> bool:
        detail = {"last_seen": session.seen_at.isoformat()}
        return record_end(connection, self._trail, session, Leaving.SERVER_DIED, detail, now)
