"""Another authenticator, and new recovery codes: each asks for the password, since a browser may stand open."""

from typing import Final

from starlette.responses import Response

from mft.accounts.factors import NewFactor
from mft.accounts.portal_answers import Enrolled, WrongCode
from mft.web.portal.frame import Visitor
from mft.web.portal.pages import account
from mft.web.portal.pages.enrol import WRONG, show_secret
from mft.web.portal.pages.signin import stopped

PATH: Final = "/account/factor"
CODE: Final = "/account/factor/code"
_PAGE: Final = "account/factor.html"
_INVALID: Final = 400


async def factor_form(visitor: Visitor) -> Response:
    """Say how it stands, and ask for the password."""
    parts = visitor.parts
    return visitor.show(_PAGE, factor=await parts.offload.read(parts.factors.standing, visitor.inside.account.id))


async def factor(visitor: Visitor) -> Response:
    """Show the secret of a new authenticator; the one there is counts until a code of the new one was right."""
    form = await visitor.form()
    own = visitor.parts.own_secrets
    typed = form.get("password", "")
    answer = await own.new_factor(visitor.standing, typed, visitor.source, visitor.client)
    if isinstance(answer, NewFactor):
        return show_secret(visitor, answer, CODE, PATH)
    standing = await visitor.parts.offload.read(visitor.parts.factors.standing, visitor.inside.account.id)
    return await stopped(visitor, answer, _PAGE, factor=standing)


async def factor_code(visitor: Visitor) -> Response:
    """Take the first code of the new one."""
    form = await visitor.form()
    own = visitor.parts.own_secrets
    answer = await own.confirm_factor(visitor.standing, form.get("code", ""), visitor.source, visitor.client)
    if isinstance(answer, WrongCode):
        return visitor.show("enrol_code.html", status=_INVALID, banners=(WRONG,), action=CODE, back=PATH)
    if not isinstance(answer, Enrolled):
        return await stopped(visitor, answer, "enrol_code.html", action=CODE, back=PATH)
    onward = visitor.with_token(answer.token)
    return onward.show("codes.html", codes=answer.codes, onward=f"{account.PATH}?factor")


async def codes(visitor: Visitor) -> Response:
    """Show ten new recovery codes, this once."""
    form = await visitor.form()
    own = visitor.parts.own_secrets
    answer = await own.renew_codes(visitor.standing, form.get("password", ""), visitor.source, visitor.client)
    if isinstance(answer, tuple):
        return visitor.show("codes.html", codes=answer, onward=account.PATH)
    standing = await visitor.parts.offload.read(visitor.parts.factors.standing, visitor.inside.account.id)
    return await stopped(visitor, answer, _PAGE, factor=standing)
