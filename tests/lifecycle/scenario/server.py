"""The product, driven through its rooms with the words the oracle is asked in: done, refused, in, replace, out."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import wraps
from ipaddress import IPv4Address
from typing import ParamSpec

import asyncssh
from sqlalchemy import func, select

from mft.accounts.knock import Knock, Outcome, Unfit
from mft.app.build import House
from mft.app.chores import chores
from mft.lifecycle.post import Post
from mft.model.account import Account, AccountState, CredentialKind, OrganizationKind, Purpose
from mft.model.errors import MftError, NotFound
from mft.model.event import Action
from mft.model.file import EntryKind
from mft.model.ids import CredentialId, SessionId, new_id
from mft.model.path import VirtualPath
from mft.model.request import AskedAddress, RequestKind
from mft.model.session import Actor, Door, Session
from mft.notify.writing import Writer
from mft.policy.requests import overdue, state_of
from mft.policy.retention import RetentionClass
from mft.policy.signon import Admit, MustReplace, Reason, Refuse
from mft.requests.form import RequestForm
from mft.store import accounts, credentials
from mft.store.tables import audit_event
from mft.vfs.shapes import Ended, OpenMode
from mft.vfs.workspace import Workspace
from tests.lifecycle.scenario.mailbox import Mailbox, write_templates
from tests.lifecycle.scenario.papers import Paper
from tests.support.clock import MovingClock

OPERATOR = Actor(Door.CLI, "olivia")
PUT = OpenMode(create=True, truncate=True)
KEYS = [asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode() for _ in range(4)]

P = ParamSpec("P")


def answered(act: Callable[P, object]) -> Callable[P, str]:
    """Let *act* answer done, or refused for every error that the product means."""

    @wraps(act)
    def told(*args: P.args, **kwargs: P.kwargs) -> str:
        try:
            act(*args, **kwargs)
        except MftError:
            return "refused"
        return "done"

    return told


def p(text: str) -> VirtualPath:
    return VirtualPath.parse(text)


@dataclass
class Server:
    """One open house and what people outside keep for themselves: secrets, keys, numbers of requests."""

    house: House
    clock: MovingClock
    runner: asyncio.Runner
    mailbox: Mailbox = field(default_factory=Mailbox)
    secrets: dict[str, str] = field(default_factory=dict)
    """Temporary passwords by the label the script gave them; what people chose is its own label."""
    prints: dict[str, str] = field(default_factory=dict)
    """Fingerprints of keys by their labels."""
    credentials: dict[str, CredentialId] = field(default_factory=dict)
    """The number of each credential by the label of its secret."""
    requests: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    """Accounts as they were when first asked about: who they are never changes."""
    workspaces: dict[str, Workspace] = field(default_factory=dict)

    def __post_init__(self) -> None:
        letters = self.house.settings.data.parent / "letters"
        writer = Writer(letters if letters.exists() else write_templates(letters), "mft@plan.example", {})
        self.post = Post(self.house.store, self.mailbox, writer, self.clock, timedelta(seconds=30))
        self.jobs = {job.name: job.run for job in chores(self.house)} | {"mail": self.post.deliver}

    def night(self, *names: str) -> None:
        """Do scheduled work, in this order."""
        for name in names:
            self.jobs[name]()

    def later(self, moment: datetime) -> None:
        """Let it be *moment*."""
        lapse = moment - self.clock.now()
        self.clock.advance(days=lapse.days, seconds=lapse.seconds, microseconds=lapse.microseconds)

    # Coming in

    def sign_on(self, name: str, proof: str, source: str) -> str:
        """Knock at the door with a password, or with a key if *proof* is one's label."""
        knock = Knock(name, IPv4Address(source), Door.SFTP, "test")
        if proof in self.prints:
            return self._told(self.runner.run(self.house.signon.by_key(knock, self.prints[proof])))
        return self._told(self.runner.run(self.house.signon.by_password(knock, self.secrets.get(proof, proof))))

    def replace(self, name: str, old: str, new: str, source: str) -> str:
        """Replace a temporary password, which also signs on."""
        knock = Knock(name, IPv4Address(source), Door.SFTP, "test")
        told = self._told(self.runner.run(self.house.signon.replace_password(knock, self.secrets.get(old, old), new)))
        if told == "in":
            self.note_credential(name, new)
        return told

    def would_enter(self, name: str, proof: str, source: str) -> str:
        """Return what ``sign_on`` would say, and change nothing: what a live session is asked each minute."""
        held = frozenset(filter(None, [self.credentials.get(proof)]))
        session = self._session(self._account(name), source, held)
        verdict = self.house.signon.recheck(session)
        if isinstance(verdict, MustReplace):
            return "replace"
        # It was never opened, which is the last thing that a re-check looks at.
        return "in" if verdict == Refuse(Reason.SESSION_ENDED) else "out"

    def note_credential(self, name: str, label: str) -> None:
        """Keep the number of the credential that *name* got last under *label*."""
        with self.house.store.read() as connection:
            account = accounts.by_name(connection, name)
            held = credentials.of_account(connection, account.id) if account else []
        self.credentials[label] = max(held, key=lambda each: (each.created_at, each.kind is not CredentialKind.KEY)).id

    @staticmethod
    def _told(outcome: Outcome | Unfit) -> str:
        if isinstance(outcome, Unfit):
            return f"unfit: {outcome.reason}"
        return (
            "in"
            if isinstance(outcome.verdict, Admit)
            else "replace"
            if isinstance(outcome.verdict, MustReplace)
            else "out"
        )

    # People

    def add_organization(self, name: str, kind: str, administrator: str, seats: int) -> str:
        self.house.organizations.add(OPERATOR, name, f"House of {name}", OrganizationKind(kind))
        self.house.organizations.set_administrator(OPERATOR, name, administrator)
        self.house.organizations.set_seats(OPERATOR, name, seats)
        return "done"

    @answered
    def reset(self, name: str, label: str) -> None:
        self.secrets[label] = self.house.credentials.issue_temporary(OPERATOR, name).secret
        self.note_credential(name, label)

    @answered
    def give_key(self, name: str, label: str) -> None:
        # A key opens the account that holds it and no other, whoever else holds the same.
        text = KEYS[len(self.prints) % len(KEYS)]
        key = self.house.credentials.add_key(OPERATOR, name, text)
        self.prints[label], self.credentials[label] = key.fingerprint, key.id

    @answered
    def disable(self, name: str) -> None:
        self.house.accounts.disable(OPERATOR, name)

    @answered
    def enable(self, name: str) -> None:
        self.house.accounts.enable(OPERATOR, name)

    # Requests and recertifications

    @answered
    def submit(self, paper: Paper) -> None:
        new = paper.kind == "add"
        form = RequestForm(
            kind=RequestKind(paper.kind),
            name=paper.name,
            organization=paper.house,
            person=paper.person,
            email=paper.email,
            phone=paper.phone,
            reason="care coordination",
            addresses=tuple(AskedAddress(text, until=until) for text, until in paper.addresses),
            agreement=self.house.requests.agreement().name if new else "",
            purpose=Purpose.UNATTENDED if paper.unattended else Purpose.PERSON,
            contact=paper.contact,
        )
        self.requests[paper.label] = self.house.requests.submit(OPERATOR, form, source="cli").id
        self.post.deliver()

    @answered
    def approve(self, label: str, temporary: str) -> None:
        done = self.house.requests.approve(OPERATOR, self._number(label))
        if done.password is not None:
            self.secrets[temporary] = done.password.secret
            self.note_credential(done.account.name, temporary)
        self.post.deliver()

    @answered
    def deny(self, label: str) -> None:
        self.house.requests.deny(OPERATOR, self._number(label), "not on the agency's list")
        self.post.deliver()

    @answered
    def withdraw(self, label: str) -> None:
        self.house.requests.withdraw(OPERATOR, self._number(label))

    def standing(self) -> list[tuple[str, str, bool]]:
        """Return each request's label, state and whether it is late, in the order of the list."""
        now = self.clock.now()
        labels = {number: label for label, number in self.requests.items()}
        return [(labels[one.id], state_of(one, now).value, overdue(one, now)) for one in self.house.requests.listing()]

    def _number(self, label: str) -> str:
        return self.requests.get(label, "req_never_taken")

    @answered
    def keep(self, name: str) -> None:
        self.house.reviews.keep(OPERATOR, self._house_of(name), name)

    @answered
    def let_go(self, name: str) -> None:
        self.house.reviews.remove(OPERATOR, self._house_of(name), name)

    def _house_of(self, name: str) -> str:
        account = self.house.accounts.get(name)
        return next(one.name for one in self.house.organizations.listing() if one.id == account.organization)

    def purged(self) -> set[str]:
        return {one.name for one in self.house.accounts.listing() if one.state is AccountState.PURGED}

    def newest_event(self) -> int:
        with self.house.store.read() as connection:
            return int(connection.execute(select(func.max(audit_event.c.number))).scalar_one())

    def bringers(self) -> list[str]:
        """Return the living accounts of partners, who alone bring files."""
        return [one.name for one in self.house.accounts.listing("clearing") if one.state is AccountState.ACTIVE]

    def release(self) -> tuple[set[str], set[str]]:
        """Confirm the plan of this moment; return the paths of its files and the names of its accounts."""
        plan = self.house.retention.plan()
        files = {str(each.path) for each in self.house.retention.files(plan)}
        assert self.house.retention.release(OPERATOR, plan.id)
        return files, {each.name for each in plan.accounts}

    def certificates(self) -> int:
        """Return how many files the trail certifies to be destroyed."""
        count = select(func.count()).where(audit_event.c.action == Action.FILE_DESTROYED.value)
        with self.house.store.read() as connection:
            return int(connection.execute(count).scalar_one())

    # Files; paths are the catalog's

    @answered
    def make_folder(self, path: str, kind: str) -> None:
        self.house.files.operator(OPERATOR).make_folder(p(path))
        self.set_kind(path, kind)

    @answered
    def set_kind(self, folder: str, kind: str) -> None:
        self.house.folders.set_retention(OPERATOR, p(folder), RetentionClass(kind))

    @answered
    def put(self, who: str, folder: str, name: str) -> None:
        workspace, path = self._at(who, f"{folder}/{name}")
        upload = workspace.open_upload(path, PUT)
        try:
            upload.write(0, name.encode())
        except MftError:
            upload.interrupt(Ended.FAILED)
            raise
        upload.finish()
        upload.publish()

    @answered
    def rename(self, who: str, folder: str, old: str, new: str) -> None:
        workspace, path = self._at(who, f"{folder}/{old}")
        workspace.rename(path, path.parent / new, replace=False)

    @answered
    def remove(self, who: str, path: str) -> None:
        workspace, place = self._at(who, path)
        workspace.remove(place)

    @answered
    def undelete(self, path: str) -> None:
        self.house.history.undelete(OPERATOR, p(path))

    @answered
    def take(self, who: str, path: str) -> None:
        workspace, place = self._at(who, path)
        download = workspace.open_download(place)
        download.read(0, download.size)
        download.close(Ended.CLOSED)

    @answered
    def hold(self, path: str, until: datetime | None) -> None:
        self.house.holds.put(OPERATOR, p(path), "matter 4711", until)

    @answered
    def lift(self, path: str) -> None:
        self.house.holds.lift(OPERATOR, p(path))

    def seen_by(self, who: str, folder: str) -> set[str]:
        """Return the names of files that *who*, or the operator, is shown in *folder*; a word if it is not there."""
        workspace, place = self._at(who, folder)
        try:
            listing = workspace.listing(place)
        except NotFound:
            return {"no such folder"}
        found: set[str] = set()
        while page := listing.next(500):
            found |= {listed.name for listed in page if listed.kind is EntryKind.FILE}
        return found

    def _at(self, who: str, path: str) -> tuple[Workspace, VirtualPath]:
        """Return the workspace of *who* and *path* as it is called there."""
        if who == OPERATOR.name:
            return self.house.files.operator(OPERATOR), p(path)
        if who not in self.workspaces:
            account = self._account(who)
            house = next(one for one in self.house.organizations.listing() if one.id == account.organization)
            self.workspaces[who] = self.house.files.workspace(self._session(account), account, house)
        own = path.removeprefix("/Partners/clearing") if path.startswith("/Partners/") else path
        return self.workspaces[who], p(own)

    def _account(self, name: str) -> Account:
        if name not in self.accounts:
            self.accounts[name] = self.house.accounts.get(name)
        return self.accounts[name]

    def _session(
        self, account: Account, source: str = "8.8.8.8", held: frozenset[CredentialId] = frozenset()
    ) -> Session:
        now = self.clock.now()
        return Session(
            SessionId(new_id("ses")),
            account.id,
            account.name,
            Door.SFTP,
            IPv4Address(source),
            held,
            "test",
            "main",
            now,
            now,
            None,
        )
