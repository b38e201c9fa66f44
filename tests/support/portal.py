"""The portal in this process: a real house behind it, a clock that tests move, and a caller that keeps its cookie."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import httpx2
import pyotp
from starlette.types import ASGIApp

from mft.accounts.allowlists import NewAddress
from mft.accounts.provisioning import NewAccount
from mft.app.build import House, open_house
from mft.app.portal import portal_parts
from mft.directory import trial
from mft.model.account import OrganizationKind
from mft.web.portal.app import portal
from mft.web.portal.parts import PortalParts
from mft.web.portal.routes import TABLE
from tests.support.clock import MovingClock
from tests.support.installed import OPERATOR, QUICK, installed

URL = "https://127.0.0.1:8443"
PASSWORD = "correct horse battery staple 9"
NEW = "a longer road to the sea in winter"
DIRECTORY = "What the directory knows, 7"
_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]*)"')
_SECRET = re.compile(r'this key into the app: <span class="mft-code">([A-Z2-7 ]+)</span>')
_CODES = re.compile(r'<li class="mft-code">([^<]+)</li>')
_REFERENCE = re.compile(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b")


@dataclass
class PortalHouse:
    """The open house, and the portal over it."""

    house: House
    clock: MovingClock
    app: ASGIApp
    parts: PortalParts

    def caller(self, source: str = "127.0.0.1") -> "Caller":
        """Return a browser at *source* without a cookie."""
        transport = httpx2.ASGITransport(self.app, client=(source, 50000))
        return Caller(httpx2.AsyncClient(transport=transport, base_url=URL), self.clock)

    def add(self, name: str, org: str = "northwind", *, temporary: bool = False) -> str:
        """Add an account that may sign on from this machine and return its password."""
        wanted = NewAccount(name, org, f"{name}@example.org", (NewAddress("127.0.0.1"),))
        self.house.accounts.add(OPERATOR, wanted)
        if temporary:
            return self.house.credentials.issue_temporary(OPERATOR, name).secret
        self.house.credentials.set_password(OPERATOR, name, PASSWORD)
        return PASSWORD

    def partner(self, name: str, user: str) -> str:
        """Add somebody of a trading partner whom the directory knows as *user*; return the directory's password."""
        self.add(name, "clearing")
        self.house.external_ids.set(OPERATOR, name, user)
        trial.add(self.people, self.house.passwords, user, DIRECTORY)
        return DIRECTORY

    @property
    def people(self) -> Path:
        """The file of the trial directory."""
        file = self.house.settings.directory.trial_file
        assert file is not None
        return file


class Caller:
    """A browser without scripts: keeps its cookie, and sends the token of the form it was shown last."""

    def __init__(self, client: httpx2.AsyncClient, clock: MovingClock) -> None:
        self.client = client
        self.clock = clock
        self.token = ""
        self.totp: pyotp.TOTP | None = None
        self.codes: list[str] = []

    @property
    def cookie(self) -> str | None:
        return self.client.cookies.get("__Host-mft")

    async def get(self, path: str) -> httpx2.Response:
        return self._read(await self.client.get(path))

    async def send(self, path: str, **fields: str) -> httpx2.Response:
        """Send a form with the token that was shown last; one of its own wins."""
        return self._read(await self.client.post(path, data={"form_token": self.token, **fields}))

    async def follow(self, answer: httpx2.Response) -> httpx2.Response:
        """Go where *answer* leads."""
        assert answer.status_code == 303, answer.text
        return await self.get(answer.headers["location"])

    def code(self) -> str:
        """Return what the authenticator shows now."""
        assert self.totp is not None
        return self.totp.at(self.clock.now())

    async def prove_password(self, name: str, password: str = PASSWORD) -> httpx2.Response:
        """Go through the first step of the sign-in."""
        await self.get("/signin")
        return await self.follow(await self.send("/signin", name=name, password=password))

    async def enrol(self) -> httpx2.Response:
        """Set up the authenticator, from the page that explains it."""
        await self.send("/signin/enrol")
        return await self.send("/signin/enrol/code", code=self.code())

    async def sign_in(self, name: str, password: str = PASSWORD) -> httpx2.Response:
        """Sign in by whatever is asked."""
        page = await self.prove_password(name, password)
        if page.url.path == "/signin/enrol":
            await self.enrol()
            return await self.get("/")
        self.clock.advance(seconds=30)  # A code is good once.
        return await self.follow(await self.send("/signin/code", code=self.code()))

    def _read(self, answer: httpx2.Response) -> httpx2.Response:
        if found := _TOKEN.findall(answer.text):
            self.token = found[-1]
        if shown := _SECRET.search(answer.text):
            self.totp = pyotp.TOTP(shown[1].replace(" ", ""))
        self.codes = [unescape(code) for code in _CODES.findall(answer.text)] or self.codes
        return answer


def blanked(page: str) -> str:
    """Return *page* without what differs between two refusals: the form token and the reference."""
    return _REFERENCE.sub("", _TOKEN.sub("", page))


async def _at_once(_seconds: float) -> None:
    pass


@contextmanager
def portal_house(folder: Path, **environ: str) -> Iterator[PortalHouse]:
    """Give a house with a delegate and a trading partner, and the portal over it."""
    clock = MovingClock()
    settings = installed(folder).loaded(**QUICK, **environ).settings
    with open_house(settings, clock) as house:
        house.organizations.add(OPERATOR, "northwind", "Northwind Clinic", OrganizationKind.DELEGATE)
        house.organizations.add(OPERATOR, "clearing", "Clearing House", OrganizationKind.PARTNER)
        # Time stands still here; a pause after failures would be waited for all the same.
        vars(house.signon)["_pause"] = _at_once
        parts = portal_parts(house, URL)
        yield PortalHouse(house, clock, portal(parts, TABLE), parts)
