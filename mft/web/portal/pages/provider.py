"""Signing in by a provider of identities: the way there, and the way back.

The browser comes back from another site, by a link of its own kind: a GET of the whole page.  The
cookie's SameSite is Lax, so it comes along then, and with nothing else that another site can cause: no
form, no picture, no frame.  That a site can send somebody here does no harm.  Nothing is asked of the
provider, and nothing forgotten, unless the address holds the state of the very visit that the cookie
names; that visit left by a form which was shown to it (so nobody is sent away unasked), and what the
provider answered fits only its nonce and its verifier.  So nobody can be signed in as somebody else by
being sent here with an answer to another browser, which is what login CSRF is; and somebody who is
signed in is neither signed out nor in again.
"""

from typing import Final

from starlette.responses import Response

from mft.accounts.portal_answers import Declined, Leave, Over, TryLater
from mft.logs.setup import log
from mft.model.errors import NotFound
from mft.web.portal.frame import SIGN_IN, Visitor
from mft.web.portal.pages.signin import onward

LEAVE: Final = "/signin/provider"
RETURN: Final = "/signin/return"
_LATER: Final = f"{SIGN_IN}?later"
_OVER: Final = f"{SIGN_IN}?over"
_DECLINED: Final = f"{SIGN_IN}?declined"

_LOG: Final = log("mft.web.portal.provider")


async def leave(visitor: Visitor) -> Response:
    """Send the browser to the provider.

    By a page that goes on by itself, not by a redirect: a browser holds every redirect behind a form
    against ``form-action``, and a provider may have hosts behind hosts that nobody told us of.
    """
    await visitor.form()
    room = visitor.parts.provider
    if room is None:
        raise NotFound("no provider is configured")
    answer = await room.leave(visitor.standing, f"{visitor.parts.url}{RETURN}")
    if isinstance(answer, Leave):
        return visitor.show("provider.html", address=answer.address)
    if isinstance(answer, TryLater):
        return _later(visitor, answer)
    return visitor.go(_OVER)


async def back(visitor: Visitor) -> Response:
    """Take the browser that comes back."""
    room = visitor.parts.provider
    if visitor.insider is not None:
        return visitor.go("/")
    query = visitor.request.query_params
    if room is None or visitor.visit is None or len(query.multi_items()) != len(query):
        return visitor.go(_OVER)  # What stands there twice would be read by whoever reads it as they like.
    answer = await room.back(visitor.visit, query, visitor.source, visitor.client)
    if isinstance(answer, TryLater):
        return _later(visitor, answer)
    if isinstance(answer, Declined | Over):
        # The visit stays as it is: another site may have sent the browser here.
        return visitor.go(_OVER if isinstance(answer, Over) else _DECLINED)
    return await onward(visitor, answer, "signin.html")


def _later(visitor: Visitor, answer: TryLater) -> Response:
    _LOG.warning("provider.silent", why=answer.why)
    return visitor.go(_LATER)
