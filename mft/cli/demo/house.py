"""Sets the example house up: a payer, two delegates, a trading partner, their people and their files.

Everything goes through the rooms that serve operators, so that the trail tells how it came about.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Final

from mft.accounts.allowlists import NewAddress
from mft.accounts.explain import explain
from mft.accounts.knock import Knock
from mft.accounts.provisioning import NewAccount
from mft.accounts.records import known_account
from mft.accounts.sessions import Leaving
from mft.app.build import House, open_house
from mft.app.install import CONFIG, Wanted, install
from mft.audit.verify import Report, verify_store
from mft.cli.demo import contents
from mft.cli.demo.authenticator import Authenticator
from mft.clock import SystemClock
from mft.crypto.hostkeys import HostKey, make_host_key
from mft.crypto.passwords import new_temporary_password
from mft.directory import trial
from mft.model.account import Organization, OrganizationKind, Purpose
from mft.model.directory import SetupState
from mft.model.errors import Conflict, NotFound, Unavailable
from mft.model.event import Action, Event
from mft.model.path import VirtualPath
from mft.model.rights import ALL
from mft.model.session import Actor, Door
from mft.settings.load import Key, load
from mft.vfs.shapes import Listed, OpenMode

NORTHWIND: Final = "northwind"
LAKESIDE: Final = "lakeside"
CLEARING: Final = "clearing"

DELEGATE: Final = "dana"  # Has a temporary password.
PARTNER: Final = "clearing-batch"  # Has an SSH key.
ELSEWHERE: Final = "erin"  # Her list does not admit this machine.
NEARLY_PURGED: Final = "otto"  # Last signed on 115 days ago.
SUBMITTER: Final = "pat"  # Signs in to the portal with a second factor, and sets SFTP up there.
USER_ID: Final = "pmorgan"  # What the directory calls pat.

FURTHER: Final[Mapping[Key, Any]] = {
    ("payer",): "Example Health",
    ("directory", "information"): "https://example.org/trading-partners",
    ("directory", "identity_links"): {
        "External Users (Provider)": "https://example.org/ncid",
        "State and Local Government employees (State or Fiscal Agent)": "https://example.org/ncid/government",
    },
}
"""Settings that the portal's pages show."""

ORGANIZATIONS: Final = (
    ("examplehealth", "Example Health", OrganizationKind.PAYER),
    (NORTHWIND, "Northwind Clinic", OrganizationKind.DELEGATE),
    (LAKESIDE, "Lakeside Care", OrganizationKind.DELEGATE),
    (CLEARING, "Clearing House", OrganizationKind.PARTNER),
)


@dataclass(frozen=True, slots=True)
class Person:
    """An account of the example: a person or an unattended job."""

    organization: str
    addresses: str
    purpose: Purpose = Purpose.PERSON
    has_key: bool = False
    user_id: str = ""
    """In the directory; empty: they live in no directory."""


PEOPLE: Final = {
    NEARLY_PURGED: Person(LAKESIDE, "127.0.0.1", has_key=True),
    DELEGATE: Person(NORTHWIND, "127.0.0.1"),
    ELSEWHERE: Person(LAKESIDE, "8.8.8.0/24"),
    PARTNER: Person(CLEARING, "127.0.0.1", Purpose.UNATTENDED, has_key=True),
    SUBMITTER: Person(CLEARING, "127.0.0.1", user_id=USER_ID),
}
WITH_TEMPORARY: Final = (DELEGATE, ELSEWHERE)
ABSENT: Final = timedelta(days=115)
A_MOMENT: Final = timedelta(minutes=2)
"""Since the authenticator was set up: that used a code up, and the one of now has to be another."""
OPERATOR: Final = Actor(Door.CLI, "operator")
KEYS: Final = "ssh-keys"
"""The folder of the example accounts' private keys."""
AUTHENTICATOR: Final = "authenticator.txt"
"""The file of the trial person's authenticator."""
MARK: Final = ".demo-2-is-complete"
"""Written last: a folder without it was left half made, or made by a version that had no portal to show."""


