"""Home: what this is for whoever comes by, and a beginning for those who are in."""

from starlette.responses import Response

from mft.web.portal.frame import Visitor


async def home(visitor: Visitor) -> Response:
    """Show it."""
    return visitor.show("home.html")


async def signed_in(_visitor: Visitor) -> Response:
    """Answer the page that wants its visit to last: that it was asked for is enough."""
    return Response(status_code=204)
