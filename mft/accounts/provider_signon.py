"""Signing in to the portal by a provider of identities, which vouches for the person and for two factors.

The provider says who somebody is; whether they come in is decided where it is for everybody else.
A person is linked to an account by issuer and subject.  The first link is made by the first sign-in,
only where the claim that the settings name equals the external id that an operator wrote down: a
sign-in creates no account, and a mail address links nobody, since whoever can change theirs would
become somebody else.

A browser goes to the provider and comes back in the visit it left in.  State, nonce and PKCE's
verifier are kept with that visit, so that an answer to one browser is worth nothing in another, and
are forgotten when the browser is back, so that it is worth nothing a second time.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from ipaddress import IPv4Address
from typing import Final

from sqlalchemy import Connection

from mft.accounts.knock import Attempt, Knock
from mft.accounts.portal_answers import Answer, Declined, Leave, Over, Refused, TryLater
from mft.accounts.portal_signon import PortalSignOn
from mft.accounts.signon import SignOn
from mft.accounts.visits import Visits
from mft.audit.trail import Trail
from mft.clock import Clock
from mft.directory.oidc import Away, Provider, Unvouched, Vouched, depart
from mft.model.account import Account, Credential, CredentialKind, Method
from mft.model.errors import Conflict, Unavailable
from mft.model.event import Action, Event
from mft.model.ids import CredentialId, new_id
from mft.model.portal import Stage, Visit
from mft.model.session import Actor, Door
from mft.offload import Offload
from mft.policy.provider import MfaTerms, second_factor
from mft.policy.signon import Reason
from mft.store import accounts, credentials, identities
from mft.store.engine import Store
from mft.store.identities import Identity

_NOT_IN: Final = frozenset({Stage.OPEN, Stage.PROVING})
_NOBODY: Final = "@provider"
"""What follows the name of somebody who is nobody here; no account can be called so."""
_LATER: Final = frozenset({"server_error", "temporarily_unavailable"})
_LONGEST: Final = 4096
"""Characters of a code; longer than any."""


@dataclass(frozen=True, slots=True)
class _Found:
    """Whose account a person's is, and what is proven by that; or why it is nobody's."""

    account: Account | None
    attempt: Attempt
    new: Identity | None = None
    """The link that this sign-in makes."""


class ProviderSignOn:
    """Sends browsers to the provider, and answers those that come back."""

    def __init__(  # noqa: PLR0913  (the parts of the house that a sign-on needs)
        self,
        store: Store,
        trail: Trail,
        clock: Clock,
        provider: Provider,
        signon: SignOn,
        portal: PortalSignOn,
        visits: Visits,
        offload: Offload,
        *,
        terms: MfaTerms,
        name: str,
    ) -> None:
        """Keep the parts.  *name* is what people call the provider."""
        self._store = store
        self._trail = trail
        self._clock = clock
        self._provider = provider
        self._terms = terms
        self._signon = signon
        self._portal = portal
        self._visits = visits
        self._offload = offload
        self.name = name

    async def leave(self, visit: Visit, return_to: str) -> Leave | TryLater | Over:
        """Return where the browser of *visit* goes, to come back at *return_to*, a page of ours."""
        away = depart(return_to)
        try:
            address = await self._provider.address(away)
        except Unavailable as error:
            return TryLater(str(error))
        try:
            await self._offload.write(self._visits.send_away, visit, json.dumps(asdict(away)))
        except Conflict:
            return Over()
        return Leave(address)

    async def back(
        self, visit: Visit, query: Mapping[str, str], source: IPv4Address, client: str = ""
    ) -> Answer | Declined | TryLater:
        """Answer the browser of *visit* that comes back with *query*.  Whoever is refused sees what anybody does."""
        away = await self._offload.write(self._take_back, visit, query.get("state", ""))
        if away is None:
            return Over()
        try:
            said = await self._asked(away, query)
        except Unavailable as error:
            return TryLater(str(error))
        if isinstance(said, Declined | TryLater):
            return said
        return await self._signon.settle(self._settle, visit, said, source, client)

    def _take_back(self, visit: Visit, state: str) -> Away | None:
        """Return what was kept when *visit* left with *state*; another state takes nothing away."""
        with self._store.write() as connection:
            kept = self._visits.current(connection, visit, _NOT_IN)
            away = Away(**json.loads(kept.oidc)) if kept and kept.oidc else None
            if kept is None or away is None or not hmac.compare_digest(away.state.encode(), state.encode()):
                return None
            self._visits.take_back(connection, kept)
            return away

    async def _asked(self, away: Away, query: Mapping[str, str]) -> Vouched | Unvouched | Declined | TryLater:
        code = query.get("code", "")
        if "error" in query or not code:
            said = query.get("error", "")
            return TryLater(f"the provider says {said}") if said in _LATER else Declined()
        if len(code) > _LONGEST:
            return Unvouched("the code is longer than any")
        return await self._provider.vouch(away, query)

    def _settle(self, visit: Visit, said: Vouched | Unvouched, source: IPv4Address, client: str) -> Answer:
        """Let in, or refuse, whom the provider vouches for: all within one transaction."""
        with self._store.write() as connection:
            kept = self._visits.current(connection, visit, _NOT_IN)
            if kept is None:
                return Over()
            found = self._find(connection, said)
            named = said.claim if isinstance(said, Vouched) else ""
            name = found.account.name if found.account else f"{named}{_NOBODY}"
            answer = self._portal.carry_out(connection, kept, Knock(name, source, Door.PORTAL, client), found.attempt)
            if found.account is not None and found.new is not None:
                self._confirm(connection, found.account, found.new, source, kept=not isinstance(answer, Refused))
            return answer

    def _find(self, connection: Connection, said: Vouched | Unvouched) -> _Found:
        if isinstance(said, Unvouched):
            return _Found(None, _unproven(Reason.PROVIDER_UNFIT, said.why))
        account, objection = self._whose(connection, said)
        if account is None or objection:
            return _Found(account, _unproven(Reason.NOT_LINKED, objection))
        factor = second_factor(said.acr, said.amr, self._terms)
        if factor is None:
            why = f"acr {said.acr!r}, amr {', '.join(said.amr)!r}"
            return _Found(account, _unproven(Reason.MFA_MISSING, why))
        new = None
        if identities.of_account(connection, account.id) is None:
            new = Identity(said.issuer, said.subject, account.id, self._clock.now())
            identities.add(connection, new)
            credentials.add(connection, account.id, _credential(account, new))
        return _Found(account, Attempt(Method.PROVIDER, _held(connection, account), (factor,)), new)

    def _whose(self, connection: Connection, said: Vouched) -> tuple[Account | None, str]:
        """Return whose account the person's is, or would be linked now; and what is against it."""
        linked = identities.of_person(connection, said.issuer, said.subject)
        if linked is not None:
            return accounts.by_id(connection, linked.account), ""
        account = accounts.by_external_id(connection, said.claim) if said.claim else None
        if account is None:
            return None, f"{self._provider.claim} {said.claim!r} is no account's external id"
        if identities.of_account(connection, account.id) is not None:
            return account, f"{self._provider.claim} {said.claim!r} was another person's, who is linked to it"
        return account, ""

    def _confirm(
        self, connection: Connection, account: Account, new: Identity, source: IPv4Address, *, kept: bool
    ) -> None:
        """Write a link down that was made for somebody who came in; for anybody else there is none."""
        if not kept:
            identities.remove(connection, account.id)
            credentials.remove_kinds(connection, account.id, (CredentialKind.IDENTITY,))
            return
        actor = Actor(Door.PORTAL, account.name, account.id, source=source)
        event = Event(Action.IDENTITY_LINKED, actor, account.name, {"issuer": new.issuer})
        self._trail.record(connection, event, new.linked_at)


def _unproven(reason: Reason, why: str) -> Attempt:
    return Attempt(Method.PROVIDER, frozenset(), unproven=reason, why=why)


def _held(connection: Connection, account: Account) -> frozenset[CredentialId]:
    held = credentials.of_account(connection, account.id)
    return frozenset(one.id for one in held if one.kind is CredentialKind.IDENTITY)


def _credential(account: Account, new: Identity) -> Credential:
    return Credential(
        id=CredentialId(new_id("cred")),
        kind=CredentialKind.IDENTITY,
        verifier="",
        fingerprint="",
        label="",
        created_at=new.linked_at,
        created_by=account.name,
        expires_at=None,
    )