class Standing:
    """A clock that stands *lapse* in the past, for what must have happened then."""

    def __init__(self, lapse: timedelta) -> None:
        """Keep the lapse."""
        self._lapse = lapse

    def now(self) -> datetime:
        """Return the moment, aware and in UTC."""
        return SystemClock().now() - self._lapse

    def elapsed(self) -> timedelta:
        """Return how long something has run that nobody can set."""
        return SystemClock().elapsed()


@dataclass(frozen=True, slots=True)
class Stage:
    """The example house's folder, and what an operator does in it."""

    folder: Path

    @property
    def config(self) -> Path:
        """The server's configuration file."""
        return self.folder / CONFIG

    @property
    def complete(self) -> bool:
        """Whether the house was set up to the end."""
        return (self.folder / MARK).exists()

    def key_of(self, name: str) -> Path:
        """Return where the private key of the account *name* is."""
        return self.folder / KEYS / name

    @property
    def authenticator(self) -> Authenticator:
        """What shows the codes that the trial person signs in with."""
        return Authenticator(self.folder / AUTHENTICATOR)

    @contextmanager
    def opened(self, lapse: timedelta = timedelta(0)) -> Iterator["Acts"]:
        """Open the house and give what an operator does in it, *lapse* ago."""
        with open_house(load(self.config, {}).settings, Standing(lapse)) as house:
            yield Acts(house)


@dataclass(frozen=True, slots=True)
class Acts:
    """What the demonstration's operator does in the opened house."""

    house: House

    def put(self, path: VirtualPath, content: bytes) -> None:
        """Put a file, making the folder it goes into where that is not there."""
        tree = self.house.files.operator(OPERATOR)
        with suppress(Conflict):
            tree.make_folder(path.parent)
        upload = tree.open_upload(path, OpenMode(create=True, truncate=True))
        upload.write(0, content)
        upload.finish()
        upload.publish()

    def stat(self, path: VirtualPath) -> Listed:
        """Return what an operator sees at *path*."""
        return self.house.files.operator(OPERATOR).stat(path)

    def issue(self, name: str) -> str:
        """Give the account *name* a fresh temporary password and return it."""
        return self.house.credentials.issue_temporary(OPERATOR, name).secret

    def give_password(self, name: str) -> str:
        """Give the account *name* a password of its own, of 100 random bits, and return it."""
        made = new_temporary_password()
        self.house.credentials.set_password(OPERATOR, name, made)
        return made

    def give_directory_password(self) -> str:
        """Give the trial person another password in the directory, as if they had changed it there; return it."""
        made, file = new_temporary_password(), self._people
        known = USER_ID in {one.user for one in trial.listing(file)}
        (trial.set_password if known else trial.add)(file, self.house.passwords, USER_ID, made)
        action = Action.PERSON_CHANGED if known else Action.PERSON_ADDED
        with self.house.store.write() as connection:
            event = Event(action, OPERATOR, USER_ID, {"directory": "trial"})
            self.house.trail.record(connection, event, self.house.clock.now())
        return made

    def looked_at(self) -> SetupState:
        """Ask the directory about the trial person now, as the server does by itself every quarter of an hour."""
        return asyncio.run(self.house.setups.resync(OPERATOR, SUBMITTER))

    def give_authenticator(self, authenticator: Authenticator) -> None:
        """Set up the trial person's authenticator, as they would in the portal."""
        factors = self.house.factors
        with self.house.store.write() as connection:
            account = known_account(connection, SUBMITTER)
            authenticator.keep(factors.enrol(connection, account).uri)
            code = authenticator.code(self.house.clock.now())
            if factors.confirm(connection, OPERATOR, account, code) is None:
                raise Unavailable("the trial authenticator's own code was not taken")

    def take_authenticator(self) -> None:
        """Take the trial person's authenticator away, if there is one: the portal asks for another."""
        with suppress(NotFound):
            self.house.factors.remove(OPERATOR, SUBMITTER, "the demonstration sets another up")

    def reason(self, code: str) -> str:
        """Return why the sign-on with the reference *code* was refused."""
        return explain(self.house.store, code).reason

    def verified(self) -> Report:
        """Return what verifying the audit trail finds."""
        return verify_store(self.house.store, self.house.signer.public_bytes)

    def welcome(self, stage: Stage, name: str) -> HostKey | None:
        """Add the account *name* of the table, with a key where it has one and all rights on its folders."""
        person = PEOPLE[name]
        key = _new_key(stage.key_of(name)) if person.has_key else None
        wanted = NewAccount(
            name=name,
            organization=person.organization,
            email=f"{name}@example.org",
            allow=(NewAddress(person.addresses, "demonstration"),),
            keys=(key.line,) if key else (),
            purpose=person.purpose,
            external_id=person.user_id,
        )
        account = self.house.accounts.add(OPERATOR, wanted)
        organization = self.house.organizations.get(person.organization)
        for folder in _homes(organization):
            self.house.grants.give(OPERATOR, folder, account, ALL)
        return key

    @property
    def _people(self) -> Path:
        file = self.house.settings.directory.trial_file
        if file is None:
            raise Unavailable("the example house has no trial directory; make it anew with another --dir")
        return file

    async def sign_on_and_leave(self, name: str, fingerprint: str) -> None:
        """Let *name* sign on with a key and leave, as a door would."""
        knock = Knock(name, IPv4Address("127.0.0.1"), Door.SFTP, "example")
        outcome = await self.house.signon.by_key(knock, fingerprint)
        if outcome.session is None:
            raise Unavailable(f"{name} was not admitted: {outcome.verdict}")
        self.house.signon.close(outcome.session, Leaving.CLIENT_LEFT, {})


