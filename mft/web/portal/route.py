"""What a row of the routes' table says."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from mft.accounts.insiders import Insider
from mft.web.portal.frame import HOME, Crumb, Endpoint
from mft.web.portal.parts import PortalParts


class May(StrEnum):
    """Who may come."""

    ANYONE = "anyone"
    VISIT = "visit"  # Anybody, in a visit: one is begun when the page is first shown.
    PROVING = "proving"  # In the midst of signing in; anybody else is led to its beginning.
    SIGNED_IN = "signed_in"  # Anybody else is led to the sign-in.


class Method(StrEnum):
    """How a page is asked for; nothing is changed by GET."""

    GET = "GET"
    POST = "POST"


def everybody(_insider: Insider) -> bool:
    """Let a page be seen by whoever is signed in."""
    return True


def everywhere(_parts: PortalParts) -> bool:
    """Have a page on every server."""
    return True


@dataclass(frozen=True, slots=True)
class Row:
    """One page, or one thing that a form does."""

    path: str
    method: Method
    endpoint: Endpoint
    may: May
    title: str
    menu: tuple[str, ...] = ()
    """Its place in the left navigation: its name there, or a heading and its name; empty: it has none."""
    above: tuple[Crumb, ...] = (HOME,)
    """The pages that lead to it."""
    sees: Callable[[Insider], bool] = everybody
    """Who of those signed in sees it; for anybody else it is not there."""
    served: Callable[[PortalParts], bool] = everywhere
    """On which servers it is there at all."""
