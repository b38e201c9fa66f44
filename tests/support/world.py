"""A small house for tests of the tree: three organizations, their people, real parts, a moving clock."""

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path

from mft.audit.trail import Trail
from mft.blobs.local import LocalBlobs
from mft.crypto.master import MasterKey
from mft.model.account import Account, AccountState, Organization, OrganizationKind, Purpose
from mft.model.ids import AccountId, OrganizationId, SessionId, new_id
from mft.model.path import VirtualPath
from mft.model.rights import ALL, Right
from mft.model.session import Actor, Door, Session
from mft.policy.breaker import BreakerRules
from mft.policy.quota import Reserve
from mft.policy.retention import RetentionTerms
from mft.retention.breaker import Breaker
from mft.retention.sweep import Sweep
from mft.store import accounts, organizations
from mft.store.engine import Store
from mft.vfs.folders import Folders, make_home
from mft.vfs.grants import Grants
from mft.vfs.history import History
from mft.vfs.holds import Holds
from mft.vfs.workspace import Ended, Files, OpenMode, Rules, UploadHandle, Workspace
from tests.support.clock import MovingClock

PUT = OpenMode(create=True, truncate=True)
RESUME = OpenMode(create=True)
OPERATOR = Actor(Door.CLI, "olivia")


def p(text: str) -> VirtualPath:
    """Return the path that *text* spells."""
    return VirtualPath.parse(text)


@dataclass
class World:
    """Everything a test of the tree needs."""

    store: Store
    folder: Path
    clock: MovingClock = field(default_factory=MovingClock)
    reserve: Reserve = field(default_factory=lambda: Reserve(bytes=0))

    def __post_init__(self) -> None:
        self.blobs = LocalBlobs(self.folder / "blobs")
        self.blobs.prepare()
        key = self.folder / "master.key"
        self.master = MasterKey.load(key) if key.exists() else MasterKey.create(key)
        self.organizations: dict[str, Organization] = {}
        self.accounts: dict[str, Account] = {}
        self.files = self.process()
        self.breaker = self.another_breaker()

    def process(self, name: str = "n1", takeover: timedelta = timedelta(seconds=10)) -> Files:
        """Return the room as another process of the same machine would build it; *name* tells workers apart."""
        rules = Rules(terms=RetentionTerms(), takeover=takeover, reserve=self.reserve)
        return Files(self.store, self.blobs, self.master, Trail("n1"), self.clock, rules, name)

    def another_breaker(self, rules: BreakerRules | None = None, alarms: tuple[str, ...] = ()) -> Breaker:
        """Return the breaker of a process that begins now."""
        return Breaker(self.store, self.files.parts.trail, self.clock, rules or BreakerRules(), "n1", alarms)

    @property
    def grants(self) -> Grants:
        return Grants(self.files.parts)

    @property
    def history(self) -> History:
        return History(self.files.parts)

    @property
    def holds(self) -> Holds:
        return Holds(self.files.parts)

    @property
    def folders(self) -> Folders:
        return Folders(self.files.parts)

    @property
    def sweep(self) -> Sweep:
        return Sweep(self.files.parts, self.breaker)

    def add_organization(self, name: str, kind: OrganizationKind = OrganizationKind.DELEGATE) -> Organization:
        now = self.clock.now()
        row = Organization(OrganizationId(new_id("org")), name, name, kind, True, now, "olivia", None, None)
        with self.store.write() as connection:
            organizations.add(connection, row)
            make_home(connection, row, "olivia", now)
        self.organizations[name] = row
        return row

    def add_account(self, name: str, organization: str) -> Account:
        row = Account(
            id=AccountId(new_id("acc")),
            name=name,
            email=f"{name}@example.org",
            organization=self.organizations[organization].id,
            purpose=Purpose.PERSON,
            state=AccountState.ACTIVE,
            required=frozenset(),
            created_at=self.clock.now(),
            created_by="olivia",
            last_signon_at=None,
            failures=0,
        )
        with self.store.write() as connection:
            accounts.add(connection, row)
        self.accounts[name] = row
        return row

    def grant(self, name: str, folder: str, rights: Right = ALL) -> None:
        self.grants.give(OPERATOR, p(folder), self.accounts[name], rights)

    def quota(self, name: str, octets: int | None, files: int | None = None) -> None:
        with self.store.write() as connection:
            organizations.set_quota(connection, self.organizations[name].id, octets, files)

    def as_(self, name: str, files: Files | None = None) -> Workspace:
        """Return the tree as the account *name* sees it in a new session."""
        account = self.accounts[name]
        organization = next(o for o in self.organizations.values() if o.id == account.organization)
        now = self.clock.now()
        session = Session(
            id=SessionId(new_id("ses")),
            account=account.id,
            account_name=name,
            door=Door.SFTP,
            source=IPv4Address("8.8.8.8"),
            credentials=frozenset(),
            client="test",
            node="n1",
            opened_at=now,
            seen_at=now,
            end_requested=None,
        )
        return (files or self.files).workspace(session, account, organization)

    @property
    def operator(self) -> Workspace:
        return self.files.operator(OPERATOR)


def put(workspace: Workspace, path: str, content: bytes, mode: OpenMode = PUT) -> None:
    """Upload *content* as a client does: open, write, close."""
    handle = workspace.open_upload(p(path), mode)
    try:
        handle.write(0, content)
    except Exception:
        handle.interrupt(Ended.FAILED)
        raise
    close(handle)


def close(handle: UploadHandle) -> None:
    """Close as a door does when its client asked."""
    handle.finish()
    handle.publish()


def get(workspace: Workspace, path: str) -> bytes:
    """Download the whole of *path*."""
    download = workspace.open_download(p(path))
    parts = []
    while block := download.read(sum(map(len, parts)), 100_000):
        parts.append(block)
    download.close(Ended.CLOSED)
    return b"".join(parts)


def names(workspace: Workspace, path: str) -> list[str]:
    """List *path*."""
    listing = workspace.listing(p(path))
    found: list[str] = []
    while page := listing.next(7):
        found += [listed.name for listed in page]
    return found


def sha(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def furnished(store: Store, folder: Path) -> World:
    """Return a house of two delegates and a partner, in which alice may do everything at home."""
    house = World(store, folder)
    house.add_organization("northwind")
    house.add_organization("southwind")
    house.add_organization("acme", OrganizationKind.PARTNER)
    house.add_account("alice", "northwind")
    house.add_account("anna", "northwind")
    house.add_account("sven", "southwind")
    house.add_account("bot", "acme")
    house.grant("alice", "/Distribution/northwind")
    return house
