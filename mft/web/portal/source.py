"""From where a browser comes: the socket's peer, or what a load balancer that is named says of it.

The answer is what allowlists, penalties and the trail speak of.  Nobody else's header is believed.
"""

from ipaddress import IPv4Address

from starlette.requests import Request

from mft.model.errors import Invalid
from mft.model.network import AddressRange, parse_address, source_of


def source(request: Request, proxies: tuple[AddressRange, ...]) -> IPv4Address | None:
    """Return the address that the browser behind *request* comes from; None if it cannot be known."""
    peer = source_of(request.client.host) if request.client else None
    if peer is None or not any(proxy.contains(peer) for proxy in proxies):
        return peer
    # The balancer adds the peer it saw at the end; what stands before it is the sender's own claim.
    claimed = ",".join(request.headers.getlist("x-forwarded-for")).rpartition(",")[2].strip()
    try:
        return parse_address(claimed)
    except Invalid:
        return None
