"""Change password; its owner is told by mail (fact 1.4)."""

from typing import Final

from starlette.responses import Response

from mft.accounts.knock import Unfit
from mft.accounts.portal_answers import SignedIn
from mft.web.portal.frame import Banner, Visitor
from mft.web.portal.pages import account
from mft.web.portal.pages.replace import TWICE
from mft.web.portal.pages.signin import stopped

_PAGE: Final = "account/password.html"
_INVALID: Final = 400


async def password_form(visitor: Visitor) -> Response:
    """Ask for the password as it is, and twice for the new one."""
    return visitor.show(_PAGE)


async def password(visitor: Visitor) -> Response:
    """Take them."""
    form = await visitor.form()
    old, new = form.get("old", ""), form.get("new", "")
    if new != form.get("again", ""):
        return _objected(visitor, TWICE)
    own = visitor.parts.own_secrets
    answer = await own.change_password(visitor.standing, old, new, visitor.source, visitor.client)
    if isinstance(answer, Unfit):
        return _objected(visitor, answer.reason)
    if not isinstance(answer, SignedIn):
        return await stopped(visitor, answer, _PAGE)
    return visitor.with_token(answer.token).go(f"{account.PATH}?password")


def _objected(visitor: Visitor, why: str) -> Response:
    return visitor.show(_PAGE, status=_INVALID, banners=(Banner("error", why),))
