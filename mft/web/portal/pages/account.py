"""My account: how it stands, and the way to each thing that its owner may change."""

from typing import Final

from starlette.responses import Response

from mft.accounts.details import NewDetails
from mft.model.errors import Invalid
from mft.web.portal.frame import Banner, Visitor

PATH: Final = "/account"
_DONE: Final = {
    "profile": "Your profile is changed.",
    "password": "Your password is changed. You get a mail that says so.",
    "factor": "Your new authenticator counts from now on.",
}
"""What was done, by the word behind the question mark."""
_INVALID: Final = 400


async def account(visitor: Visitor) -> Response:
    """Show it."""
    insider = visitor.inside
    parts = visitor.parts
    done = _DONE.get(visitor.request.url.query)
    return visitor.show(
        "account/overview.html",
        banners=(Banner("success", done),) if done else (),
        factor=await parts.offload.read(parts.factors.standing, insider.account.id),
        keys=await parts.offload.read(parts.credentials.keys, insider.account.name),
        listed=await parts.offload.read(parts.allowlists.listing, insider.account.name),
    )


async def profile_form(visitor: Visitor) -> Response:
    """Ask for name and phone."""
    account = visitor.inside.account
    return visitor.show("account/profile.html", person=account.person, phone=account.phone)


async def profile(visitor: Visitor) -> Response:
    """Take them."""
    form = await visitor.form()
    person, phone = form.get("person", "").strip(), form.get("phone", "").strip()
    try:
        changed = NewDetails(person=person, phone=phone)
        await visitor.parts.offload.write(
            visitor.parts.details.change, visitor.actor, visitor.inside.account.name, changed
        )
    except Invalid:
        said = Banner("error", "A name or a number is a short line of text without control characters.")
        return visitor.show("account/profile.html", status=_INVALID, banners=(said,), person=person, phone=phone)
    return visitor.go(f"{PATH}?profile")
