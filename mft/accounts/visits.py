"""Visits to the portal: a browser's cookie, how far it came, and when that is over.

A token is shown once, to the browser; the store holds its digest.  Every step forward makes a fresh
one and the old one is worth nothing from that transaction on.  Whether a signed-in visit is still
welcome is asked anew at every request, of ``SignOn.recheck``.
"""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from ipaddress import IPv4Address
from typing import Final

from sqlalchemy import Connection

from mft.accounts.knock import Knock
from mft.accounts.sessions import Leaving, record_end
from mft.accounts.signon import SignOn
from mft.audit.trail import Trail
from mft.clock import Clock
from mft.model.errors import Conflict, Unavailable
from mft.model.event import DetailValue
from mft.model.ids import AccountId, CredentialId, SessionId
from mft.model.portal import Stage, Visit
from mft.model.session import Door, Session
from mft.offload import Offload
from mft.policy.portal import VisitTerms, lives
from mft.policy.signon import Admit, Reason, Refuse
from mft.store import accounts, sessions, visits
from mft.store.engine import Store

_TOKEN: Final = 32
"""Bytes: 256 random bits."""
_LONGEST: Final = 128
_AT_A_TIME: Final = 500


@dataclass(frozen=True, slots=True)
class Step:
    """Where a visit goes: what was proven, by whom, and in a signed-in one the session beside it."""

    stage: Stage
    account: AccountId
    proven: frozenset[CredentialId]
    factors: tuple[str, ...]
    source: IPv4Address
    session: SessionId | None = None


@dataclass(frozen=True, slots=True)
class _Judged:
    """What a token led to; *why* is set if that is over."""

    visit: Visit
    session: Session | None = None
    why: Leaving | None = None
    reason: str = ""


