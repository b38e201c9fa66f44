"""Change e-mail address: typed twice (fact 1.5), and confirmed by a link that goes to the new one."""

from typing import Final

from starlette.responses import Response

from mft.accounts.portal_answers import Over
from mft.model.account import checked_email
from mft.model.errors import Exhausted, Invalid
from mft.model.portal import LinkPurpose
from mft.web.portal.frame import SIGN_IN, Banner, Visitor

_PAGE: Final = "account/email.html"
_INVALID: Final = 400
_OFTEN: Final = 429
_SENT: Final = Banner(
    "success",
    "If the address can be used, a mail is on its way there. Open the link in it within half an hour: "
    "your address changes only then.",
)
_GONE: Final = Banner("error", "This link is not good any more. Ask for another one under My account.")
_DIFFER: Final = "The two addresses are not the same. Type the new one twice."
_NONE: Final = "This is no e-mail address. It looks like name@example.org."
_TOO_OFTEN: Final = "Mails were asked for too often. Wait half an hour."


async def email_form(visitor: Visitor) -> Response:
    """Ask for the new address, twice."""
    return visitor.show(_PAGE, now=visitor.inside.account.email)


async def email(visitor: Visitor) -> Response:
    """Take it, and send the link."""
    form = await visitor.form()
    new, again = form.get("email", ""), form.get("again", "")
    objection = _objection(new, again)
    if objection:
        return _again(visitor, _INVALID, Banner("error", objection))
    links, url = visitor.parts.mail_links, visitor.parts.url
    try:
        answer = await visitor.parts.offload.write(links.ask_email, visitor.standing, new, again, visitor.source, url)
    except Exhausted:
        return _again(visitor, _OFTEN, Banner("error", _TOO_OFTEN))
    return visitor.leave(f"{SIGN_IN}?over") if isinstance(answer, Over) else _again(visitor, 200, _SENT)


async def link_form(visitor: Visitor) -> Response:
    """Ask whoever followed the link to say so: a mailbox's own scanner follows links too, and presses nothing."""
    token = visitor.request.path_params["token"]
    stands = await visitor.parts.offload.read(visitor.parts.mail_links.stands, token, LinkPurpose.EMAIL)
    return visitor.show("email_link.html", stands=stands, banners=() if stands else (_GONE,))


async def link(visitor: Visitor) -> Response:
    """Let the new address count."""
    await visitor.form()
    token = visitor.request.path_params["token"]
    answer = await visitor.parts.offload.write(visitor.parts.mail_links.use_email, token, visitor.source)
    if isinstance(answer, Over):
        return visitor.show("email_link.html", status=_INVALID, stands=False, banners=(_GONE,))
    done = Banner("success", "Your e-mail address is changed.")
    return visitor.show("email_link.html", stands=False, banners=(done,))


def _objection(new: str, again: str) -> str:
    try:
        return "" if checked_email(new) == checked_email(again) else _DIFFER
    except Invalid:
        return _NONE


def _again(visitor: Visitor, status: int, banner: Banner) -> Response:
    return visitor.show(_PAGE, status=status, banners=(banner,), now=visitor.inside.account.email)
