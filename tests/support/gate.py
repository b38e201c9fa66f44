"""A gate with real parts: a real store, a real trail, Argon2 at its lowest cost, a clock that tests move."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv4Address
from typing import Any

from mft.accounts.allowlists import Allowlists, NewAddress
from mft.accounts.credentials import Credentials
from mft.accounts.fitness import Fitness
from mft.accounts.knock import Knock, Outcome
from mft.accounts.provisioning import Accounts
from mft.accounts.sessions import Sessions
from mft.accounts.signon import SignOn
from mft.audit.search import Wanted, search
from mft.audit.trail import Trail
from mft.crypto.passwords import Passwords, prepare
from mft.model.account import (
    Account,
    AccountState,
    Credential,
    CredentialKind,
    Organization,
    OrganizationKind,
    Purpose,
)
from mft.model.event import Action, AuditEvent
from mft.model.ids import AccountId, CredentialId, OrganizationId, new_id
from mft.model.network import AddressRange
from mft.model.session import Actor, Door
from mft.offload import Offload
from mft.policy.allowlist import AllowlistRules
from mft.policy.passwords import PasswordRules
from mft.policy.signon import Terms
from mft.store import accounts, organizations
from mft.store.engine import Store
from tests.support.clock import MovingClock

HOME = IPv4Address("8.8.8.8")
ELSEWHERE = IPv4Address("9.9.9.9")
SECRET = "quiet harbour 91 lanterns"
BETTER = "slow rivers carve 40 canyons"
SOME_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ4xsXhAfNBfXEjlZpQrRB7k6pfvpLZPjDmo2mUoO1j6 alice@desk"
OLGA = Actor(Door.CLI, "olga")
OTTO = Actor(Door.CLI, "otto")


class CountedPasswords:
    """Real Argon2, and how often it was asked."""

    def __init__(self) -> None:
        self._real = Passwords(memory_kib=8, passes=1)
        self.compared = 0
        self.before_seal: Any = lambda: None

    def seal(self, secret: str) -> str:
        self.before_seal()
        return self._real.seal(secret)

    def matches(self, secret: str, verifier: str | None) -> bool:
        self.compared += 1
        return self._real.matches(secret, verifier)

    def needs_rehash(self, verifier: str) -> bool:
        return self._real.needs_rehash(verifier)


@dataclass
class Gate:
    """Everything a sign-on test touches."""

    store: Store
    clock: MovingClock
    trail: Trail
    passwords: CountedPasswords
    offload: Offload
    signon: SignOn
    allowlists: Allowlists
    credentials: Credentials
    sessions: Sessions
    terms: Terms
    pauses: list[float] = field(default_factory=list)

    def organization(self, name: str = "northwind", kind: OrganizationKind = OrganizationKind.DELEGATE) -> Organization:
        now = self.clock.now()
        made = Organization(
            OrganizationId(new_id("org")), name, "Northwind Clinic", kind, True, now, "olga", None, None
        )
        with self.store.write() as connection:
            known = organizations.by_name(connection, name)
            if known is None:
                organizations.add(connection, made)
        return known or made

    def account(self, name: str = "alice", *, password: str | None = SECRET, allow: str | None = "8.8.8.8", **changes):
        """Add an account that signs on with *password* from *allow*."""
        plain: dict[str, Any] = {
            "id": AccountId(new_id("acc")),
            "name": name,
            "email": f"{name}@example.org",
            "organization": self.organization().id,
            "purpose": Purpose.PERSON,
            "state": AccountState.ACTIVE,
            "required": frozenset(),
            "created_at": self.clock.now(),
            "created_by": "olga",
            "last_signon_at": None,
            "failures": 0,
        }
        made = Account(**plain | changes)
        with self.store.write() as connection:
            accounts.add(connection, made)
        if allow is not None:
            self.allowlists.add(OLGA, name, NewAddress(allow))
        if password is not None:
            self.credentials.set_password(OLGA, name, password)
        return made

    def knock(self, name: str = "alice", source: IPv4Address = HOME, **changes: Any) -> Knock:
        return Knock(name, source, Door.SFTP, "OpenSSH_9.2", **changes)

    async def enter(self, name: str = "alice", secret: str = SECRET, source: IPv4Address = HOME) -> Outcome:
        return await self.signon.by_password(self.knock(name, source), secret)

    def move(self, name: str, before: AccountState, after: AccountState) -> None:
        """Put an account into a state."""
        account = self.current(name)
        with self.store.write() as connection:
            assert accounts.set_state(connection, account.id, before, after)

    def unlock(self, name: str) -> None:
        """Unlock an account as an operator does."""
        Accounts(self.store, self.trail, self.clock, self.allowlists, self.credentials).unlock(OLGA, name)

    def credential(self, kind: CredentialKind, verifier: str | None = None, expires_at: datetime | None = None):
        """Return a credential that nobody holds yet."""
        sealed = verifier or self.passwords.seal(prepare(SECRET))
        return Credential(CredentialId(new_id("cred")), kind, sealed, "", "", self.clock.now(), "olga", expires_at)

    def current(self, name: str = "alice") -> Account:
        with self.store.read() as connection:
            account = accounts.by_name(connection, name)
        assert account is not None
        return account

    def lines(self, action: Action | None = None) -> list[AuditEvent]:
        """Return the trail's lines, oldest first."""
        return search(self.store, Wanted(action=action.value if action else None))[::-1]

    def another_signon(self, store: Any = None, **parts: Any) -> SignOn:
        """Return another SignOn over the same parts, as another process would have."""
        return SignOn(
            store or self.store,
            self.trail,
            parts.get("passwords", self.passwords),
            self.clock,
            self.terms,
            parts.get("offload", self.offload),
            "node-2",
        )


def build_gate(store: Store) -> Gate:
    clock, trail, passwords, terms = MovingClock(), Trail("node-1"), CountedPasswords(), Terms()
    offload = Offload(inline_reads=store.is_sqlite, writers=8, hashers=4)
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    fitness = Fitness(store, PasswordRules(), "Example Health Plan")
    trial = (AddressRange.parse("127.0.0.0/8"),)
    return Gate(
        store=store,
        clock=clock,
        trail=trail,
        passwords=passwords,
        offload=offload,
        signon=SignOn(
            store, trail, passwords, clock, terms, offload, "node-1", payer="Example Health Plan", pause=pause
        ),
        allowlists=Allowlists(store, trail, clock, AllowlistRules(), trial),
        credentials=Credentials(store, trail, passwords, clock, fitness, timedelta(hours=48)),
        sessions=Sessions(store, trail, clock),
        terms=terms,
        pauses=pauses,
    )
