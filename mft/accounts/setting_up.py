"""One try at SFTP Account Setup/Update: who asks, what they agree to, what the directory says (facts 2.3 to 2.9).

The directory is asked by a bind with what was typed; the verifier is made of its SASLprep form, since
that is what arrives over SSH.  A try counts before the directory is asked, so that many at once are not
many more guesses.  The password is never kept, and no line of the trail holds what was typed.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final

from sqlalchemy import Connection

from mft.accounts.agreements import Agreements
from mft.accounts.notices import tell
from mft.accounts.portal_answers import Over
from mft.accounts.setup_answers import (
    Closed,
    NoDirectory,
    NotAgreed,
    NotYou,
    SetUp,
    TooOften,
    TryLater,
    Unusable,
    WrongPassword,
)
from mft.accounts.visits import Visits
from mft.audit.trail import Trail
from mft.clock import Clock
from mft.crypto.passwords import Passwords, prepare
from mft.directory.port import Directory
from mft.logs.setup import log
from mft.model.account import Account, Credential, CredentialKind
from mft.model.directory import Attestation, Person, Setup, SetupState
from mft.model.errors import Invalid, Unavailable
from mft.model.event import Action, DetailValue, Event
from mft.model.ids import CredentialId, new_id
from mft.model.portal import Stage, Visit
from mft.model.session import Actor, Door
from mft.offload import Offload
from mft.policy.portal import sees_setup
from mft.policy.setup import same_user
from mft.policy.signon import FORGOTTEN_AFTER, Admit, Dossier, Terms, decide
from mft.store import accounts, credentials, setups, slowdowns
from mft.store.engine import Store

Answer = SetUp | NotAgreed | NotYou | WrongPassword | Unusable | TryLater | TooOften | Closed | NoDirectory | Over
"""What a try comes to."""

_LOG: Final = log("mft.setup")
_LONGEST: Final = 1024
"""Characters.  Anything longer is nobody's password, and the directory is not asked about it."""


@dataclass(frozen=True, slots=True)
class _Try:
    """A try that may go on: in which visit, by whom."""

    visit: Visit
    dossier: Dossier
    source: IPv4Address

    @property
    def account(self) -> Account:
        """Whose try it is."""
        return self.dossier.account

    @property
    def actor(self) -> Actor:
        """Who does it, for the trail."""
        return Actor(Door.PORTAL, self.account.name, self.account.id, self.visit.session, self.source)


