"""Signing in: a password, then a code.  What a refused caller sees is the one sentence and a reference (fact 0.16)."""

from dataclasses import replace
from typing import Any, Final

from starlette.responses import Response

from mft.accounts.portal_answers import (
    Answer,
    MustReplace,
    NeedsCode,
    NeedsEnrolment,
    Over,
    Refused,
    SignedIn,
    TooMany,
)
from mft.policy.signon import SENTENCE
from mft.web.portal.frame import SIGN_IN, Banner, Visitor
from mft.web.portal.welcome import charge

CODE: Final = "/signin/code"
ENROL: Final = "/signin/enrol"
REPLACE: Final = "/signin/password"

_NEXT: Final = {NeedsCode: CODE, NeedsEnrolment: ENROL, MustReplace: REPLACE, SignedIn: "/"}
_SAID: Final = {
    "ended": Banner("info", "Your visit has ended. To go on, sign in again."),
    "over": Banner("info", "Signing in took too long, or went on in another window. Begin again."),
    "declined": Banner("info", "You did not sign in there. Begin again, or sign in here."),
    "later": Banner(
        "warning", "That sign-in does not answer at the moment. Nothing was changed. Try again in a few minutes."
    ),
    "out": Banner("success", "You are signed out."),
}
"""What brought somebody here, by the word behind the question mark."""
_REFUSED: Final = 403


async def signin(visitor: Visitor) -> Response:
    """Show the form."""
    if visitor.insider is not None:
        return visitor.go("/")
    said = _SAID.get(visitor.request.url.query)
    return visitor.show("signin.html", banners=(said,) if said else ())


async def password(visitor: Visitor) -> Response:
    """Take a name and a password."""
    form = await visitor.form()
    name, secret = form.get("name", ""), form.get("password", "")
    answer = await visitor.parts.sign_on.password(visitor.standing, name, secret, visitor.source, visitor.client)
    return await onward(visitor, answer, "signin.html")


async def code_form(visitor: Visitor) -> Response:
    """Ask for the second factor."""
    return visitor.show("signin_code.html")


async def code(visitor: Visitor) -> Response:
    """Take the second factor: a code of the authenticator, or a recovery code."""
    form = await visitor.form()
    typed = form.get("code", "")
    answer = await visitor.parts.sign_on.code(visitor.standing, typed, visitor.source, visitor.client)
    return await onward(visitor, answer, "signin_code.html")


async def signout(visitor: Visitor) -> Response:
    """End the visit, here and on the server."""
    await visitor.form()
    if visitor.cookie is not None:
        await visitor.parts.offload.write(visitor.parts.visits.end, visitor.cookie)
    return visitor.leave(f"{SIGN_IN}?out")


async def onward(visitor: Visitor, answer: Answer | TooMany, again: str) -> Response:
    """Lead *visitor* where *answer* says; a refusal shows the page *again*."""
    if isinstance(answer, Refused | TooMany | Over):
        return await stopped(visitor, answer, again)
    return visitor.with_token(answer.token).go(_NEXT[type(answer)])


async def stopped(visitor: Visitor, answer: Refused | TooMany | Over, again: str, **words: Any) -> Response:
    """Show the page *again* with the sentence and the reference; once the visit is over, the sign-in."""
    if isinstance(answer, Over):
        return visitor.leave(f"{SIGN_IN}?over")
    charge(visitor)
    banner = Banner("error", f"Reference: {answer.reference}", SENTENCE)
    if isinstance(answer, TooMany):
        outside = replace(await visitor.begun(), menu=(), trail=())
        return outside.show("signin.html", status=_REFUSED, banners=(banner,))
    return visitor.show(again, status=_REFUSED, banners=(banner,), **words)
