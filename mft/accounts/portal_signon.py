"""Signing in to the portal: a password, then a second factor, then a session.

The rules and the steps are those of every other door: ``SignOn`` reads, pauses and hashes for
anybody alike, ``Admission`` decides within the transaction and writes it down.  What is added here
is the visit, which goes forward in that same transaction, and the second factor's code, which is
used up in it.
"""

from ipaddress import IPv4Address
from typing import Final

from sqlalchemy import Connection

from mft.accounts import portal_answers as answers
from mft.accounts.factors import Factors, NewFactor
from mft.accounts.knock import Attempt, Knock, Outcome, Unfit, Weighed
from mft.accounts.portal_answers import Answer, Enrolled, Over, Refused, TooMany, WrongCode
from mft.accounts.signon import SignOn
from mft.accounts.visits import Step, Visits
from mft.model.account import Account, Credential, CredentialKind, Method
from mft.model.ids import new_reference
from mft.model.portal import Factor, Stage, Visit
from mft.model.session import Actor, Door
from mft.offload import Offload
from mft.policy.signon import Admit, AlsoNeeds, MustReplace, Refuse
from mft.store import accounts
from mft.store.engine import Store

_NOT_IN: Final = frozenset({Stage.OPEN, Stage.PROVING})
_PASSWORD: Final = (Factor.PASSWORD.value,)