class SettingUp:
    """Takes tries."""

    def __init__(  # noqa: PLR0913  (the parts of the house that a try needs)
        self,
        store: Store,
        trail: Trail,
        passwords: Passwords,
        clock: Clock,
        terms: Terms,
        visits: Visits,
        offload: Offload,
        *,
        texts: Agreements,
        directory: Directory | None,
    ) -> None:
        """Keep the parts."""
        self._store = store
        self._trail = trail
        self._passwords = passwords
        self._clock = clock
        self._terms = terms
        self._visits = visits
        self._texts = texts
        self._directory = directory
        self._offload = offload

    async def perform(
        self, visit: Visit, source: IPv4Address, user: str, password: str, *, agreed: bool, text_version: str
    ) -> Answer:
        """Let the directory's *password* open SFTP for whoever is signed in, if it is theirs and they agree."""
        if self._directory is None:
            return NoDirectory()
        begun = await self._offload.write(self._begin, visit, source, user, text_version if agreed else None)
        if not isinstance(begun, _Try):
            return begun
        try:
            said = await self._ask(self._directory, begun.account.external_id, password)
        except Unavailable as error:
            _LOG.warning("setup.unanswered", account=begun.account.name, why=str(error))
            return await self._offload.write(self._give_back, begun)
        if said is None:
            return await self._offload.write(self._wrong, begun)
        verifier = await self._offload.hash(self._sealed, password)
        if verifier is None:
            return await self._offload.write(self._refuse, begun, "no client can send it", Unusable())
        return await self._offload.write(self._finish, begun, said, verifier)

    def _begin(self, visit: Visit, source: IPv4Address, user: str, agreed_to: str | None) -> _Try | Answer:
        with self._store.write() as connection:
            found = self._standing(connection, visit, source)
            if found is None:
                return Over()
            if agreed_to is None or agreed_to != self._texts.name:
                return NotAgreed()
            if self._closed(found.account):
                return Closed()
            if not self._counted(connection, found):
                return TooOften()
            if not same_user(user, found.account.external_id) or not sees_setup(found.dossier.organization.kind):
                # What was typed is nobody's to read: people type passwords into the wrong field.
                return self._refused(connection, found, "another user id", NotYou())
            return found

    @staticmethod
    async def _ask(directory: Directory, user: str, password: str) -> Person | None:
        said = await directory.verify(user, password) if len(password) <= _LONGEST else None
        return said if isinstance(said, Person) else None

    def _finish(self, begun: _Try, said: Person, verifier: str) -> Answer:
        """Write it all down, if whoever began still may."""
        with self._store.write() as connection:
            found = self._standing(connection, begun.visit, begun.source)
            if found is None or found.account.external_id != begun.account.external_id:
                return Over()
            if self._closed(found.account):
                return Closed()
            account, now = found.account, self._clock.now()
            text = self._texts.accept(connection, now)
            signed = Attestation(
                text_version=text.name,
                text_sha256=text.sha256,
                directory_user=account.external_id,
                at=now,
                source=str(found.source),
                session=found.visit.session or "",
                factors=found.visit.factors,
            )
            setups.attest(connection, account.id, signed)
            credentials.remove_kinds(connection, account.id, (CredentialKind.DIRECTORY,))
            credentials.add(connection, account.id, self._credential(account, verifier))
            setups.put(connection, account.id, Setup(SetupState.ACTIVE, said.mark, now, text.name))
            slowdowns.forget_name(connection, slowdowns.TRIES + account.name)
            self._record_done(connection, found, signed)
            return SetUp(now)

    def _record_done(self, connection: Connection, found: _Try, signed: Attestation) -> None:
        account = found.account
        agreed: dict[str, DetailValue] = {
            "text": signed.text_version,
            "sha256": signed.text_sha256.hex(),
            "source": signed.source,
            "session": signed.session,
            "factors": ", ".join(signed.factors),
        }
        self._trail.record(connection, Event(Action.ATTESTATION_SIGNED, found.actor, account.name, agreed), signed.at)
        before: dict[str, DetailValue] = {"before": account.setup.state.value if account.setup else ""}
        self._trail.record(connection, Event(Action.SETUP_DONE, found.actor, account.name, before), signed.at)
        tell(connection, "setup-done", account, signed.at, {"source": signed.source})

    def _wrong(self, begun: _Try) -> Answer:
        with self._store.write() as connection:
            answer = self._refused(connection, begun, "the directory says no", WrongPassword())
            kept = self._visits.current(connection, begun.visit, {Stage.SIGNED_IN})
            over = kept is not None and self._visits.count_attempt(connection, kept)
            return TooOften() if over else answer

    def _refuse(self, begun: _Try, why: str, answer: Answer) -> Answer:
        with self._store.write() as connection:
            return self._refused(connection, begun, why, answer)

    def _refused(self, connection: Connection, found: _Try, why: str, answer: Answer) -> Answer:
        detail: dict[str, DetailValue] = {"reason": why, "source": str(found.source)}
        event = Event(Action.SETUP_REFUSED, found.actor, found.account.name, detail)
        self._trail.record(connection, event, self._clock.now())
        return answer

    def _give_back(self, begun: _Try) -> TryLater:
        with self._store.write() as connection:
            slowdowns.take_back(connection, begun.source, slowdowns.TRIES + begun.account.name)
        return TryLater()

    def _standing(self, connection: Connection, visit: Visit, source: IPv4Address) -> _Try | None:
        """Return who is in and may be, decided upon anew as for every request."""
        kept = self._visits.current(connection, visit, {Stage.SIGNED_IN})
        account = accounts.by_id(connection, kept.account) if kept and kept.account else None
        dossier = accounts.dossier(connection, account.name, self._terms) if account else None
        if kept is None or dossier is None:
            return None
        verdict = decide(dossier, kept.proven, source, self._clock.now(), Door.PORTAL)
        return _Try(kept, dossier, source) if isinstance(verdict, Admit) else None

    def _counted(self, connection: Connection, found: _Try) -> bool:
        """Count the try, unless there were enough of this person or from this address lately."""
        now, name = self._clock.now(), slowdowns.TRIES + found.account.name
        since = now - FORGOTTEN_AFTER
        own = sum(each.failures for each in slowdowns.of_name(connection, name, since))
        near = slowdowns.of_source(connection, found.source, slowdowns.TRIES, since)
        terms = self._terms.setup
        if own >= terms.attempts or near >= terms.attempts_of_source:
            return False
        slowdowns.count(connection, found.source, name, now, since)
        return True

    @staticmethod
    def _closed(account: Account) -> bool:
        return account.setup is not None and account.setup.state is SetupState.REVOKED

    def _sealed(self, password: str) -> str | None:
        try:
            return self._passwords.seal(prepare(password))
        except Invalid:
            return None

    def _credential(self, account: Account, verifier: str) -> Credential:
        return Credential(
            id=CredentialId(new_id("cred")),
            kind=CredentialKind.DIRECTORY,
            verifier=verifier,
            fingerprint="",
            label="",
            created_at=self._clock.now(),
            created_by=account.name,
            expires_at=None,
        )
