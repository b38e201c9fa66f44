"""One attempt, settled in one transaction: the dossier is read again there and decided upon there.

Writers stand in one line, so a purge, a disabled account or a removed address that races a sign-on
wins or loses cleanly, and a temporary password is consumed by exactly one of many who present it at
once.  A refusal takes the same statements whoever the caller is; which line the trail gets depends
on the reason, what the caller can see does not.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from mft.accounts.knock import Attempt, Knock, Outcome, Wait
from mft.accounts.names import Veil, account_name
from mft.accounts.notices import tell
from mft.accounts.refusals import Refusals
from mft.audit.trail import Trail
from mft.clock import Clock
from mft.model.account import AllowlistEntry, Credential, CredentialKind, Method
from mft.model.event import Action, DetailValue, Event
from mft.model.ids import CredentialId, SessionId, new_id
from mft.model.session import Actor, Door, Session
from mft.policy.signon import (
    FORGOTTEN_AFTER,
    Admit,
    Dossier,
    Reason,
    Refuse,
    Terms,
    awaits_directory,
    bars,
    decide,
    pause_before_answer,
)
from mft.store import accounts, allowlist, credentials, sessions, slowdowns
from mft.store.engine import Store

_COUNTED: Final = {Method.PASSWORD: Door.SFTP, Method.TOTP: Door.PORTAL}
"""Which wrong secrets count towards the lock, and the door whose bars have to be open for that."""
_SAYS_LITTLE: Final = frozenset({Reason.UNKNOWN_ACCOUNT, Reason.SECRET_MISMATCH})
"""Reasons in the place of which whoever weighed the attempt may know a better one."""
_CLIENT_KEPT = 128
_WHY_KEPT = 300
_ADDRESSES_KEPT = 40


class Admission:
    """Settles attempts: admits, refuses, or replaces a password, and writes it all down."""

    def __init__(
        self, store: Store, trail: Trail, clock: Clock, terms: Terms, refusals: Refusals, node: str, veil: Veil
    ) -> None:
        """Keep the parts."""
        self._store = store
        self._trail = trail
        self._clock = clock
        self._terms = terms
        self._refusals = refusals
        self._node = node
        self._veil = veil

    def settle(self, knock: Knock, attempt: Attempt) -> Outcome:
        """Decide upon *attempt* now and carry the verdict out."""
        with self._store.write(together=True) as connection:
            return self.carry_out(connection, knock, attempt)

    def settle_key(self, knock: Knock, fingerprint: str, *, waited: bool) -> Outcome | Wait:
        """Do what ``settle`` does with a key whose signature the door has verified, and look at what it opens, too.

        Unless it was *waited*, return what has to be waited for, if anything has.
        """
        with self._store.write(together=True) as connection:
            dossier, failures = self.look(connection, knock)
            attempt = Attempt(Method.PUBLIC_KEY, _proven_by_key(knock, dossier, fingerprint))
            pause, now = pause_before_answer(failures), self._clock.now()
            asks = dossier is not None and awaits_directory(dossier, attempt.proven, knock.source, now, knock.door)
            if not waited and (pause or asks):
                return Wait(pause, attempt, dossier)
            return self._carry_out(connection, knock, attempt, dossier)

    def replace(self, knock: Knock, attempt: Attempt, old: CredentialId, verifier: str) -> Outcome:
        """Put a password with *verifier* in the place of *old*, if the verdict allows it now; then decide anew."""
        with self._store.write() as connection:
            exchanged = self.exchange(connection, knock, attempt, old, verifier)
            return exchanged if isinstance(exchanged, Outcome) else self.carry_out(connection, knock, exchanged)

    def exchange(
        self, connection: Connection, knock: Knock, attempt: Attempt, old: CredentialId, verifier: str
    ) -> Attempt | Outcome:
        """Put a password with *verifier* in the place of *old* within the caller's transaction.

        Return what is proven then, or the refusal.  The owner gets a notice by mail (fact 1.4).
        """
        checked = self.check(connection, knock, attempt)
        dossier = checked.dossier
        if isinstance(checked.verdict, Refuse) or dossier is None:
            return checked
        now = self._clock.now()
        # Of many who try at once with the same temporary password, one removes it.
        if not credentials.remove(connection, old):
            return self._refuse(connection, knock, attempt, dossier, Refuse(Reason.CREDENTIAL_REVOKED), now)
        new = self._new_password(dossier, verifier, now)
        credentials.add(connection, dossier.account.id, new)
        self._record_change(connection, knock, dossier, now)
        return replace(attempt, method=Method.PASSWORD, proven=attempt.proven - {old} | {new.id})

    def carry_out(self, connection: Connection, knock: Knock, attempt: Attempt) -> Outcome:
        """Do what ``settle`` does within the caller's transaction."""
        return self._carry_out(connection, knock, attempt, self.dossier(connection, knock))

    def check(self, connection: Connection, knock: Knock, attempt: Attempt) -> Outcome:
        """Decide upon *attempt* now and write a refusal down; one that would be admitted opens nothing here."""
        return self._check(connection, knock, attempt, self.dossier(connection, knock))

    def look(self, connection: Connection, knock: Knock) -> tuple[Dossier | None, int]:
        """Return what ``dossier`` does, and how often this pair of source and name failed lately."""
        dossier, since = self.dossier(connection, knock), self._clock.now() - FORGOTTEN_AFTER
        return dossier, slowdowns.failures(connection, knock.source, self._shown(knock, dossier), since)

    def _carry_out(self, connection: Connection, knock: Knock, attempt: Attempt, dossier: Dossier | None) -> Outcome:
        checked = self._check(connection, knock, attempt, dossier)
        if isinstance(checked.verdict, Admit) and dossier is not None:
            return self._admit(connection, checked, attempt, dossier, checked.verdict)
        return checked

    def _check(self, connection: Connection, knock: Knock, attempt: Attempt, dossier: Dossier | None) -> Outcome:
        now = self._clock.now()
        verdict = decide(dossier, attempt.proven, knock.source, now, knock.door, attempt.method)
        if isinstance(verdict, Refuse):
            if attempt.unproven is not None and verdict.reason in _SAYS_LITTLE:
                verdict = Refuse(attempt.unproven)
            return self._refuse(connection, knock, attempt, dossier, verdict, now)
        return Outcome(verdict, replace(knock, proven=attempt.proven), dossier=dossier)

    def dossier(self, connection: Connection, knock: Knock) -> Dossier | None:
        """Return all that is known within the caller's transaction about who knocks."""
        return accounts.dossier(connection, account_name(knock.name) or "", self._terms)

    def answer_ask(self, connection: Connection, knock: Knock, dossier: Dossier | None, why_not: str) -> None:
        """Write down that a link was asked for, and sent unless *why_not* is given; whoever asks is slowed.

        Like refusals, those of strangers do not fill the trail.
        """
        now = self._clock.now()
        shown = self._shown(knock, dossier)
        slowdowns.count(connection, knock.source, shown, now, now - FORGOTTEN_AFTER)
        action, reference, alone = Action.LINK_SENT, None, True
        if why_not:
            reason = Reason.UNKNOWN_ACCOUNT if dossier is None else Reason.SECRET_MISMATCH
            action = Action.LINK_REFUSED
            reference, alone = self._refusals.reference(knock.source, knock.door, shown, reason, now)
        if alone:
            detail: dict[str, DetailValue] = {"purpose": "password", "source": str(knock.source), "why_not": why_not}
            event = Event(action, _caller(knock, dossier, shown), shown, detail, reference)
            self._trail.record(connection, event, now)

    def _admit(
        self, connection: Connection, checked: Outcome, attempt: Attempt, dossier: Dossier, verdict: Admit
    ) -> Outcome:
        account, knock, now = dossier.account, checked.knock, self._clock.now()
        session = Session(
            id=SessionId(new_id("ses")),
            account=account.id,
            account_name=account.name,
            door=knock.door,
            source=knock.source,
            credentials=knock.proven,
            client=_cleaned(knock.client),
            node=self._node,
            opened_at=now,
            seen_at=now,
            end_requested=None,
        )
        accounts.signed_on(connection, account.id, now, knock.door, knock.source)
        if verdict.entry is not None:
            allowlist.seen(connection, verdict.entry.id, now)
        slowdowns.forget(connection, knock.source, account.name)
        sessions.add(connection, session)
        actor = Actor(knock.door, account.name, account.id, session.id, knock.source)
        shown = sorted(c.fingerprint or c.kind.value for c in verdict.credentials)
        detail = {
            "session": session.id,
            "with": ", ".join(attempt.factors or shown),
            "source": str(knock.source),
            "listed_as": str(verdict.entry.addresses) if verdict.entry else "",
            "client": session.client,
        }
        self._trail.record(connection, Event(Action.SIGNON_ADMITTED, actor, account.name, detail), now)
        return replace(checked, session=session)

    def _refuse(
        self,
        connection: Connection,
        knock: Knock,
        attempt: Attempt,
        dossier: Dossier | None,
        verdict: Refuse,
        now: datetime,
    ) -> Outcome:
        shown = self._shown(knock, dossier)
        slowdowns.count(connection, knock.source, shown, now, now - FORGOTTEN_AFTER)
        self._count_failure(connection, knock, attempt, dossier, verdict.reason, now)
        reference, alone = self._refusals.reference(knock.source, knock.door, shown, verdict.reason, now)
        if alone:
            detail = _refusal_detail(knock, attempt, dossier, verdict.reason, now)
            event = Event(Action.SIGNON_REFUSED, _caller(knock, dossier, shown), shown, detail, reference)
            self._trail.record(connection, event, now)
        return Outcome(verdict, knock, reference=reference, dossier=dossier)

    def _count_failure(
        self,
        connection: Connection,
        knock: Knock,
        attempt: Attempt,
        dossier: Dossier | None,
        reason: Reason,
        now: datetime,
    ) -> None:
        """Count a wrong secret towards the lock: strangers cannot lock an account.

        A password counts from the account's own addresses only, at every door; a code counts wherever
        it may be typed, since whoever types it knows the password.
        """
        door = _COUNTED.get(attempt.method) if reason is Reason.SECRET_MISMATCH else None
        if dossier is None or door is None or next(bars(dossier, knock.source, now, door), None) is not None:
            accounts.count_failure(connection, None)
            return
        accounts.count_failure(connection, dossier.account.id)
        failures = dossier.account.failures + 1
        if failures >= self._terms.max_failures:
            detail: dict[str, DetailValue] = {"failures": failures, "source": str(knock.source)}
            name = dossier.account.name
            event = Event(Action.ACCOUNT_LOCKED, _caller(knock, dossier, name), name, detail)
            self._trail.record(connection, event, now)

    def _shown(self, knock: Knock, dossier: Dossier | None) -> str:
        return self._veil.over(knock.name) if dossier is None else dossier.account.name

    def _record_change(self, connection: Connection, knock: Knock, dossier: Dossier, now: datetime) -> None:
        detail: dict[str, DetailValue] = {"source": str(knock.source), "client": _cleaned(knock.client)}
        name = dossier.account.name
        event = Event(Action.PASSWORD_CHANGED, _caller(knock, dossier, name), name, detail)
        self._trail.record(connection, event, now)
        tell(connection, "password-changed", dossier.account, now, {"source": str(knock.source)})

    @staticmethod
    def _new_password(dossier: Dossier, verifier: str, now: datetime) -> Credential:
        return Credential(
            id=CredentialId(new_id("cred")),
            kind=CredentialKind.PASSWORD,
            verifier=verifier,
            fingerprint="",
            label="",
            created_at=now,
            created_by=dossier.account.name,
            expires_at=None,
        )


