"""From where a browser comes: the socket's peer, or what a load balancer that is named says of it.

The answer is what allowlists, penalties and the trail speak of.  Nobody else's header is believed.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address

from starlette.requests import Request

from mft.model.network import AddressRange, source_of

Seen = IPv4Address | IPv6Address | None
"""An address as it was seen; only an IPv4 one is a source, and None cannot be known."""


def seen(request: Request, proxies: tuple[AddressRange, ...]) -> Seen:
    """Return the address that the browser behind *request* comes from; IPv4 within IPv6 is unmapped."""
    peer = _address(request.client.host) if request.client else None
    if not isinstance(peer, IPv4Address) or not any(proxy.contains(peer) for proxy in proxies):
        return peer
    # The balancer adds the peer it saw at the end; what stands before it is the sender's own claim.
    claimed = ",".join(request.headers.getlist("x-forwarded-for")).rpartition(",")[2].strip()
    return _address(claimed)


def _address(text: str) -> Seen:
    try:
        return source_of(text) or ip_address(text)
    except ValueError:
        return None
