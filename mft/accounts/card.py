"""Everything an operator may know about one account, at one moment.  Reads only."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mft.model.account import Account, AllowlistEntry, Credential, CredentialKind, Method, Organization
from mft.model.directory import SetupState
from mft.model.errors import NotFound
from mft.model.session import Session
from mft.policy.outlook import Bar, Transition, account_bars, account_transitions
from mft.policy.setup import must_renew_by, state_at
from mft.policy.signon import FORGOTTEN_AFTER, Reason, Terms, pause_before_answer, setup_bar
from mft.store import accounts, notices, sessions, slowdowns
from mft.store.engine import Store


@dataclass(frozen=True, slots=True)
class Slowed:
    """A source whose attempts under the account's name are answered late."""

    source: str
    failures: int
    pause: timedelta
    """How long its next attempt waits."""
    last_at: datetime


@dataclass(frozen=True, slots=True)
class AccountCard:
    """One account as ``mft account show`` prints it."""

    account: Account
    organization: Organization
    methods: frozenset[Method]
    """What the account has credentials for, expired or not."""
    keys: tuple[Credential, ...]
    has_password: bool
    temporary_expires_at: datetime | None
    """When the temporary password ends or ended; None if there is none."""
    allowlist: tuple[AllowlistEntry, ...]
    last_signon_at: datetime | None
    dormant_from: datetime
    dormant: bool
    locked: bool
    slowed: tuple[Slowed, ...]
    sessions: tuple[Session, ...]
    lives_in_directory: bool
    """Whether SFTP takes the directory's password, and the account's own opens only the portal."""
    setup: SetupState | None
    """How that password stands; None while it was never set up."""
    setup_bar: Reason | None
    """Why SFTP does not take it; None where it does, or where there is no such thing."""
    must_renew_by: datetime | None
    """From then on it is refused unless the current text was agreed to."""


def account_card(store: Store, name: str, now: datetime, terms: Terms) -> AccountCard:
    """Return the card of the account *name*.  Raises NotFound."""
    with store.read() as connection:
        dossier = accounts.dossier(connection, name, terms)
        if dossier is None:
            raise NotFound(f"there is no account {name}; mft account list shows them")
        failing = slowdowns.of_name(connection, name, now - FORGOTTEN_AFTER)
        live = sessions.listing(connection, dossier.account.id)
    of_kind = {kind: [c for c in dossier.credentials if c.kind is kind] for kind in CredentialKind}
    temporary = of_kind[CredentialKind.TEMPORARY]
    return AccountCard(
        account=dossier.account,
        organization=dossier.organization,
        methods=frozenset(c.method for c in dossier.credentials),
        keys=tuple(of_kind[CredentialKind.KEY]),
        has_password=bool(of_kind[CredentialKind.PASSWORD]),
        temporary_expires_at=temporary[0].expires_at if temporary else None,
        allowlist=dossier.allowlist,
        last_signon_at=dossier.account.last_signon_at,
        dormant_from=dossier.dormant_from(),
        dormant=now >= dossier.dormant_from(),
        locked=dossier.account.failures >= terms.max_failures,
        slowed=tuple(Slowed(str(s.source), s.failures, pause_before_answer(s.failures), s.last_at) for s in failing),
        sessions=tuple(live),
        lives_in_directory=dossier.in_directory,
        setup=state_at(dossier.account.setup, now, terms.setup),
        setup_bar=setup_bar(dossier, now),
        must_renew_by=must_renew_by(dossier.account.setup, terms.setup),
    )


@dataclass(frozen=True, slots=True)
class AccountOutlook:
    """How one account stands, and what will become of it if nobody does anything."""

    account: Account
    organization: Organization
    bars: tuple[Bar, ...]
    """What stands in the way now, of the account or of one of its addresses."""
    transitions: tuple[Transition, ...]

    @property
    def may_sign_on(self) -> bool:
        """Whether it is admitted now with the right secret from a listed address."""
        return not any(bar.keeps_out for bar in self.bars)


def account_outlook(store: Store, name: str, now: datetime, terms: Terms) -> AccountOutlook:
    """Return how the account *name* stands at *now* and what comes.  Raises NotFound."""
    with store.read() as connection:
        dossier = accounts.dossier(connection, name, terms)
        if dossier is None:
            raise NotFound(f"there is no account {name}; mft account list shows them")
        told = notices.told(connection, dossier.account.id, dossier.dormant_from())
    return AccountOutlook(
        account=dossier.account,
        organization=dossier.organization,
        bars=account_bars(dossier, now),
        transitions=account_transitions(dossier, now, told - {notices.ENDED}),
    )
