"""The portal's sign-in on a gate: the same real parts, and a browser that keeps a cookie and an authenticator."""

from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import TypeVar

import pyotp

from mft.accounts.factors import Factors, NewFactor
from mft.accounts.mail_links import MailLinks
from mft.accounts.own_secrets import OwnSecrets
from mft.accounts.portal_answers import Enrolled, NeedsCode, NeedsEnrolment, SignedIn
from mft.accounts.portal_signon import PortalSignOn
from mft.accounts.visits import Visits
from mft.crypto.master import MasterKey
from mft.model.letter import Letter
from mft.model.portal import Visit
from mft.policy.portal import LinkTerms, VisitTerms
from mft.store import organizations, outbox
from tests.support.gate import HOME, SECRET, Gate

URL = "https://files.example.org"

T = TypeVar("T")


@dataclass
class Lobby:
    """Everything a test of the portal's sign-in touches."""

    gate: Gate
    visits: Visits
    factors: Factors
    signon: PortalSignOn
    own: OwnSecrets
    links: MailLinks

    def browser(self, source: IPv4Address = HOME) -> "Browser":
        """Return a browser that has just been shown the first form."""
        token, _ = self.visits.begin(source)
        return Browser(self, token, source)

    async def newcomer(self, name: str = "alice", **changes: object) -> "Browser":
        """Add an account and return the browser in which its owner set up an authenticator and is in."""
        if "password" not in changes or changes["password"]:
            self.gate.account(name, **changes)
        browser = self.browser()
        assert isinstance(await browser.password(name), NeedsEnrolment)
        await browser.enrol()
        # What was used to enrol is used up: the next code is of the next half minute.
        self.gate.clock.advance(seconds=30)
        return browser

    def any_address(self, *, allowed: bool = True) -> None:
        house = self.gate.organization()
        with self.gate.store.write() as connection:
            organizations.set_portal_any_address(connection, house.id, allowed=allowed)

    def letters(self, template: str | None = None) -> list[Letter]:
        """Return the letters that wait, oldest first."""
        ahead = self.gate.clock.now() + timedelta(hours=1)
        with self.gate.store.read() as connection:
            waiting = [one.letter for one in outbox.due(connection, ahead, 1000)]
        return [one for one in waiting if template in (None, one.template)]

    def link(self, template: str = "password-link") -> str:
        """Return the token of the youngest link that went out."""
        return str(self.letters(template)[-1].fields["link"]).rpartition("/")[2]


@dataclass
class Browser:
    """A cookie, an address, and the authenticator of whoever sits before it."""

    lobby: Lobby
    cookie: str = field(repr=False)
    source: IPv4Address = HOME
    secret: str = field(default="", repr=False)
    codes: tuple[str, ...] = ()

    async def visit(self) -> Visit | None:
        """Ask for a page."""
        return await self.lobby.visits.find(self.cookie, self.source)

    async def here(self) -> Visit:
        visit = await self.visit()
        assert visit is not None
        return visit

    def keep(self, answer: T) -> T:
        """Keep the fresh cookie, as every page does."""
        self.cookie = getattr(answer, "token", self.cookie)
        return answer

    async def password(self, name: str = "alice", secret: str = SECRET):
        return self.keep(await self.lobby.signon.password(await self.here(), name, secret, self.source, "Firefox"))

    async def code(self, code: str | None = None):
        typed = self.now_shown() if code is None else code
        return self.keep(await self.lobby.signon.code(await self.here(), typed, self.source, "Firefox"))

    async def replace(self, new: str):
        return self.keep(await self.lobby.signon.replace(await self.here(), new, self.source, "Firefox"))

    async def enrol(self) -> Enrolled:
        """Set up the authenticator, and be in."""
        begun = await self.lobby.signon.enrol(await self.here(), self.source)
        assert isinstance(begun, NewFactor)
        self.secret = begun.secret
        done = self.keep(await self.lobby.signon.confirm(await self.here(), self.now_shown(), self.source))
        assert isinstance(done, Enrolled)
        self.codes = done.codes
        return done

    async def sign_in(self, name: str = "alice", secret: str = SECRET) -> SignedIn:
        assert isinstance(await self.password(name, secret), NeedsCode)
        done = await self.code()
        assert isinstance(done, SignedIn)
        return done

    def now_shown(self, **later: float) -> str:
        """Return what the authenticator shows now, or *later*."""
        return pyotp.TOTP(self.secret).at(self.lobby.gate.clock.now() + timedelta(**later))

    def another(self, source: IPv4Address | None = None) -> "Browser":
        """Return another browser of the same person."""
        other = self.lobby.browser(source or self.source)
        other.secret, other.codes = self.secret, self.codes
        return other


def build_lobby(gate: Gate, folder: Path, terms: VisitTerms | None = None) -> Lobby:
    key = folder / "master.key"
    master = MasterKey.load(key) if key.exists() else MasterKey.create(key)
    parts = (gate.store, gate.trail, gate.clock)
    visits = Visits(*parts, terms or VisitTerms(), gate.signon, gate.offload)
    factors = Factors(*parts, master, "Example Health Plan")
    return Lobby(
        gate,
        visits,
        factors,
        PortalSignOn(gate.store, gate.signon, visits, factors, gate.offload),
        OwnSecrets(gate.store, gate.signon, visits, factors, gate.offload),
        MailLinks(*parts, LinkTerms(), gate.signon, visits, factors, gate.offload),
    )
