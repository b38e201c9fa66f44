"""The frame around every page: who is asking, what the menu holds, what stands above the text.

A page is a function from a ``Visitor`` to a ``Response``; it asks rooms and decides nothing.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any, Final

from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from mft.web.portal.forms import Fields, read_form, token_for
from mft.web.portal.rendering import page

COOKIE: Final = "__Host-mft"


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


@dataclass(frozen=True, slots=True)
class Site:
    """What every page says of the server."""

    url: str
    payer: str
    support: str
    footer: tuple[Crumb, ...] = ()


@dataclass(frozen=True, slots=True)
class Who:
    """Whose page it is."""

    name: str
    seconds_left: int
    """Until the visit ends if nothing more is asked."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """One request: from where, with which cookie, and the frame it is answered in."""

    request: Request
    source: IPv4Address
    cookie: str | None
    site: Site
    templates: Environment
    who: Who | None = None
    menu: tuple[MenuItem, ...] = ()
    banners: tuple[Banner, ...] = field(default=())

    async def form(self) -> Fields:
        """Return the fields that the form brought.  Raises Invalid, Forbidden."""
        return await read_form(self.request, self.cookie)

    def show(
        self,
        template: str,
        *,
        status: int = 200,
        trail: Sequence[Crumb] = (),
        banners: Sequence[Banner] = (),
        **words: Any,
    ) -> Response:
        """Return the page that *template* makes of *words*."""
        frame = {
            "site": self.site,
            "who": self.who,
            "menu": self.menu,
            "trail": trail,
            "banners": (*self.banners, *banners),
            "form_token": token_for(self.cookie) if self.cookie else "",
        }
        return HTMLResponse(page(self.templates, template, frame | words), status)

    def go(self, path: str) -> Response:
        """Send the browser to *path*, one of ours, by GET."""
        return RedirectResponse(path, 303)


Endpoint = Callable[[Visitor], Awaitable[Response]]
