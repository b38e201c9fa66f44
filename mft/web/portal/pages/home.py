"""Home: what this is for whoever comes by, and a beginning for those who are in."""

from starlette.responses import Response

from mft.web.portal.frame import Visitor


async def home(visitor: Visitor) -> Response:
    """Show it."""
    visit = visitor.visit
    since = visit.signed_in_at if visit else None
    return visitor.show("home.html", since=since, source=visitor.seen)


async def signed_in(_visitor: Visitor) -> Response:
    """Answer the page that wants its visit to last: that it was asked for is enough."""
    return Response(status_code=204)
