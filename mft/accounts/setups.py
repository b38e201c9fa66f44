"""SFTP Account Setup/Update as the portal, the operators and the jobs know it (facts 2.2 to 2.9).

SFTP cannot show a page that asks for a second factor.  So people prove themselves in the portal, type
the password that their directory knows them by, and agree to a text; from then on it opens SFTP, until
the directory says that it was changed or that they are gone.
"""

from ipaddress import IPv4Address

from sqlalchemy import Connection

from mft.accounts.agreements import Agreements
from mft.accounts.records import checked_remark, known_account
from mft.accounts.setting_up import Answer, SettingUp
from mft.accounts.setup_answers import AttestationRow, AttestationText, SetupRow, SetupView
from mft.accounts.standings import Standings
from mft.clock import Clock
from mft.model.account import Account, AccountState
from mft.model.directory import SetupState
from mft.model.errors import Conflict, Invalid, NotFound
from mft.model.ids import AccountId
from mft.model.portal import Visit
from mft.model.session import Actor
from mft.offload import Offload
from mft.policy.portal import SETTING_UP
from mft.policy.setup import must_renew_by, state_at
from mft.policy.signon import Terms
from mft.store import accounts, organizations, setups
from mft.store.engine import Store

__all__ = ["AttestationRow", "AttestationText", "SetupRow", "SetupView", "Setups"]


class Setups:
    """The setups of all accounts."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        terms: Terms,
        texts: Agreements,
        standings: Standings,
        setting_up: SettingUp,
        offload: Offload,
    ) -> None:
        """Keep the parts."""
        self._store = store
        self._clock = clock
        self._terms = terms
        self._texts = texts
        self._standings = standings
        self._setting_up = setting_up
        self._offload = offload

    def view(self, account: AccountId) -> SetupView:
        """Return how it stands for *account*.  Raises NotFound, and Unavailable when the text cannot be read."""
        text = self._texts.current()
        with self._store.read() as connection:
            found = accounts.by_id(connection, account)
            attested_at = setups.attested_at(connection, account)
        if found is None:
            raise NotFound("there is no such account")
        return SetupView(
            has_directory=self._terms.directory,
            external_id=found.external_id,
            state=state_at(found.setup, self._clock.now(), self._terms.setup),
            checked_at=found.setup.checked_at if found.setup else None,
            text=AttestationText(text.name, text.text.strip(), text.sha256),
            attested_at=attested_at,
            must_renew_by=must_renew_by(found.setup, self._terms.setup),
        )

    async def perform(
        self, visit: Visit, source: IPv4Address, user: str, password: str, *, agreed: bool, text_version: str
    ) -> Answer:
        """Let the directory's *password* open SFTP for whoever is signed in, if it is theirs and they agree."""
        return await self._setting_up.perform(visit, source, user, password, agreed=agreed, text_version=text_version)

    async def look(self, account: AccountId) -> SetupState | None:
        """Ask the directory how *account* stands, write it down, and return the state.  Raises Unavailable."""
        return await self._standings.look(account)

    async def look_at_all(self) -> int:
        """Ask about everybody and return how many stand otherwise now.  Raises Unavailable about who had no answer."""
        return await self._standings.look_at_all()

    def stop(self) -> None:
        """End a round among everybody soon."""
        self._standings.stop()

    def revoke(self, actor: Actor, name: str, why: str) -> None:
        """Close SFTP to *name*, by password and by key, until an operator resyncs.  Live sessions end within 60 s.

        Raises NotFound, Conflict, Invalid without a reason.
        """
        if not why.strip():
            raise Invalid("a revocation needs a reason; say it with --reason")
        with self._store.write() as connection:
            account = self._known(connection, name)
            if account.setup is not None and account.setup.state is SetupState.REVOKED:
                raise Conflict(f"the setup of {name} is revoked already; mft setup resync {name} opens it again")
            self._standings.put(connection, actor, account, SetupState.REVOKED, checked_remark(why))

    async def resync(self, actor: Actor, name: str) -> SetupState:
        """Ask the directory about *name* now; who was revoked and is there may set up again.

        Raises NotFound, Conflict when there is nobody to ask about, Unavailable.
        """
        account = await self._offload.read(self._to_ask_about, name)
        if not account.external_id:
            raise Conflict(f"{name} has no external id; set it: mft account change {name} --external-id ID")
        found = await self._standings.reopen(actor, account)
        if found is None:
            raise Conflict(f"the directory knows nobody by the external id of {name}; mft account show {name}")
        return found

    def listing(self) -> list[SetupRow]:
        """Return everybody whose password lives in the directory, by account."""
        now, terms = self._clock.now(), self._terms.setup
        with self._store.read() as connection:
            found = setups.living(connection, SETTING_UP)
        return [
            SetupRow(
                account=one.account.name,
                person=one.account.person,
                organization=one.organization,
                external_id=one.account.external_id,
                state=state_at(one.account.setup, now, terms),
                checked_at=one.account.setup.checked_at if one.account.setup else None,
                text_version=one.account.setup.text_version if one.account.setup else "",
                attested_at=one.attested_at,
                must_renew_by=must_renew_by(one.account.setup, terms),
            )
            for one in found
        ]

    def attestations(self, name: str | None = None) -> list[AttestationRow]:
        """Return who agreed to which text, oldest first, or what *name* agreed to.  Raises NotFound."""
        with self._store.read() as connection:
            one = known_account(connection, name).id if name is not None else None
            found = setups.attestations(connection, one)
        return [
            AttestationRow(
                account=account,
                organization=organization,
                directory_user=said.directory_user,
                text_version=said.text_version,
                text_sha256=said.text_sha256,
                at=said.at,
                source=said.source,
                session=said.session,
                factors=said.factors,
            )
            for account, organization, said in found
        ]

    def _to_ask_about(self, name: str) -> Account:
        with self._store.read() as connection:
            return self._known(connection, name)

    def _known(self, connection: Connection, name: str) -> Account:
        account = known_account(connection, name)
        if account.state is AccountState.PURGED:
            raise Conflict(f"{name} was purged; ask for a new account")
        if not account.external_id and account.setup is None:
            raise Conflict(f"{name} has no external id, so that no directory knows them")
        if organizations.by_id(connection, account.organization).kind not in SETTING_UP:
            raise Conflict(f"{name} is not of a provider or trading partner, whose people alone set up SFTP")
        return account