def _proven_by_key(knock: Knock, dossier: Dossier | None, fingerprint: str) -> frozenset[CredentialId]:
    """Return all that is proven once *fingerprint* is; nothing at all if the account has no such key."""
    held = dossier.credentials if dossier else ()
    keys = frozenset(c.id for c in held if c.kind is CredentialKind.KEY and c.fingerprint == fingerprint)
    return knock.proven | keys if keys else keys


def _caller(knock: Knock, dossier: Dossier | None, shown: str) -> Actor:
    account = dossier.account.id if dossier else None
    return Actor(knock.door, shown, account, source=knock.source)


def _refusal_detail(
    knock: Knock, attempt: Attempt, dossier: Dossier | None, reason: Reason, now: datetime
) -> dict[str, DetailValue]:
    """Return what an operator needs to explain the refusal, as it was at that moment."""
    entries = dossier.allowlist if dossier else ()
    why: dict[str, DetailValue] = {"why": _cleaned(attempt.why, _WHY_KEPT)} if attempt.why else {}
    also = [bar for bar in bars(dossier, knock.source, now, knock.door) if bar is not reason] if dossier else []
    return {
        "reason": reason.value,
        "also": ", ".join(also),
        "method": attempt.method.value,
        "source": str(knock.source),
        "allowed": _listed(e for e in entries if e.stands(now)),
        "not_in_force": _listed(e for e in entries if not e.stands(now)),
        "client": _cleaned(knock.client),
    } | why


def _listed(entries: Iterable[AllowlistEntry]) -> str:
    texts = [str(entry.addresses) for entry in entries]
    more = len(texts) - _ADDRESSES_KEPT
    return ", ".join(texts[:_ADDRESSES_KEPT]) + (f" and {more} more" if more > 0 else "")


def _cleaned(words: str, most: int = _CLIENT_KEPT) -> str:
    kept = words[:most]
    return kept if kept.isprintable() else "".join(ch if ch.isprintable() else "?" for ch in kept)
