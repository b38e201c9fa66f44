"""A temporary password is replaced before anything else (fact 0.12); it opens nothing but this page."""

from typing import Final

from starlette.responses import Response

from mft.accounts.knock import Unfit
from mft.web.portal.frame import Banner, Visitor
from mft.web.portal.pages.signin import onward

_UNFIT: Final = 400
TWICE: Final = "The two new passwords are not the same. Type both again."


async def replace_form(visitor: Visitor) -> Response:
    """Ask for the new password."""
    return visitor.show("replace.html")


async def replace(visitor: Visitor) -> Response:
    """Take it, typed twice.  One that is not fit consumes nothing."""
    form = await visitor.form()
    new = form.get("new", "")
    if new != form.get("again", ""):
        return _objected(visitor, TWICE)
    answer = await visitor.parts.sign_on.replace(visitor.standing, new, visitor.source, visitor.client)
    if isinstance(answer, Unfit):
        return _objected(visitor, answer.reason)
    return await onward(visitor, answer, "signin.html")


def _objected(visitor: Visitor, why: str) -> Response:
    return visitor.show("replace.html", status=_UNFIT, banners=(Banner("error", why),))
