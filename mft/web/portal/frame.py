"""The frame around every page: who is asking, what the menu holds, what stands above the text.

A page is a function from a ``Visitor`` to a ``Response``; it asks rooms and decides nothing.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from typing import Any, Final

from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from mft.accounts.insiders import Insider
from mft.model.errors import Forbidden, Invalid
from mft.model.portal import Stage, Visit
from mft.model.session import Actor, Door
from mft.policy.portal import ends_at
from mft.web.portal.cookies import give, take_away
from mft.web.portal.forms import Fields, StaleForm, read_form, token_for
from mft.web.portal.parts import PortalParts
from mft.web.portal.rendering import page
from mft.web.portal.source import Seen


@dataclass(frozen=True, slots=True)
class Crumb:
    """One step of the way to a page."""

    title: str
    path: str


@dataclass(frozen=True, slots=True)
class MenuItem:
    """One entry of the left navigation; one without a path is a heading."""

    title: str
    path: str = ""
    current: bool = False
    below: tuple["MenuItem", ...] = ()


@dataclass(frozen=True, slots=True)
class Banner:
    """Something said above the text: ``error``, ``warning``, ``success`` or ``info``."""

    kind: str
    text: str
    title: str = ""
    link: str = ""
    link_text: str = ""


HOME: Final = Crumb("Home", "/")
SIGN_IN: Final = "/signin"


@dataclass(frozen=True, slots=True)
class Visitor:
    """One request: from where, in which visit, and the frame it is answered in."""

    request: Request
    parts: PortalParts
    templates: Environment
    title: str
    """Of the page; the route's."""
    place: str
    """The page's path as the routes' table has it: what a log may hold, even when a link's token is part of it."""
    seen: Seen
    cookie: str | None = None
    """The visit's token; None while there is no visit."""
    visit: Visit | None = None
    insider: Insider | None = None
    """Who is signed in."""
    trail: tuple[Crumb, ...] = ()
    menu: tuple[MenuItem, ...] = ()
    footer: tuple[Crumb, ...] = ()
    banners: tuple[Banner, ...] = ()
    fresh: bool = False
    """Whether the browser does not have *cookie* yet."""

    @property
    def source(self) -> IPv4Address:
        """Where the browser comes from, as allowlists and the trail speak of it.  Raises Invalid."""
        if not isinstance(self.seen, IPv4Address):
            raise Invalid("the browser's address is not IPv4, or cannot be known")
        return self.seen

    @property
    def client(self) -> str:
        """What the browser calls itself."""
        return self.request.headers.get("user-agent", "")

    @property
    def inside(self) -> Insider:
        """Who is signed in.  Raises Forbidden when nobody is; the routes let nobody else come so far."""
        if self.insider is None:
            raise Forbidden("nobody is signed in")
        return self.insider

    @property
    def actor(self) -> Actor:
        """Who does what this page does, for the trail.  Raises Forbidden when nobody is signed in."""
        account = self.inside.account
        session = self.visit.session if self.visit else None
        return Actor(Door.PORTAL, account.name, account.id, session, self.source)

    @property
    def standing(self) -> Visit:
        """The visit.  Raises StaleForm when there is none: a form was sent without its cookie, or too late."""
        if self.visit is None:
            raise StaleForm("there is no visit")
        return self.visit

    async def begun(self) -> "Visitor":
        """Return the same visitor in a visit that begins now."""
        token, visit = await self.parts.offload.write(self.parts.visits.begin, self.source)
        return replace(self, cookie=token, visit=visit, insider=None, fresh=True)

    def with_token(self, token: str) -> "Visitor":
        """Return the same visitor a step further: the browser is given *token*, and forms are bound to it."""
        return replace(self, cookie=token, fresh=True)

    async def recognized(self) -> "Visitor":
        """Return the same visitor with what the cookie leads to; without a cookie if it leads nowhere."""
        visit = None
        if self.cookie is not None and isinstance(self.seen, IPv4Address):
            visit = await self.parts.visits.find(self.cookie, self.seen)
        insider = None
        if visit is not None and visit.account is not None and visit.stage is Stage.SIGNED_IN:
            insider = await self.parts.offload.read(self.parts.insiders.behind, visit.account)
        return replace(self, cookie=self.cookie if visit else None, visit=visit, insider=insider)

    async def form(self) -> Fields:
        """Return the fields that the form brought.  Raises Unreadable, StaleForm."""
        return await read_form(self.request, self.cookie)

    def show(
        self,
        template: str,
        *,
        status: int = 200,
        banners: Sequence[Banner] = (),
        **words: Any,
    ) -> Response:
        """Return the page that *template* makes of *words*."""
        frame = {
            "title": self.title,
            "payer": self.parts.payer,
            "support": self.parts.support,
            "url": self.parts.url,
            "footer": self.footer,
            "provider": self.parts.provider.name if self.parts.provider else "",
            "who": self.insider,
            "seconds_left": self._seconds_left(),
            "menu": self.menu,
            "trail": self.trail,
            "banners": (*self.banners, *banners),
            "form_token": token_for(self.cookie) if self.cookie else "",
        }
        return self._answer(HTMLResponse(page(self.templates, template, frame | words), status))

    def go(self, path: str) -> Response:
        """Send the browser to *path*, by GET: one of ours, or the provider's."""
        return self._answer(RedirectResponse(path, 303))

    def leave(self, path: str) -> Response:
        """Send the browser to *path* and let it forget the visit, which has ended."""
        return take_away(RedirectResponse(path, 303))

    def _answer(self, response: Response) -> Response:
        return give(response, self.cookie) if self.fresh and self.cookie else response

    def _seconds_left(self) -> int:
        """Return how long the visit lasts if nothing more is asked."""
        if self.visit is None or self.visit.stage is not Stage.SIGNED_IN:
            return 0
        left = ends_at(self.visit, self.parts.terms) - self.parts.clock.now()
        return max(0, int(left.total_seconds()))


Endpoint = Callable[[Visitor], Awaitable[Response]]
