"""Signing on: the one room that every door's sign-on goes through.

Each attempt takes the same steps for everybody: one look, one pause if this pair of source and name
failed lately, one Argon2 for a password whether or not there is one to compare with, one transaction
in which ``mft.policy.signon.decide`` speaks and the trail is written.  A key needs nothing between the
look and the decision unless there is a pause, so that one transaction does for both.  What a refused caller sees is
the same sentence and a reference code; the reason stays inside.  This room never talks SSH or HTTP.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import ParamSpec, TypeVar

from mft.accounts.admission import Admission
from mft.accounts.fitness import Fitness
from mft.accounts.knock import Attempt, Knock, Outcome, Unfit, Wait, Weighed, cannot_tell
from mft.accounts.names import Veil, account_name
from mft.accounts.refusals import Refusals
from mft.accounts.sessions import Ended, Leaving, record_ends
from mft.accounts.standings import Standings
from mft.audit.trail import Trail
from mft.clock import Clock
from mft.crypto.passwords import Passwords, prepare
from mft.model.account import Credential, CredentialKind, Method
from mft.model.errors import Invalid, Unavailable
from mft.model.event import Action, DetailValue, Event
from mft.model.session import Actor, Door, Session
from mft.offload import Offload
from mft.policy.passwords import PasswordRules
from mft.policy.setup import counts
from mft.policy.signon import (
    FORGOTTEN_AFTER,
    Admit,
    Dossier,
    MustReplace,
    Reason,
    Refuse,
    Terms,
    Verdict,
    awaits_directory,
    decide,
    pause_before_answer,
)
from mft.store import accounts, credentials, sessions, slowdowns
from mft.store.engine import Store

__all__ = ["Ended", "Knock", "Leaving", "Outcome", "SignOn", "Unfit"]

P = ParamSpec("P")
T = TypeVar("T")

_LONGEST_SECRET = 4096
"""Longer than any password taken; beyond it nothing is normalised or compared, but hashed all the same."""

_NOT_OURS = "This password is changed where it is kept; then set it up again in the portal."


class SignOn:
    """Admits and refuses callers, replaces passwords, and re-checks those who are in."""

    def __init__(  # noqa: PLR0913  (the parts of the house that a sign-on needs)
        self,
        store: Store,
        trail: Trail,
        passwords: Passwords,
        clock: Clock,
        terms: Terms,
        offload: Offload,
        node: str,
        *,
        rules: PasswordRules | None = None,
        payer: str = "",
        veil: Veil | None = None,
        standings: Standings | None = None,
        refusals: Refusals | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Keep the parts.  *payer* is the health plan's title; *pause* waits so many seconds.

        *veil* covers names that nobody has; without one, marks mean something in this process only.
        *standings* asks the directory, where there is one.  *refusals* says how many of them get lines.
        """
        self._store = store
        self._trail = trail
        self._passwords = passwords
        self._clock = clock
        self._terms = terms
        self._offload = offload
        self._pause = pause
        self._standings = standings
        self._refusals = refusals or Refusals()
        self._veil = veil or Veil(secrets.token_bytes(32))
        self.admission = Admission(store, trail, clock, terms, self._refusals, node, self._veil)
        """What settles an attempt within a transaction; the portal's rooms stand theirs on it too."""
        self._fitness = Fitness(store, rules or PasswordRules(), payer)

    async def by_password(self, knock: Knock, secret: str) -> Outcome:
        """Answer a password attempt."""
        try:
            weighed = await self.weigh(knock, secret)
            await self._ask_directory(knock, weighed.dossier, weighed.attempt)
            outcome = await self.settle(self.admission.settle, knock, weighed.attempt)
            if isinstance(outcome.verdict, Admit):
                await self.reseal(weighed.credential, secret)
            return outcome
        except Unavailable:
            return cannot_tell(knock)

    async def by_key(self, knock: Knock, fingerprint: str) -> Outcome:
        """Answer a public-key attempt whose signature the door has verified; an unknown key is a mismatch."""
        try:
            answer = await self.settle(self.admission.settle_key, knock, fingerprint, waited=False)
            while isinstance(answer, Wait):
                await self._pause_for(answer.pause)
                await self._ask_directory(knock, answer.dossier, answer.attempt)
                answer = await self.settle(self.admission.settle_key, knock, fingerprint, waited=True)
            return answer
        except Unavailable:
            return cannot_tell(knock)

    async def key_known(self, name: str, fingerprint: str) -> bool:
        """Return whether a signature by that key is worth asking for.  Leaves no trace and counts nothing."""
        try:
            return await self._offload.read(self._holds_key, name, fingerprint)
        except Unavailable:
            return False

    async def replace_password(self, knock: Knock, old: str, new: str) -> Outcome | Unfit:
        """Replace a temporary password, or change one's own, and go on from there (fact 0.12).

        A new password that is not fit consumes nothing, and neither does one that comes too late.
        """
        try:
            weighed = await self.weigh(knock, old)
            now, proven = self._clock.now(), weighed.attempt.proven
            verdict = decide(weighed.dossier, proven, knock.source, now, knock.door, Method.PASSWORD)
            if weighed.dossier is None or weighed.credential is None or not isinstance(verdict, Admit | MustReplace):
                return await self.settle(self.admission.settle, knock, weighed.attempt)
            if weighed.credential.kind is CredentialKind.DIRECTORY:
                return Unfit(_NOT_OURS)
            verifier = await self.sealed(knock, weighed.dossier, weighed.credential, new)
            if isinstance(verifier, Unfit):
                return verifier
            return await self._offload.write(
                self.admission.replace, knock, weighed.attempt, weighed.credential.id, verifier
            )
        except Unavailable:
            return cannot_tell(knock)

    def recheck(self, session: Session) -> Verdict:
        """Decide upon a live session as if it knocked now; anything but Admit ends it within 60 seconds.

        CANNOT_TELL means that the database did not answer: a door may ask twice more before it closes.
        """
        try:
            with self._store.read() as connection:
                kept = sessions.by_id(connection, session.id)
                dossier = accounts.dossier(connection, session.account_name, self._terms)
        except Unavailable:
            return Refuse(Reason.CANNOT_TELL)
        verdict = decide(dossier, session.credentials, session.source, self._clock.now(), session.door)
        if isinstance(verdict, Admit) and (kept is None or kept.end_requested is not None):
            return Refuse(Reason.SESSION_ENDED)
        return verdict

    def close(self, session: Session, why: Leaving, detail: Mapping[str, DetailValue]) -> None:
        """Write down that a session is over.  *detail* holds what it did: files and bytes each way."""
        self.close_all([Ended(session, why, detail)])

    def close_all(self, ended: Iterable[Ended]) -> None:
        """Write down, all at once, that sessions are over.

        No disk is waited for: a session whose end a power cut takes is ended by the next start.
        """
        with self._store.write(together=True, durable=False) as connection:
            record_ends(connection, self._trail, ended, self._clock.now())

    def tidy(self, *, stopping: bool = False) -> None:
        """Write the counted refusals whose minute is over (all, when *stopping*), and forget old failures.

        Called every minute, and once when the doors are shut.
        """
        self._write_counted(stopping=stopping)
        with self._store.write() as connection:
            slowdowns.forget_before(connection, self._clock.now() - FORGOTTEN_AFTER)

    async def settle(self, step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run *step*, which opens the transaction that admits or refuses, and return what it does."""
        outcome = await self._offload.write(step, *args, **kwargs)
        if self._refusals.due(self._clock.now()):
            with suppress(Unavailable):  # They are kept for the next time, and this caller has an answer.
                await self._offload.write(self._write_counted)
        return outcome

    async def weigh(self, knock: Knock, secret: str) -> Weighed:
        """Compare *secret* with the password that counts at the door; a stranger, and who has none, cost as much."""
        dossier = await self.look_and_pause(knock)
        credential = _password_at(knock.door, dossier)
        matched = await self._offload.hash(self._matches, secret, credential)
        proven = knock.proven | {credential.id} if credential and matched else frozenset()
        return Weighed(Attempt(Method.PASSWORD, proven), dossier, credential)

    async def sealed(self, knock: Knock, dossier: Dossier, old: Credential | None, new: str) -> str | Unfit:
        """Return the verifier of a *new* password, if it is fit, and not the one of *old*.

        None for *old* where nobody proved to know it: whether it is the same is not told there.
        """
        objection = await self._offload.hash(self._objection, dossier, old, new)
        if objection is not None:
            await self._offload.write(self._record_unfit, knock, dossier, objection)
            return Unfit(objection)
        return await self._offload.hash(self._passwords.seal, prepare(new))

    async def look_and_pause(self, knock: Knock) -> Dossier | None:
        """Return what is known about whoever knocks, later if this pair of source and name failed lately."""
        dossier, failures = await self._offload.read(self._look, knock)
        await self._pause_for(pause_before_answer(failures))
        return dossier

    async def _pause_for(self, pause: timedelta) -> None:
        if pause:
            await self._pause(pause.total_seconds())

    async def _ask_directory(self, knock: Knock, dossier: Dossier | None, attempt: Attempt) -> None:
        """Have the directory asked about somebody who could come in, if it was not lately; settling reads what it said.

        No answer leaves things as they are, until nobody has known for a day.
        """
        if self._standings is None or dossier is None:
            return
        if awaits_directory(dossier, attempt.proven, knock.source, self._clock.now(), knock.door):
            await self._standings.refresh(dossier.account.id)

    def _look(self, knock: Knock) -> tuple[Dossier | None, int]:
        with self._store.read() as connection:
            return self.admission.look(connection, knock)

    def _holds_key(self, name: str, fingerprint: str) -> bool:
        with self._store.read() as connection:
            return credentials.holds_key(connection, account_name(name) or "", fingerprint)

    def _matches(self, secret: str, credential: Credential | None) -> bool:
        try:
            prepared = prepare(secret) if len(secret) <= _LONGEST_SECRET else None
        except Invalid:
            prepared = None
        if prepared is None or credential is None:
            return self._passwords.matches("", None)
        return self._passwords.matches(prepared, credential.verifier)

    def _objection(self, dossier: Dossier, old: Credential | None, new: str) -> str | None:
        objection = self._fitness.objection(new, dossier.account)
        if objection is None and old is not None and self._passwords.matches(prepare(new), old.verifier):
            return "The new password is the same as the old one."
        return objection

    async def reseal(self, credential: Credential | None, secret: str) -> None:
        """Hash anew at today's cost a password that just proved right."""
        if credential is None or not self._passwords.needs_rehash(credential.verifier):
            return
        verifier = await self._offload.hash(self._passwords.seal, prepare(secret))
        with suppress(Unavailable):  # The caller is in; the next sign-on tries again.
            await self._offload.write(self._put_verifier, credential, verifier)

    def _put_verifier(self, credential: Credential, verifier: str) -> None:
        with self._store.write() as connection:
            credentials.reseal(connection, credential.id, credential.verifier, verifier)

    def _record_unfit(self, knock: Knock, dossier: Dossier, objection: str) -> None:
        account = dossier.account
        actor = Actor(knock.door, account.name, account.id, source=knock.source)
        with self._store.write() as connection:
            event = Event(Action.PASSWORD_REFUSED, actor, account.name, {"why": objection})
            self._trail.record(connection, event, self._clock.now())

    def _write_counted(self, *, stopping: bool = False) -> None:
        now = self._clock.now()
        windows = self._refusals.take(None if stopping else now)
        if not windows:
            return
        try:
            with self._store.write() as connection:
                for window in windows:
                    self._trail.record(connection, window.event(), now)
        except BaseException:
            self._refusals.put_back(windows)
            raise


def _password_at(door: Door, dossier: Dossier | None) -> Credential | None:
    """Return the one password that counts at *door*; a directory's never counts beside one's own."""
    if dossier is None:
        return None
    held = (c for c in dossier.credentials if c.method is Method.PASSWORD)
    return next((c for c in held if counts(c.kind, door, in_directory=dossier.in_directory)), None)
