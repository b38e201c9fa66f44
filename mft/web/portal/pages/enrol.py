"""The first sign-in: an authenticator is set up, its secret and the recovery codes are shown once each."""

from typing import Final

import segno
from markupsafe import Markup
from starlette.responses import Response

from mft.accounts.factors import NewFactor
from mft.accounts.portal_answers import Enrolled, WrongCode
from mft.web.portal.frame import Banner, Visitor
from mft.web.portal.pages.signin import onward

PATH: Final = "/signin/enrol"
CODE: Final = "/signin/enrol/code"
WRONG: Final = Banner(
    "error", "That code is not right. Wait for the next one, and check that the clock of your phone is."
)


async def explained(visitor: Visitor) -> Response:
    """Say what is needed; nothing is made yet."""
    return visitor.show("enrol.html")


async def shown(visitor: Visitor) -> Response:
    """Make a secret and show it, this once."""
    await visitor.form()
    answer = await visitor.parts.sign_on.enrol(visitor.standing, visitor.source, visitor.client)
    if not isinstance(answer, NewFactor):
        return await onward(visitor, answer, "signin.html")
    return show_secret(visitor, answer, CODE, PATH)


async def confirmed(visitor: Visitor) -> Response:
    """Take the first code."""
    form = await visitor.form()
    typed = form.get("code", "")
    answer = await visitor.parts.sign_on.confirm(visitor.standing, typed, visitor.source, visitor.client)
    if isinstance(answer, WrongCode):
        return visitor.show("enrol_code.html", status=400, banners=(WRONG,), action=CODE, back=PATH)
    if not isinstance(answer, Enrolled):
        return await onward(visitor, answer, "signin.html")
    inside = await visitor.with_token(answer.token).recognized()
    return inside.show("codes.html", codes=answer.codes, onward="/")


def show_secret(visitor: Visitor, factor: NewFactor, action: str, back: str) -> Response:
    """Show the secret of *factor* as a picture and in letters; its first code goes to *action*."""
    picture = segno.make_qr(factor.uri, error="m").svg_inline(omitsize=True, border=4, svgclass=None, lineclass=None)
    drawing = Markup(picture)  # noqa: S704  (segno draws squares; no text of anybody is in it)
    return visitor.show("enrol_code.html", picture=drawing, secret=_grouped(factor.secret), action=action, back=back)


def _grouped(secret: str) -> str:
    """Return *secret* in fours, as people copy it."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
