"""What somebody who is in changes about how they sign in: their password, their authenticator, their recovery codes.

Each asks for the password again, since a browser may stand open.  Whoever changes something goes on
under a fresh token; every other session that rested on what is gone ends.
"""

from ipaddress import IPv4Address
from typing import Final

from sqlalchemy import Connection

from mft.accounts.factors import Factors, NewFactor
from mft.accounts.knock import Attempt, Knock, Outcome, Unfit, Weighed
from mft.accounts.portal_answers import Enrolled, Over, Refused, SignedIn, TooMany, WrongCode
from mft.accounts.signon import SignOn
from mft.accounts.visits import Step, Visits
from mft.model.account import Account, Credential, CredentialKind, Method
from mft.model.ids import CredentialId, new_reference
from mft.model.portal import Stage, Visit
from mft.model.session import Actor, Door
from mft.offload import Offload
from mft.policy.signon import Refuse
from mft.store import accounts, sessions
from mft.store.engine import Store

_IN: Final = frozenset({Stage.SIGNED_IN})


class OwnSecrets:
    """Changes what people prove themselves with, by themselves."""

    def __init__(self, store: Store, signon: SignOn, visits: Visits, factors: Factors, offload: Offload) -> None:
        """Keep the parts."""
        self._store = store
        self._signon = signon
        self._visits = visits
        self._factors = factors
        self._offload = offload

    async def change_password(
        self, visit: Visit, old: str, new: str, source: IPv4Address, client: str = ""
    ) -> SignedIn | Unfit | Refused | TooMany | Over:
        """Put *new* in the place of the password *old*, and tell its owner by mail (fact 1.4)."""
        asked = await self._asked(visit, old, source, client)
        if not isinstance(asked, Weighed):
            return asked
        knock = await self._offload.read(self._visits.knock, visit, source, client)
        credential, dossier = asked.credential, asked.dossier
        if knock is None or dossier is None or credential is None or credential.kind is not CredentialKind.PASSWORD:
            return Over()
        verifier = await self._signon.sealed(knock, dossier, credential, new)
        if isinstance(verifier, Unfit):
            return verifier
        return await self._signon.settle(self._exchange, visit, knock, asked.attempt, credential, verifier)

    async def new_factor(
        self, visit: Visit, password: str, source: IPv4Address, client: str = ""
    ) -> NewFactor | Refused | TooMany | Over:
        """Begin to set up another authenticator; the one there is counts until a code of the new one was right."""
        asked = await self._asked(visit, password, source, client)
        return await self._signon.settle(self._begin, visit) if isinstance(asked, Weighed) else asked

    async def confirm_factor(
        self, visit: Visit, code: str, source: IPv4Address, client: str = ""
    ) -> Enrolled | WrongCode | Refused | TooMany | Over:
        """Let the authenticator count whose *code* this is, in the place of the one before; other sessions end."""
        knock = await self._offload.read(self._visits.knock, visit, source, client)
        return await self._signon.settle(self._confirm, visit, knock, code) if knock else Over()

    async def renew_codes(
        self, visit: Visit, password: str, source: IPv4Address, client: str = ""
    ) -> tuple[str, ...] | Refused | TooMany | Over:
        """Return ten new recovery codes, shown once; the old ones are worth nothing."""
        asked = await self._asked(visit, password, source, client)
        return await self._signon.settle(self._renew, visit, source) if isinstance(asked, Weighed) else asked

    async def proves(
        self, visit: Visit, password: str, source: IPv4Address, client: str = ""
    ) -> Refused | TooMany | Over | None:
        """Ask for the password again, before something else is changed; None when it is right."""
        asked = await self._asked(visit, password, source, client)
        return None if isinstance(asked, Weighed) else asked

    async def _asked(
        self, visit: Visit, password: str, source: IPv4Address, client: str
    ) -> Weighed | Refused | TooMany | Over:
        """Ask for the password again; a wrong one is a refused sign-on, and counts in the visit too."""
        knock = await self._offload.read(self._visits.knock, visit, source, client)
        if knock is None:
            return Over()
        weighed = await self._signon.weigh(knock, password)
        refused = await self._signon.settle(self._check, visit, knock, weighed.attempt)
        return weighed if refused is None else refused

    def _check(self, visit: Visit, knock: Knock, attempt: Attempt) -> Refused | TooMany | Over | None:
        with self._store.write() as connection:
            kept = self._visits.current(connection, visit, _IN)
            if kept is None:
                return Over()
            outcome = self._signon.admission.check(connection, knock, attempt)
            if not isinstance(outcome.verdict, Refuse):
                return None
            reference = outcome.reference or new_reference()
            return TooMany(reference) if self._visits.count_attempt(connection, kept) else Refused(reference)

    def _exchange(
        self, visit: Visit, knock: Knock, attempt: Attempt, old: Credential, verifier: str
    ) -> SignedIn | Refused | Over:
        with self._store.write() as connection:
            kept, account = self._standing(connection, visit)
            if kept is None or account is None:
                return Over()
            exchanged = self._signon.admission.exchange(connection, knock, attempt, old.id, verifier)
            if isinstance(exchanged, Outcome):
                return Refused(exchanged.reference or new_reference())
            return self._go_on(connection, kept, account, exchanged.proven)

    def _begin(self, visit: Visit) -> NewFactor | Over:
        with self._store.write() as connection:
            _, account = self._standing(connection, visit)
            return self._factors.enrol(connection, account) if account else Over()

    def _confirm(self, visit: Visit, knock: Knock, code: str) -> Enrolled | WrongCode | Refused | TooMany | Over:
        with self._store.write() as connection:
            kept, account = self._standing(connection, visit)
            if kept is None or account is None:
                return Over()
            outcome = self._signon.admission.check(connection, knock, Attempt(Method.TOTP, kept.proven))
            if isinstance(outcome.verdict, Refuse):
                return Refused(outcome.reference or new_reference())
            before = self._factors.confirmed(connection, account.id)
            actor = _actor(account, kept, knock.source)
            confirmed = self._factors.confirm(connection, actor, account, code, kept.session)
            if confirmed is None:
                return TooMany(new_reference()) if self._visits.count_attempt(connection, kept) else WrongCode()
            gone = {before.credential} if before else set()
            went = self._go_on(connection, kept, account, kept.proven - gone | {confirmed.credential})
            return Enrolled(went.token, confirmed.codes) if isinstance(went, SignedIn) else went

    def _renew(self, visit: Visit, source: IPv4Address) -> tuple[str, ...] | Over:
        with self._store.write() as connection:
            kept, account = self._standing(connection, visit)
            if kept is None or account is None:
                return Over()
            return self._factors.renew_codes(connection, _actor(account, kept, source), account)

    def _go_on(
        self, connection: Connection, visit: Visit, account: Account, proven: frozenset[CredentialId]
    ) -> SignedIn | Over:
        """Let the visit and its session rest on what is proven now, under a fresh token."""
        if visit.session is None:
            return Over()
        sessions.set_credentials(connection, visit.session, proven)
        step = Step(Stage.SIGNED_IN, account.id, proven, visit.factors, visit.source, visit.session)
        return SignedIn(self._visits.advance(connection, visit, step), visit.session)

    def _standing(self, connection: Connection, visit: Visit) -> tuple[Visit | None, Account | None]:
        kept = self._visits.current(connection, visit, _IN)
        account = accounts.by_id(connection, kept.account) if kept and kept.account else None
        return kept, account


def _actor(account: Account, visit: Visit, source: IPv4Address) -> Actor:
    return Actor(Door.PORTAL, account.name, account.id, visit.session, source)
