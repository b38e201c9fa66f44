"""One's own addresses: which are listed, which one we see, and asking for it to be added (facts 0.8 to 0.10, 0.17)."""

from typing import Any, Final

from starlette.responses import Response

from mft.model.errors import Conflict
from mft.model.request import AskedAddress, RequestKind
from mft.requests.form import RequestForm, Unfit
from mft.web.portal.frame import Banner, Visitor
from mft.web.portal.pages.address import why_not

_PAGE: Final = "account/addresses.html"
_INVALID: Final = 400
_ASKED: Final = Banner("info", "More addresses were asked for already. They wait to be looked at.")


async def addresses_form(visitor: Visitor) -> Response:
    """Show the list and the address we see."""
    words = await _words(visitor, "", "")
    offered = "" if words["here"] or words["why"] else str(visitor.source)
    return visitor.show(_PAGE, **words | {"wanted": offered})


async def ask(visitor: Visitor) -> Response:
    """Ask for an address to be added; it is listed once the request is approved."""
    form = await visitor.form()
    wanted, reason = form.get("addresses", "").strip(), form.get("reason", "").strip()
    asked = RequestForm(
        RequestKind.ADDRESSES,
        name=visitor.inside.account.name,
        reason=reason,
        addresses=(AskedAddress(wanted),),
    )
    parts = visitor.parts
    words = await _words(visitor, wanted, reason)
    try:
        request = await parts.offload.write(parts.requests.submit, visitor.actor, asked, source=str(visitor.source))
    except Unfit as unfit:
        faults = [Banner("error", fault.why) for fault in unfit.faults]
        return visitor.show(_PAGE, status=_INVALID, banners=faults, **words)
    except Conflict:
        return visitor.show(_PAGE, status=_INVALID, banners=(_ASKED,), **words)
    said = Banner("success", f"You asked for {wanted}. The number of your request is {request.id}.")
    return visitor.show(_PAGE, banners=(said,), **await _words(visitor, "", ""))


async def _words(visitor: Visitor, wanted: str, reason: str) -> dict[str, Any]:
    parts = visitor.parts
    listed = await parts.offload.read(parts.allowlists.listing, visitor.inside.account.name)
    return {
        "listed": listed,
        "here": any(entry.addresses.contains(visitor.source) for entry in listed),
        "seen": visitor.source,
        "why": why_not(visitor.source, visitor),
        "wanted": wanted,
        "reason": reason,
        "now": parts.clock.now(),
    }