class Visits:
    """The visits of all browsers."""

    def __init__(
        self, store: Store, trail: Trail, clock: Clock, terms: VisitTerms, signon: SignOn, offload: Offload
    ) -> None:
        """Keep the parts."""
        self._store = store
        self._trail = trail
        self._clock = clock
        self._terms = terms
        self._signon = signon
        self._offload = offload

    def begin(self, source: IPv4Address) -> tuple[str, Visit]:
        """Begin a visit of nobody yet, and return its token, which is kept nowhere.

        Of one source only so many are kept: whoever asks for forms without end loses their own oldest.
        """
        now = self._clock.now()
        token = secrets.token_urlsafe(_TOKEN)
        visit = Visit(_digest(token), Stage.OPEN, None, None, frozenset(), (), source, now, now, None, 0, None)
        with self._store.write() as connection:
            visits.make_room(connection, source, self._terms.open_per_source)
            visits.add(connection, visit)
        return token, visit

    async def find(self, token: str, source: IPv4Address, *, touch: bool = True) -> Visit | None:
        """Return the visit that *token* names, asked for from *source*; None if there is none, or it is over.

        A request that nobody made of their own will does not *touch* it: it goes on towards its end.
        Raises Unavailable when that cannot be known.
        """
        if len(token) > _LONGEST:
            return None
        judged = await self._offload.read(self._judge, token, source)
        if judged is None:
            return None
        if judged.why is not None:
            await self._offload.write(self._finish, judged)
            return None
        now = self._clock.now()
        if not touch or now < judged.visit.touched_at + self._terms.touch:
            return judged.visit
        await self._offload.write(self._touch, judged.visit, now)
        return replace(judged.visit, touched_at=now)

    def current(self, connection: Connection, visit: Visit, stages: Collection[Stage]) -> Visit | None:
        """Return *visit* as it stands within the caller's transaction; None if it moved on, ended, or is elsewhere."""
        kept = visits.by_token(connection, visit.token_sha256)
        if kept is None or kept.stage not in stages or not lives(kept, self._clock.now(), self._terms):
            return None
        return kept

    def advance(self, connection: Connection, visit: Visit, step: Step) -> str:
        """Take *visit* to *step* within the caller's transaction and return its fresh token: the old one is dead.

        Raises Conflict if somebody else took it further, or ended it, meanwhile.
        """
        now = self._clock.now()
        token = secrets.token_urlsafe(_TOKEN)
        signed_in = step.stage is Stage.SIGNED_IN
        moved = replace(
            visit,
            token_sha256=_digest(token),
            stage=step.stage,
            account=step.account,
            session=step.session,
            proven=step.proven,
            factors=step.factors,
            source=step.source,
            touched_at=now,
            signed_in_at=(visit.signed_in_at or now) if signed_in else None,
            attempts=0 if signed_in else visit.attempts,
            oidc=None,
        )
        if not visits.replace(connection, visit.token_sha256, moved):
            raise Conflict("the visit went on or ended meanwhile")
        return token

    def send_away(self, visit: Visit, oidc: str) -> None:
        """Keep what is needed once the browser comes back from the provider.  Raises Conflict if the visit is gone."""
        with self._store.write() as connection:
            if self.current(connection, visit, {Stage.OPEN, Stage.PROVING}) is None:
                raise Conflict("the visit went on or ended meanwhile")
            visits.keep_oidc(connection, visit.token_sha256, oidc)

    def take_back(self, connection: Connection, visit: Visit) -> None:
        """Forget within the caller's transaction what ``send_away`` kept: who comes back again finds nothing."""
        visits.keep_oidc(connection, visit.token_sha256, None)

    def count_attempt(self, connection: Connection, visit: Visit) -> bool:
        """Count a wrong secret typed in *visit*.  Return whether that was the last: then the visit is over."""
        visits.count_attempt(connection, visit.token_sha256)
        if visit.attempts + 1 < self._terms.attempts:
            return False
        self._end(connection, visit, Leaving.TOO_MANY_ATTEMPTS, {})
        return True

    def end(self, token: str, why: Leaving = Leaving.CLIENT_LEFT) -> None:
        """End the visit that *token* names, as when somebody signs out.  Nothing happens if there is none."""
        with self._store.write() as connection:
            visit = visits.by_token(connection, _digest(token))
            if visit is not None:
                self._end(connection, visit, why, {})

    def end_of_account(self, account: AccountId, why: Leaving = Leaving.END_REQUESTED) -> int:
        """End every visit in which a secret of *account* was proven.  Return how many."""
        with self._store.write() as connection:
            ending = visits.of_account(connection, account)
            for visit in ending:
                self._end(connection, visit, why, {})
        return len(ending)

    def knock(self, visit: Visit, source: IPv4Address, client: str) -> Knock | None:
        """Return who stands in *visit*, with all that was proven there; None while that is nobody."""
        if visit.account is None:
            return None
        with self._store.read() as connection:
            account = accounts.by_id(connection, visit.account)
        return Knock(account.name, source, Door.PORTAL, client, visit.proven) if account else None

    def sweep(self) -> int:
        """End what is over, and what a disabled account or a removed address takes away.  Return how many ended.

        Each is refused at its next request whether or not this ran; here it leaves the lists.
        """
        with self._store.write() as connection:
            dead = visits.over(connection, self._clock.now(), self._terms, _AT_A_TIME)
            for visit in dead:
                self._end(connection, visit, self._why_over(visit), {})
            left = sessions.unvisited(connection, _AT_A_TIME)
            for session in left:
                record_end(connection, self._trail, session, Leaving.END_REQUESTED, _asked(session), self._clock.now())
        return len(dead) + len(left) + self._sweep_unwelcome()

    def _sweep_unwelcome(self) -> int:
        with self._store.read() as connection:
            live = [one for one in sessions.listing(connection) if one.door is Door.PORTAL]
        refused = [(one, why) for one in live if (why := self._unwelcome(one)) is not None]
        for session, reason in refused:
            with self._store.write() as connection:
                visit = visits.by_session(connection, session.id)
                if visit is not None:
                    self._end(connection, visit, _LEAVING.get(reason, Leaving.NOT_ADMITTED), {"reason": reason.value})
        return len(refused)

    def _unwelcome(self, session: Session) -> Reason | None:
        verdict = self._signon.recheck(session)
        if isinstance(verdict, Admit):
            return None
        reason = verdict.reason if isinstance(verdict, Refuse) else Reason.CREDENTIAL_REVOKED
        return None if reason is Reason.CANNOT_TELL else reason

    def _judge(self, token: str, source: IPv4Address) -> _Judged | None:
        with self._store.read() as connection:
            visit = visits.by_token(connection, _digest(token))
            session = sessions.by_id(connection, visit.session) if visit and visit.session else None
        if visit is None:
            return None
        if not lives(visit, self._clock.now(), self._terms):
            return _Judged(visit, session, self._why_over(visit))
        if visit.stage is not Stage.SIGNED_IN:
            return _Judged(visit)
        if session is None:
            return _Judged(visit, None, Leaving.END_REQUESTED)
        # Where the request comes from is what counts, not where somebody signed in once.
        verdict = self._signon.recheck(replace(session, source=source))
        if isinstance(verdict, Admit):
            return _Judged(visit, session)
        reason = verdict.reason if isinstance(verdict, Refuse) else Reason.CREDENTIAL_REVOKED
        if reason is Reason.CANNOT_TELL:
            raise Unavailable("the database did not answer: whether the visit stands cannot be known")
        return _Judged(visit, session, _LEAVING.get(reason, Leaving.NOT_ADMITTED), reason.value)

    def _why_over(self, visit: Visit) -> Leaving:
        longest = visit.signed_in_at is not None and self._clock.now() >= visit.signed_in_at + self._terms.absolute
        return Leaving.TERM_ENDED if longest else Leaving.IDLE

    def _finish(self, judged: _Judged) -> None:
        why = judged.why or Leaving.IDLE
        with self._store.write() as connection:
            self._end(connection, judged.visit, why, {"reason": judged.reason} if judged.reason else {})

    def _touch(self, visit: Visit, at: datetime) -> None:
        with self._store.write() as connection:
            visits.touch(connection, visit.token_sha256, at)
            if visit.session is not None:
                sessions.seen(connection, [visit.session], at)

    def _end(self, connection: Connection, visit: Visit, why: Leaving, detail: Mapping[str, DetailValue]) -> None:
        """Forget *visit* and close the session beside it.  Of two who try at once, one writes it down."""
        session = sessions.by_id(connection, visit.session) if visit.session else None
        visits.remove(connection, visit.token_sha256)
        if session is not None:
            facts = {**detail, **_asked(session)}
            record_end(connection, self._trail, session, why, facts, self._clock.now())


_LEAVING: Final = {Reason.SESSION_ENDED: Leaving.END_REQUESTED}


def _asked(session: Session) -> dict[str, DetailValue]:
    return {"asked_by": session.end_requested} if session.end_requested else {}


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "backslashreplace")).digest()