class PortalSignOn:
    """Admits and refuses browsers."""

    def __init__(self, store: Store, signon: SignOn, visits: Visits, factors: Factors, offload: Offload) -> None:
        """Keep the parts."""
        self._store = store
        self._signon = signon
        self._visits = visits
        self._factors = factors
        self._offload = offload

    async def password(self, visit: Visit, name: str, secret: str, source: IPv4Address, client: str = "") -> Answer:
        """Answer a name and a password.  Whoever is refused, the steps are the same and so is what is seen."""
        knock = Knock(name, source, Door.PORTAL, client)
        weighed = await self._signon.weigh(knock, secret)
        answer = await self._signon.settle(self._after_password, visit, knock, weighed)
        if not isinstance(answer, Refused | Over):
            await self._signon.reseal(weighed.credential, secret)
        return answer

    async def code(self, visit: Visit, code: str, source: IPv4Address, client: str = "") -> Answer | TooMany:
        """Answer a code of the authenticator, or a recovery code."""
        knock = await self._offload.read(self._visits.knock, visit, source, client)
        if knock is None or visit.stage is not Stage.PROVING:
            return Over()
        await self._signon.look_and_pause(knock)
        return await self._signon.settle(self._after_code, visit, knock, code)

    async def enrol(self, visit: Visit, source: IPv4Address, client: str = "") -> NewFactor | Refused | Over:
        """Begin to set up the authenticator of somebody who has none.  Its secret is shown once."""
        knock = await self._offload.read(self._visits.knock, visit, source, client)
        if knock is None:
            return Over()
        return await self._signon.settle(self._begin_factor, visit, knock)

    async def confirm(
        self, visit: Visit, code: str, source: IPv4Address, client: str = ""
    ) -> Enrolled | WrongCode | Refused | TooMany | Over:
        """Let the authenticator count whose *code* this is, and its owner in."""
        knock = await self._offload.read(self._visits.knock, visit, source, client)
        if knock is None:
            return Over()
        return await self._signon.settle(self._confirm_factor, visit, knock, code)

    async def replace(self, visit: Visit, new: str, source: IPv4Address, client: str = "") -> Answer | Unfit:
        """Put *new* in the place of the temporary password that was proven in *visit*.

        A new password that is not fit consumes nothing.
        """
        knock = await self._offload.read(self._visits.knock, visit, source, client)
        dossier = await self._signon.look_and_pause(knock) if knock else None
        proven = (c for c in (dossier.credentials if dossier else ()) if c.id in visit.proven)
        old = next((c for c in proven if c.kind is CredentialKind.TEMPORARY), None)
        if knock is None or dossier is None or old is None:
            return Over()
        verifier = await self._signon.sealed(knock, dossier, old, new)
        if isinstance(verifier, Unfit):
            return verifier
        return await self._signon.settle(self._replace, visit, knock, old, verifier)

    def carry_out(self, connection: Connection, visit: Visit, knock: Knock, attempt: Attempt) -> Answer:
        """Settle *attempt* within the caller's transaction and take *visit* where the verdict leads.

        Whoever proves people in another way ends here too: only ``decide`` lets anybody in.
        """
        outcome = self._signon.admission.carry_out(connection, knock, attempt)
        if isinstance(outcome.verdict, Refuse) or outcome.dossier is None:
            return Refused(outcome.reference or new_reference())
        account = outcome.dossier.account
        if isinstance(outcome.verdict, Admit) and outcome.session is not None:
            return self._signed_in(connection, visit, outcome, attempt)
        step = Step(Stage.PROVING, account.id, outcome.knock.proven, attempt.factors, knock.source)
        token = self._visits.advance(connection, visit, step)
        if isinstance(outcome.verdict, MustReplace):
            return answers.MustReplace(token)
        has_one = self._factors.confirmed(connection, account.id) is not None
        return answers.NeedsCode(token) if has_one else answers.NeedsEnrolment(token)

    def _signed_in(
        self, connection: Connection, visit: Visit, outcome: Outcome, attempt: Attempt
    ) -> answers.SignedIn | Refused:
        session = outcome.session
        if session is None:
            return Refused(new_reference())
        step = Step(Stage.SIGNED_IN, session.account, session.credentials, attempt.factors, session.source, session.id)
        return answers.SignedIn(self._visits.advance(connection, visit, step), session.id)

    def _after_password(self, visit: Visit, knock: Knock, weighed: Weighed) -> Answer:
        with self._store.write() as connection:
            kept = self._visits.current(connection, visit, _NOT_IN)
            if kept is None:
                return Over()
            proven = weighed.attempt.proven
            return self.carry_out(connection, kept, knock, Attempt(Method.PASSWORD, proven, _PASSWORD))

    def _after_code(self, visit: Visit, knock: Knock, code: str) -> Answer | TooMany:
        with self._store.write() as connection:
            kept, account = self._proving(connection, visit)
            if kept is None or account is None:
                return Over()
            proof = self._factors.prove(connection, _actor(account, knock), account, code)
            attempt = Attempt(Method.TOTP, frozenset())
            if proof is not None:
                proven, factors = kept.proven | {proof.credential}, (*kept.factors, proof.factor.value)
                attempt = Attempt(Method.TOTP, proven, factors)
            answer = self.carry_out(connection, kept, knock, attempt)
            if isinstance(answer, Refused) and self._visits.count_attempt(connection, kept):
                return TooMany(answer.reference)
            return answer

    def _begin_factor(self, visit: Visit, knock: Knock) -> NewFactor | Refused | Over:
        with self._store.write() as connection:
            kept, account = self._proving(connection, visit)
            if kept is None or account is None:
                return Over()
            barred = self._barred_from_enrolling(connection, kept, account, knock)
            return self._factors.enrol(connection, account) if barred is None else barred

    def _confirm_factor(self, visit: Visit, knock: Knock, code: str) -> Enrolled | WrongCode | Refused | TooMany | Over:
        with self._store.write() as connection:
            kept, account = self._proving(connection, visit)
            if kept is None or account is None:
                return Over()
            barred = self._barred_from_enrolling(connection, kept, account, knock)
            if barred is not None:
                return barred
            confirmed = self._factors.confirm(connection, _actor(account, knock), account, code)
            if confirmed is None:
                # Of a secret that was shown a moment ago: a slip, and no guess at anybody's.
                return TooMany(new_reference()) if self._visits.count_attempt(connection, kept) else WrongCode()
            proven, factors = kept.proven | {confirmed.credential}, (*kept.factors, Factor.TOTP.value)
            answer = self.carry_out(connection, kept, knock, Attempt(Method.TOTP, proven, factors))
            return Enrolled(answer.token, confirmed.codes) if isinstance(answer, answers.SignedIn) else Over()

    def _barred_from_enrolling(
        self, connection: Connection, visit: Visit, account: Account, knock: Knock
    ) -> Refused | Over | None:
        """Return why nobody sets up an authenticator in *visit*: whoever has one must prove that instead."""
        outcome = self._signon.admission.check(connection, knock, Attempt(Method.PASSWORD, visit.proven))
        if isinstance(outcome.verdict, Refuse):
            return Refused(outcome.reference or new_reference())
        due = isinstance(outcome.verdict, AlsoNeeds) and self._factors.confirmed(connection, account.id) is None
        return None if due else Over()

    def _replace(self, visit: Visit, knock: Knock, old: Credential, verifier: str) -> Answer:
        with self._store.write() as connection:
            kept, _ = self._proving(connection, visit)
            if kept is None:
                return Over()
            attempt = Attempt(Method.PASSWORD, kept.proven, kept.factors)
            exchanged = self._signon.admission.exchange(connection, knock, attempt, old.id, verifier)
            if isinstance(exchanged, Outcome):
                return Refused(exchanged.reference or new_reference())
            return self.carry_out(connection, kept, knock, exchanged)

    def _proving(self, connection: Connection, visit: Visit) -> tuple[Visit | None, Account | None]:
        kept = self._visits.current(connection, visit, {Stage.PROVING})
        account = accounts.by_id(connection, kept.account) if kept and kept.account else None
        return kept, account


def _actor(account: Account, knock: Knock) -> Actor:
    return Actor(Door.PORTAL, account.name, account.id, source=knock.source)
