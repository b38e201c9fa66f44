"""One-time links by mail: for a forgotten password (fact 1.7), and to confirm a new mail address (fact 1.5).

Who asks for a link learns nothing: the answer is the same and so are the steps, whether or not there
is anybody of that name.  A link opens nothing: the password is set anew with the second factor
beside it, and whoever has set it signs in with it as always.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import IPv4Address
from typing import Final

from sqlalchemy import Connection

from mft.accounts.factors import Factors
from mft.accounts.knock import Attempt, Knock, Outcome, Unfit
from mft.accounts.notices import tell
from mft.accounts.portal_answers import Over, Refused, TooMany
from mft.accounts.signon import SignOn
from mft.accounts.visits import Visits
from mft.audit.trail import Trail
from mft.clock import Clock
from mft.model.account import Account, Credential, CredentialKind, Method, checked_email
from mft.model.errors import Exhausted, Invalid
from mft.model.event import Action, DetailValue, Event
from mft.model.ids import AccountId, new_reference
from mft.model.letter import FieldValue, Letter
from mft.model.portal import LinkPurpose, Stage, Visit
from mft.model.session import Actor, Door
from mft.offload import Offload
from mft.policy.portal import LinkTerms
from mft.policy.signon import Dossier, Reason, bars
from mft.store import accounts, mail_links, outbox, sessions
from mft.store.engine import Store
from mft.store.mail_links import MailLink

PASSWORD_PATH: Final = "/forgot/"  # noqa: S105  (a page's address)
"""Where a link for a forgotten password leads, its token behind it."""
EMAIL_PATH: Final = "/email/"
"""Where a link that confirms a mail address leads, its token behind it."""
_TOKEN: Final = 32
"""Bytes: 256 random bits."""
_LONGEST: Final = 128
_NOBODY: Final = AccountId("")
_KEPT: Final = timedelta(days=1)
"""How long a link that is worth nothing is kept, so that asking often shows."""


@dataclass(frozen=True, slots=True)
class Changed:
    """It is done."""


class MailLinks:
    """Sends links, and takes them."""

    def __init__(
        self,
        store: Store,
        trail: Trail,
        clock: Clock,
        terms: LinkTerms,
        signon: SignOn,
        visits: Visits,
        factors: Factors,
        offload: Offload,
    ) -> None:
        """Keep the parts."""
        self._store = store
        self._trail = trail
        self._clock = clock
        self._terms = terms
        self._signon = signon
        self._visits = visits
        self._factors = factors
        self._offload = offload

    async def ask_password(self, name: str, source: IPv4Address, url: str, client: str = "") -> None:
        """Send whoever *name* is a link to the portal at *url*; whether anybody was sent one is not told.

        Who could not come in from *source* now is sent nothing, and neither is an account without a password of
        its own or without a second factor.
        """
        knock = Knock(name, source, Door.PORTAL, client)
        await self._signon.look_and_pause(knock)
        await self._signon.settle(self._send_password, knock, url)

    def stands(self, token: str, purpose: LinkPurpose) -> bool:
        """Return whether a link is good for something now, so that a page can say at once when it is not."""
        with self._store.read() as connection:
            return self._good(connection, token, purpose) is not None

    async def use_password(
        self, token: str, code: str, new: str, source: IPv4Address, client: str = ""
    ) -> Changed | Unfit | Refused | TooMany | Over:
        """Put *new* in the place of the forgotten password; *code* is of the authenticator, or a recovery code.

        Every session of the account ends, and its owner is told by mail.  A new password that is not fit uses
        nothing up.
        """
        knock = await self._offload.read(self._knock, token, source, client)
        dossier = await self._signon.look_and_pause(knock) if knock else None
        old = _own_password(dossier)
        if knock is None or dossier is None or old is None:
            return Over()
        verifier = await self._signon.sealed(knock, dossier, None, new)
        if isinstance(verifier, Unfit):
            return verifier
        return await self._signon.settle(self._use_password, token, knock, code, old, verifier)

    def ask_email(self, visit: Visit, email: str, again: str, source: IPv4Address, url: str) -> Changed | Over:
        """Send a link to the new address *email* of whoever is signed in; the address changes when it is used.

        Whether the address is somebody else's is not told: then nothing is sent.  Raises Invalid if the two differ or
        are no address, and Exhausted if links were asked for too often.
        """
        wanted = checked_email(email)
        if wanted != checked_email(again):
            raise Invalid("the two addresses are not the same; type the new one twice")
        with self._store.write() as connection:
            kept = self._visits.current(connection, visit, {Stage.SIGNED_IN})
            account = accounts.by_id(connection, kept.account) if kept and kept.account else None
            if kept is None or account is None:
                return Over()
            now = self._clock.now()
            if mail_links.standing(connection, account.id, LinkPurpose.EMAIL, now) >= self._terms.lately:
                raise Exhausted("links were asked for too often; wait half an hour")
            actor = Actor(Door.PORTAL, account.name, account.id, kept.session, source)
            self._send_email(connection, actor, account, wanted, url)
        return Changed()

    def use_email(self, token: str, source: IPv4Address) -> Changed | Over:
        """Let the address to which the link went be the account's; the one before is told."""
        with self._store.write() as connection:
            link = self._good(connection, token, LinkPurpose.EMAIL)
            account = accounts.by_id(connection, link.account) if link else None
            if link is None or account is None or self._closed(connection, account, source):
                return Over()
            now = self._clock.now()
            mail_links.use(connection, link.token_sha256, now)
            if accounts.by_email(connection, link.email) is not None:
                return Over()
            tell(connection, "email-changed", account, now, {"source": str(source)}, to=account.email)
            accounts.set_details(connection, replace(account, email=link.email))
            actor = Actor(Door.PORTAL, account.name, account.id, source=source)
            # That it changed, not to what: the trail outlives the account.
            event = Event(Action.ACCOUNT_CHANGED, actor, account.name, {"changed": "email"})
            self._trail.record(connection, event, now)
            return Changed()

    def tidy(self) -> int:
        """Forget links of long ago.  Return how many."""
        with self._store.write() as connection:
            return mail_links.forget_before(connection, self._clock.now() - _KEPT)

    def _send_password(self, knock: Knock, url: str) -> None:
        """Take the same steps for everybody; what is kept for a stranger is nothing."""
        with self._store.write() as connection:
            now = self._clock.now()
            dossier = self._signon.admission.dossier(connection, knock)
            why_not = self._why_not(connection, dossier, knock.source, now)
            to = dossier.account if dossier and not why_not else None
            token = secrets.token_urlsafe(_TOKEN)
            self._keep(connection, token, to.id if to else _NOBODY, LinkPurpose.PASSWORD, "")
            words: dict[str, FieldValue] = {
                "name": to.name if to else "",
                "link": f"{url}{PASSWORD_PATH}{token}",
                "minutes": self._minutes,
            }
            letter = Letter("password-link", to.email if to else "", words, to.id if to else _NOBODY)
            outbox.queue_if_known(connection, letter, now)
            self._signon.admission.answer_ask(connection, knock, dossier, why_not)

    def _why_not(self, connection: Connection, dossier: Dossier | None, source: IPv4Address, now: datetime) -> str:
        """Return why nothing is sent, for the trail, or an empty text."""
        account = dossier.account.id if dossier else _NOBODY
        confirmed = self._factors.confirmed(connection, account)
        lately = mail_links.standing(connection, account, LinkPurpose.PASSWORD, now)
        if dossier is None:
            return Reason.UNKNOWN_ACCOUNT.value
        barred = next(bars(dossier, source, now, Door.PORTAL), None)
        found = (
            (barred is not None, str(barred)),
            (_own_password(dossier) is None, "no password of its own"),
            (confirmed is None, "no second factor"),
            (not dossier.account.email, "no mail address"),
            (lately >= self._terms.lately, "asked for too often"),
        )
        return next((why for stands, why in found if stands), "")

    def _use_password(
        self, token: str, knock: Knock, code: str, old: Credential, verifier: str
    ) -> Changed | Refused | TooMany | Over:
        with self._store.write() as connection:
            link = self._good(connection, token, LinkPurpose.PASSWORD)
            account = accounts.by_id(connection, link.account) if link else None
            if link is None or account is None:
                return Over()
            actor = Actor(Door.PORTAL, account.name, account.id, source=knock.source)
            proof = self._factors.prove(connection, actor, account, code)
            # The link stands in for the password that is gone, and for nothing else.
            proven = frozenset({old.id, proof.credential}) if proof else frozenset()
            exchanged = self._signon.admission.exchange(
                connection, knock, Attempt(Method.TOTP, proven), old.id, verifier
            )
            now = self._clock.now()
            if isinstance(exchanged, Outcome):
                return self._count_attempt(connection, link, exchanged, now)
            mail_links.use_all(connection, account.id, now)
            sessions.request_end(connection, account.id, None, f"{account.name}: a forgotten password was set anew")
            detail: dict[str, DetailValue] = {
                "purpose": link.purpose.value,
                "with": proof.factor.value if proof else "",
            }
            self._trail.record(connection, Event(Action.LINK_USED, actor, account.name, detail), now)
            return Changed()

    def _count_attempt(
        self, connection: Connection, link: MailLink, refused: Outcome, now: datetime
    ) -> Refused | TooMany:
        reference = refused.reference or new_reference()
        mail_links.count_attempt(connection, link.token_sha256)
        if link.attempts + 1 < self._terms.attempts:
            return Refused(reference)
        mail_links.use(connection, link.token_sha256, now)
        return TooMany(reference)

    def _send_email(self, connection: Connection, actor: Actor, account: Account, email: str, url: str) -> None:
        now = self._clock.now()
        taken = accounts.by_email(connection, email) is not None
        detail: dict[str, DetailValue] = {"purpose": LinkPurpose.EMAIL.value, "source": str(actor.source or "")}
        if taken:
            detail["why_not"] = "the address belongs to an account"
        else:
            token = secrets.token_urlsafe(_TOKEN)
            self._keep(connection, token, account.id, LinkPurpose.EMAIL, email)
            words: dict[str, FieldValue] = {"link": f"{url}{EMAIL_PATH}{token}", "minutes": self._minutes}
            tell(connection, "email-link", account, now, words, to=email)
        action = Action.LINK_REFUSED if taken else Action.LINK_SENT
        self._trail.record(connection, Event(action, actor, account.name, detail), now)

    def _keep(self, connection: Connection, token: str, account: AccountId, purpose: LinkPurpose, email: str) -> None:
        ends = self._clock.now() + self._terms.lasts
        mail_links.add(connection, MailLink(_digest(token), account, purpose, email, ends, 0, None))

    def _good(self, connection: Connection, token: str, purpose: LinkPurpose) -> MailLink | None:
        link = mail_links.by_token(connection, _digest(token)) if len(token) <= _LONGEST else None
        if link is None or link.purpose is not purpose or not link.stands(self._clock.now()):
            return None
        return link

    def _knock(self, token: str, source: IPv4Address, client: str) -> Knock | None:
        with self._store.read() as connection:
            link = self._good(connection, token, LinkPurpose.PASSWORD)
            account = accounts.by_id(connection, link.account) if link else None
        return Knock(account.name, source, Door.PORTAL, client) if account else None

    def _closed(self, connection: Connection, account: Account, source: IPv4Address) -> bool:
        """Return whether something bars *account*, other than where a mail was read."""
        dossier = self._signon.admission.dossier(connection, Knock(account.name, source, Door.PORTAL, ""))
        barred = bars(dossier, source, self._clock.now(), Door.PORTAL) if dossier else (Reason.UNKNOWN_ACCOUNT,)
        return any(bar is not Reason.SOURCE_NOT_LISTED for bar in barred)

    @property
    def _minutes(self) -> int:
        return int(self._terms.lasts / timedelta(minutes=1))


def _own_password(dossier: Dossier | None) -> Credential | None:
    held = dossier.credentials if dossier else ()
    return next((c for c in held if c.kind is CredentialKind.PASSWORD), None)


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "backslashreplace")).digest()
