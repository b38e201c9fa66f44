"""The portal as one application: headers around limits around pages.

Who may come to which page stands in the routes' table; here it is applied, for all pages alike.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from mft.logs.setup import log
from mft.model.errors import Invalid, MftError, NotFound
from mft.model.ids import new_reference
from mft.model.portal import Stage
from mft.web.portal.cookies import COOKIE, take_away, token_of
from mft.web.portal.errors import Told, told_of, told_of_status
from mft.web.portal.frame import SIGN_IN, Crumb, Visitor
from mft.web.portal.headers import Headers
from mft.web.portal.limits import Limits
from mft.web.portal.menu import menu_for
from mft.web.portal.parts import PortalParts
from mft.web.portal.rendering import environment
from mft.web.portal.route import May, Method, Row
from mft.web.portal.routes import FOOTER, TABLE
from mft.web.portal.setup_banner import standing_banners
from mft.web.portal.source import seen
from mft.web.portal.static import Static
from mft.web.portal.welcome import demand_welcome

ENDED: Final = f"{SIGN_IN}?ended"
"""Where somebody is led whose visit is over."""

_BEFORE_THE_SIGN_IN: Final = frozenset({May.VISIT, May.PROVING})

_LOG: Final = log("mft.web.portal")


def portal(parts: PortalParts, table: tuple[Row, ...] = TABLE) -> ASGIApp:
    """Return the portal whose pages are those of *table* that this server has."""
    table = tuple(row for row in table if row.served(parts))
    frame = _Frame(parts, table)
    pages = Starlette(
        routes=[
            Mount("/static", Static()),
            *(Route(row.path, frame.answers(row), methods=[row.method]) for row in table),
        ],
        exception_handlers={HTTPException: frame.refused, Exception: frame.broken},
    )
    # A redirect to a path with or without a slash at its end would be a second address of the same page.
    pages.router.redirect_slashes = False
    return Headers(Limits(pages, parts.url, parts.body))


class _Frame:
    """Lets visitors come, or not, and gives each page the visitor it is for."""

    def __init__(self, parts: PortalParts, table: tuple[Row, ...]) -> None:
        self._parts = parts
        self._table = table
        self._templates = environment()

    def answers(self, row: Row) -> Callable[[Request], Awaitable[Response]]:
        """Return what answers a request for *row*."""

        async def answer(request: Request) -> Response:
            visitor = replace(self._stranger(request), title=row.title, place=row.path, trail=_trail(row))
            try:
                visitor = await self._recognized(visitor)
                return await self._admitted(visitor, row)
            except MftError as error:
                return self._told(visitor, told_of(error), error)

        return answer

    async def refused(self, request: Request, error: Exception) -> Response:
        """Answer what Starlette itself refuses: no such page, no such method, too long."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = error.headers if isinstance(error, HTTPException) else None
        visitor = self._stranger(request)
        try:
            visitor = await self._recognized(visitor)
        except MftError as why:
            return self._told(visitor, told_of(why), why)
        response = self._told(visitor, told_of_status(status), error)
        response.headers.update(headers or {})
        return response

    async def broken(self, request: Request, error: Exception) -> Response:
        """Answer for a defect of ours; what it was goes to the log."""
        return self._told(self._stranger(request), told_of_status(500), error)

    def _stranger(self, request: Request) -> Visitor:
        return Visitor(
            request=request,
            parts=self._parts,
            templates=self._templates,
            title="",
            place="",
            seen=seen(request, self._parts.proxies),
            cookie=token_of(request.cookies.get(COOKIE)),
            footer=FOOTER,
        )

    async def _recognized(self, visitor: Visitor) -> Visitor:
        known = await visitor.recognized()
        menu = menu_for(known.insider, visitor.request.url.path, self._table)
        return replace(known, menu=menu, banners=await standing_banners(known))

    async def _admitted(self, visitor: Visitor, row: Row) -> Response:
        """Let *visitor* come to *row* if they may.  Raises what the page raises."""
        if row.may is not May.ANYONE and not isinstance(visitor.seen, IPv4Address):
            raise Invalid("the browser's address is not IPv4, or cannot be known")
        if row.may in _BEFORE_THE_SIGN_IN and visitor.insider is None:
            await demand_welcome(visitor)
        if row.may is May.VISIT and visitor.visit is None and visitor.request.method == Method.GET:
            # A form is about to be shown, which has to be bound to something.
            visitor = await visitor.begun()
        if row.may is May.PROVING and (visitor.visit is None or visitor.visit.stage is not Stage.PROVING):
            return visitor.go(SIGN_IN)
        if row.may is May.SIGNED_IN and visitor.insider is None:
            return self._led_to_the_sign_in(visitor)
        if visitor.insider is not None and not row.sees(visitor.insider):
            raise NotFound(f"{visitor.insider.account.name} does not see {row.path}")
        return await row.endpoint(visitor)

    @staticmethod
    def _led_to_the_sign_in(visitor: Visitor) -> Response:
        if COOKIE in visitor.request.cookies and visitor.visit is None:
            return take_away(visitor.go(ENDED))
        return visitor.go(SIGN_IN)

    @staticmethod
    def _told(visitor: Visitor, told: Told, error: Exception) -> Response:
        reference = new_reference()
        _LOG.info("page.refused", reference=reference, status=told.status, page=visitor.place, why=f"{error!r}")
        where = replace(visitor, title=told.title, trail=())
        return where.show("error.html", status=told.status, told=told, reference=reference)


def _trail(row: Row) -> tuple[Crumb, ...]:
    return (*row.above, Crumb(row.title, row.path)) if row.above else ()
