"""Which public address we see a browser from (facts 0.8, 0.9).  Open to everyone: who has no way in needs it most."""

from ipaddress import IPv4Address
from typing import Final

from starlette.responses import Response

from mft.policy.allowlist import special_use
from mft.web.portal.frame import Visitor
from mft.web.portal.source import Seen

_WHY: Final = {
    "private use": "It is a private IP address: it exists inside your own network only, and you reached us from within "
    "ours. The IP address must be a public one.",
    "shared by a provider's customers": "It is shared by many customers of your internet provider (carrier NAT), and "
    "would not tell you from them. Ask your provider for a public IPv4 address, or work over your organization's VPN.",
    "loopback": "It is this machine's own.",
}
_OTHERWISE: Final = "It is not a public address ({})."
_IPV6: Final = (
    "It is an IPv6 address, and the list of an account holds IPv4 addresses only. Ask your network's people for the "
    "public IPv4 address that you go out by."
)


async def address(visitor: Visitor) -> Response:
    """Say it, and whether it could be listed."""
    why = why_not(visitor.seen, visitor)
    shown = "an address that cannot be told" if visitor.seen is None else visitor.seen
    return visitor.show("address.html", address=shown, fit=not why, why=why)


def why_not(seen: Seen, visitor: Visitor) -> str:
    """Return why *seen* could not be listed; empty when it could."""
    if seen is None:
        return "Something between you and us hides it."
    if not isinstance(seen, IPv4Address):
        return _IPV6
    use = special_use(seen, visitor.parts.trial)
    return _WHY.get(use, _OTHERWISE.format(use)) if use else ""
