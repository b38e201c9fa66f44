"""Home: what this is for whoever comes by, and a beginning for those who are in."""

from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

from mft.web.portal.frame import Visitor

_CARDS: Final[Mapping[str, str]] = {
    "/setup": "Set up your user id and password for SFTP, the first time and whenever your password has changed.",
    "/account": "Your password, e-mail address, second factor, SSH keys and listed addresses.",
}
"""What each page of the menu is for, by its path."""


async def home(visitor: Visitor) -> Response:
    """Show it."""
    visit = visitor.visit
    since = visit.signed_in_at if visit else None
    return visitor.show("home.html", since=since, source=visitor.seen, cards=_CARDS)


async def signed_in(_visitor: Visitor) -> Response:
    """Answer the page that wants its visit to last: that it was asked for is enough."""
    return Response(status_code=204)