@dataclass(frozen=True, slots=True)
class Secrets:
    """What is shown once and kept nowhere."""

    passwords: Mapping[str, str] = field(default_factory=dict, repr=False)
    """By account: a temporary password, or the trial person's own, for the portal."""
    directory: str = field(default="", repr=False)
    """The trial person's password in the directory."""


def set_up(folder: Path, port: int, portal_port: int) -> tuple[Stage, Secrets]:
    """Make the example house in *folder*; return it and its secrets.

    Raises Conflict when something else is there.
    """
    wanted = Wanted(folder, trial=True, sftp_port=port, portal_port=portal_port, further=FURTHER)
    install(wanted, OPERATOR, Standing(ABSENT))
    stage = Stage(folder.absolute())
    (stage.folder / KEYS).mkdir(mode=0o700)
    with stage.opened(ABSENT) as acts:
        for name, title, kind in ORGANIZATIONS:
            acts.house.organizations.add(OPERATOR, name, title, kind)
        key = acts.welcome(stage, NEARLY_PURGED)
        if key is not None:
            asyncio.run(acts.sign_on_and_leave(NEARLY_PURGED, key.fingerprint))
    with stage.opened(A_MOMENT) as acts:
        acts.welcome(stage, SUBMITTER)
        acts.give_authenticator(stage.authenticator)
    with stage.opened() as acts:
        secrets = _populate(stage, acts)
    (stage.folder / MARK).touch()
    return stage, secrets


def _populate(stage: Stage, acts: Acts) -> Secrets:
    for name in PEOPLE:
        if name not in (NEARLY_PURGED, SUBMITTER):
            acts.welcome(stage, name)
    today = acts.house.clock.now().date()
    for organization in (NORTHWIND, LAKESIDE):
        home = VirtualPath(("Distribution", organization))
        for report in contents.reports(organization, today):
            acts.put(home.joined(VirtualPath.parse(report.name)), report.content)
    outbound = VirtualPath(("Partners", CLEARING, "Outbound"))
    acts.put(outbound / f"sample-837P-{today:%Y%m%d}.x12", contents.claims(NORTHWIND, today))
    passwords = {name: acts.issue(name) for name in WITH_TEMPORARY}
    return Secrets(passwords | {SUBMITTER: acts.give_password(SUBMITTER)}, acts.give_directory_password())


def _homes(organization: Organization) -> tuple[VirtualPath, ...]:
    home = organization.home
    return (home / "Inbound", home / "Outbound") if organization.kind is OrganizationKind.PARTNER else (home,)


def _new_key(path: Path) -> HostKey:
    """Make an ed25519 key pair: the private half at *path*, 0600, the public half beside it."""
    made = make_host_key(path.parent / f".{path.name}")
    made.path.rename(path)
    made.path.parent.rmdir()
    path.with_name(f"{path.name}.pub").write_text(f"{made.line} {path.name}\n", "utf-8")
    return made
