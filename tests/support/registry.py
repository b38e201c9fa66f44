"""SFTP Account Setup/Update on a lobby: the same real parts, and a directory that is asked, counted, and goes down."""

import asyncio
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from mft.accounts.agreements import Agreements
from mft.accounts.external_ids import ExternalIds
from mft.accounts.knock import Outcome
from mft.accounts.setting_up import SettingUp
from mft.accounts.setups import Setups
from mft.accounts.signon import SignOn
from mft.accounts.standings import Standings
from mft.app.shipped import shipped
from mft.crypto.passwords import Passwords
from mft.directory import trial
from mft.directory.port import Directory
from mft.model.account import Account, CredentialKind, OrganizationKind
from mft.model.directory import Person, Setup, Standing, Wrong
from mft.model.errors import Unavailable
from mft.policy.setup import SetupTerms
from mft.policy.signon import Terms
from mft.store import credentials, setups
from tests.support.gate import HOME, OLGA, Gate
from tests.support.lobby import Browser, Lobby, build_lobby

NCID = "alice-ncid"
SYNCED = "Sommer·Regen 7 Mühlen"
CHANGED = "winter snow 8 barns"
TEXT = "sftp-setup-1"
QUICK = Passwords(memory_kib=8, passes=1)


@dataclass
class Asked:
    """A real directory, what it was asked, and whether the line to it is cut."""

    real: Directory
    down: bool = False
    verified: list[str] = field(default_factory=list)
    looked_at: list[str] = field(default_factory=list)
    mute: set[str] = field(default_factory=set)
    """About whom there is never an answer."""
    meanwhile: Any = None
    """Called once, while a question is under way."""

    async def verify(self, user: str, password: str) -> Person | Wrong:
        self.verified.append(user)
        said = await self._through(self.real.verify(user, password))
        assert isinstance(said, Person | Wrong)
        return said

    async def standing(self, user: str) -> Standing:
        self.looked_at.append(user)
        if user in self.mute:
            raise Unavailable(f"more than one person is called {user}")
        said = await self._through(self.real.standing(user))
        assert isinstance(said, Standing)
        return said

    async def _through(self, question: Any) -> object:
        # Others get their turn, as while a server is waited for.
        await asyncio.sleep(0)
        if self.down:
            question.close()
            raise Unavailable("the line is cut")
        said = await question
        if self.meanwhile is not None:
            act, self.meanwhile = self.meanwhile, None
            act()
        return said


@dataclass
class Registry:
    """Everything a test of the setup touches."""

    lobby: Lobby
    directory: Asked
    setups: Setups
    standings: Standings
    texts: Path
    people: Path
    """The file of the trial directory."""

    def add(self, user: str, password: str) -> None:
        trial.add(self.people, QUICK, user, password)

    def change(self, password: str = CHANGED, user: str = NCID) -> None:
        """Change a password in the directory."""
        trial.set_password(self.people, QUICK, user, password)

    def disable(self, user: str = NCID) -> None:
        trial.disable(self.people, user)

    @property
    def gate(self) -> Gate:
        return self.lobby.gate

    def partner(self, name: str = "alice", external_id: str = NCID, **changes: Any) -> Account:
        """Add somebody of a trading partner who lives in the directory."""
        kind = changes.pop("kind", OrganizationKind.PARTNER)
        house = self.gate.organization(kind.value, kind)
        account = self.gate.account(name, organization=house.id, **changes)
        if external_id:
            self.be(name, external_id)
        return account

    def be(self, name: str, external_id: str) -> None:
        ExternalIds(self.gate.store, self.gate.trail, self.gate.clock).set(OLGA, name, external_id)

    async def signed_in(self, name: str = "alice", external_id: str = NCID, **changes: Any) -> Browser:
        """Add somebody of a trading partner, and return the browser in which they are in."""
        self.partner(name, external_id, **changes)
        return await self.lobby.newcomer(name, password=None)

    async def perform(self, browser: Browser, user: str = NCID, password: str = SYNCED, **changes: Any):
        given = {"agreed": True, "text_version": TEXT, **changes}
        source = given.pop("source", browser.source)
        return await self.setups.perform(await browser.here(), source, user, password, **given)

    async def enter(self, secret: str = SYNCED, name: str = "alice", source: IPv4Address = HOME) -> Outcome:
        return await self.gate.enter(name, secret, source)

    def setup(self, name: str = "alice") -> Setup | None:
        return self.gate.current(name).setup

    def put(self, name: str = "alice", **changes: Any) -> None:
        """Let the setup be otherwise."""
        account = self.gate.current(name)
        assert account.setup is not None
        with self.gate.store.write() as connection:
            setups.put(connection, account.id, replace(account.setup, **changes))

    def synced(self, name: str = "alice") -> list[str]:
        """Return the verifiers of the directory's password."""
        account = self.gate.current(name)
        with self.gate.store.read() as connection:
            held = credentials.of_account(connection, account.id)
        return [one.verifier for one in held if one.kind is CredentialKind.DIRECTORY]


def build_registry(
    gate: Gate,
    folder: Path,
    directory: Directory | None,
    terms: SetupTerms | None = None,
    texts: Path | None = None,
) -> Registry:
    """Return a registry over *gate*, which takes part in it from now on."""
    asked = Asked(directory) if directory else None
    gate.terms = Terms(directory=directory is not None, setup=terms or SetupTerms())
    standings = Standings(gate.store, gate.trail, gate.clock, gate.terms.setup, asked, gate.offload)

    async def pause(seconds: float) -> None:
        gate.pauses.append(seconds)

    parts = (gate.store, gate.trail, gate.passwords, gate.clock, gate.terms)
    gate.signon = SignOn(*parts, gate.offload, "node-1", standings=standings, pause=pause)  # type: ignore[arg-type]
    lobby = build_lobby(gate, folder)
    where = texts or shipped("attestations")
    agreements = Agreements(where, gate.terms.setup.text)
    setting_up = SettingUp(*parts, lobby.visits, gate.offload, texts=agreements, directory=asked)  # type: ignore[arg-type]
    room = Setups(gate.store, gate.clock, gate.terms, agreements, standings, setting_up, gate.offload)
    return Registry(lobby, asked, room, standings, where, folder / "people.json")  # type: ignore[arg-type]
