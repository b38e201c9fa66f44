"""Forgot password: a one-time link by mail, and the second factor (fact 1.7).  Nobody learns who has an account."""

from typing import Final

from starlette.responses import Response

from mft.accounts.knock import Unfit
from mft.accounts.portal_answers import Over, Refused, TooMany
from mft.model.portal import LinkPurpose
from mft.policy.signon import SENTENCE
from mft.web.portal.frame import Banner, Visitor
from mft.web.portal.pages.replace import TWICE
from mft.web.portal.welcome import charge

_LINK: Final = "forgot_link.html"
_INVALID: Final = 400
_REFUSED: Final = 403
_SENT: Final = Banner(
    "success",
    "If there is an account of that name that can be helped this way, a mail is on its way. "
    "Open the link in it within half an hour.",
)
_GONE: Final = Banner("error", "This link is not good any more. Ask for another one.")
_DONE: Final = Banner("success", "Your password is changed. Sign in with it.")


async def forgot(visitor: Visitor) -> Response:
    """Ask for the user name."""
    return visitor.show("forgot.html")


async def ask(visitor: Visitor) -> Response:
    """Send a link, or nothing, and say the same."""
    form = await visitor.form()
    links, url = visitor.parts.mail_links, visitor.parts.url
    await links.ask_password(form.get("name", ""), visitor.source, url, visitor.client)
    return visitor.show("forgot.html", banners=(_SENT,))


async def link_form(visitor: Visitor) -> Response:
    """Ask for the second factor and the new password."""
    token = visitor.request.path_params["token"]
    stands = await visitor.parts.offload.read(visitor.parts.mail_links.stands, token, LinkPurpose.PASSWORD)
    return visitor.show(_LINK, stands=stands, banners=() if stands else (_GONE,))


async def link(visitor: Visitor) -> Response:
    """Take them.  A new password that is not fit uses nothing up."""
    form = await visitor.form()
    new, code = form.get("new", ""), form.get("code", "")
    if new != form.get("again", ""):
        return _again(visitor, Banner("error", TWICE))
    token = visitor.request.path_params["token"]
    answer = await visitor.parts.mail_links.use_password(token, code, new, visitor.source, visitor.client)
    if isinstance(answer, Unfit):
        return _again(visitor, Banner("error", answer.reason))
    if isinstance(answer, Over):
        return visitor.show(_LINK, status=_INVALID, stands=False, banners=(_GONE,))
    if isinstance(answer, Refused | TooMany):
        charge(visitor)
        said = Banner("error", f"Reference: {answer.reference}", SENTENCE)
        return visitor.show(_LINK, status=_REFUSED, stands=isinstance(answer, Refused), banners=(said,))
    return visitor.show("signin.html", banners=(_DONE,))


def _again(visitor: Visitor, banner: Banner) -> Response:
    return visitor.show(_LINK, status=_INVALID, stands=True, banners=(banner,))
