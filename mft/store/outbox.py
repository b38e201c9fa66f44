"""Letters on their way out, as rows: queued in the transaction of what they tell about.

Once a letter is sent or given up, whom it was for and what it said are forgotten.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, func, insert, literal, or_, select, update

from mft.model.ids import AccountId, LetterId, RequestId, new_id
from mft.model.letter import Letter
from mft.store.tables import account
from mft.store.tables import letter as table


class LetterState(StrEnum):
    """Where a letter stands."""

    WAITING = "waiting"
    SENT = "sent"
    GIVEN_UP = "given-up"


@dataclass(frozen=True, slots=True)
class Queued:
    """A letter that is to be sent."""

    id: LetterId
    letter: Letter
    queued_at: datetime
    attempts: int
    """How often it was tried, this time included once it is claimed."""


@dataclass(frozen=True, slots=True)
class Tracked:
    """What is known of a letter, whether or not it has gone; never whom it is for or what it says."""

    id: LetterId
    template: str
    account: AccountId | None
    state: LetterState
    queued_at: datetime
    attempts: int
    last_error: str | None
    next_try_at: datetime | None
    """None once it is sent or given up."""
    sent_at: datetime | None
    given_up_at: datetime | None


_FURTHEST: Final = timedelta(days=1)
"""No pause and no claim lasts as long."""
_WAITING: Final = table.c.next_try_at.is_not(None)
_STATES: Final[dict[LetterState, ColumnElement[bool]]] = {
    LetterState.WAITING: _WAITING,
    LetterState.SENT: table.c.sent_at.is_not(None),
    LetterState.GIVEN_UP: table.c.given_up_at.is_not(None),
}


def queue(connection: Connection, letter: Letter, at: datetime) -> LetterId:
    """Keep *letter* to be sent as soon as may be; it goes out only if the caller's transaction does."""
    number = LetterId(new_id("ltr"))
    connection.execute(
        insert(table).values(
            id=number,
            template=letter.template,
            recipient=letter.recipient,
            fields=json.dumps(dict(letter.fields), ensure_ascii=False),
            account=letter.account,
            queued_at=at,
            next_try_at=at,
        )
    )
    return number


def queue_if_known(connection: Connection, letter: Letter, at: datetime) -> None:
    """Keep *letter* if its account is one; for an account that nobody has the same statement keeps nothing."""
    kept = {
        "id": LetterId(new_id("ltr")),
        "template": letter.template,
        "recipient": letter.recipient,
        "fields": json.dumps(dict(letter.fields), ensure_ascii=False),
        "queued_at": at,
        "next_try_at": at,
    }
    words = [literal(value, table.c[name].type) for name, value in kept.items()]
    found = select(*words, account.c.id, literal(0)).where(account.c.id == (letter.account or ""))
    connection.execute(insert(table).from_select([*kept, "account", "attempts"], found))


def belong(connection: Connection, request: RequestId, account: AccountId) -> None:
    """Note that what waits about *request* is about *account*, which it led to: it goes when that is purged."""
    about = _WAITING & table.c.account.is_(None) & table.c.fields.contains(request, autoescape=True)
    connection.execute(update(table).where(about).values(account=account))


def due(connection: Connection, now: datetime, limit: int) -> list[Queued]:
    """Return up to *limit* letters that may be tried at *now* and that nobody is sending, the oldest first."""
    query = select(table).where(_ready(now)).order_by(table.c.queued_at, table.c.id)
    return [_queued(row) for row in connection.execute(query.limit(limit))]


def claim(connection: Connection, number: LetterId, now: datetime, until: datetime) -> Queued | None:
    """Take a due letter to send it, for oneself until *until*, and count the try; None if somebody else has it."""
    mine = update(table).where(table.c.id == number, _ready(now))
    mine = mine.values(claimed_until=until, attempts=table.c.attempts + 1)
    row = connection.execute(mine.returning(table)).first()
    return None if row is None else _queued(row)


def sent(connection: Connection, number: LetterId, at: datetime) -> None:
    """Note that the letter was taken over by the mail server, and forget the rest."""
    _finish(connection, number, sent_at=at, last_error=None)


def give_up(connection: Connection, number: LetterId, at: datetime, why: str) -> None:
    """Note that the letter is not tried again, and forget whom it was for and what it said."""
    _finish(connection, number, given_up_at=at, last_error=why)


def retry(connection: Connection, number: LetterId, next_try_at: datetime, why: str) -> None:
    """Let the letter rest until *next_try_at*."""
    rests = {"next_try_at": next_try_at, "claimed_until": None, "last_error": why}
    connection.execute(update(table).where(table.c.id == number, _WAITING).values(rests))


def release(connection: Connection, number: LetterId, why: str) -> None:
    """Give a claimed letter back as it was: the server did not answer, and that is not the letter's fault."""
    connection.execute(update(table).where(table.c.id == number, _WAITING).values(claimed_until=None, last_error=why))


def hurry(connection: Connection, number: LetterId | None, now: datetime) -> int:
    """Let a waiting letter, or with None every one, be due at *now*; return how many wait."""
    which = _WAITING if number is None else _WAITING & (table.c.id == number)
    return connection.execute(update(table).where(which).values(next_try_at=now)).rowcount


def waiting(connection: Connection) -> int:
    """Return how many letters wait."""
    return int(connection.execute(select(func.count()).select_from(table).where(_WAITING)).scalar_one())


def listing(connection: Connection, state: LetterState | None, limit: int) -> list[Tracked]:
    """Return up to *limit* letters, or those in one state, the newest first."""
    query = select(table).order_by(table.c.queued_at.desc(), table.c.id.desc()).limit(limit)
    if state is not None:
        query = query.where(_STATES[state])
    return [_tracked(row) for row in connection.execute(query)]


def _ready(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a letter may be tried at *now* and that nobody is sending it.

    What lies more than a day ahead was put there by a clock that was wrong.
    """
    astray = now + _FURTHEST
    rested = or_(table.c.next_try_at <= now, table.c.next_try_at > astray)
    free = or_(table.c.claimed_until.is_(None), table.c.claimed_until <= now, table.c.claimed_until > astray)
    return rested & free


def _finish(connection: Connection, number: LetterId, **noted: Any) -> None:
    forgotten = {"recipient": None, "fields": None, "next_try_at": None, "claimed_until": None}
    connection.execute(update(table).where(table.c.id == number, _WAITING).values(forgotten | noted))


def _queued(row: Row[Any]) -> Queued:
    letter = Letter(row.template, row.recipient, json.loads(row.fields), row.account)
    return Queued(row.id, letter, row.queued_at, row.attempts)


def _tracked(row: Row[Any]) -> Tracked:
    state = next(
        (s for s, at in ((LetterState.SENT, row.sent_at), (LetterState.GIVEN_UP, row.given_up_at)) if at), None
    )
    return Tracked(
        id=row.id,
        template=row.template,
        account=row.account,
        state=state or LetterState.WAITING,
        queued_at=row.queued_at,
        attempts=row.attempts,
        last_error=row.last_error,
        next_try_at=row.next_try_at,
        sent_at=row.sent_at,
        given_up_at=row.given_up_at,
    )
