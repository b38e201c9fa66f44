"""What the portal is handed: the rooms its pages call, and the plain values they speak by."""

from dataclasses import dataclass

from mft.accounts.factors import Factors
from mft.accounts.insiders import Insiders
from mft.accounts.own_secrets import OwnSecrets
from mft.accounts.portal_signon import PortalSignOn
from mft.accounts.visits import Visits
from mft.clock import Clock
from mft.model.network import AddressRange
from mft.offload import Offload
from mft.policy.portal import VisitTerms


@dataclass(frozen=True, slots=True)
class PortalParts:
    """Built once, by ``mft.app``."""

    offload: Offload
    clock: Clock
    visits: Visits
    insiders: Insiders
    sign_on: PortalSignOn
    own_secrets: OwnSecrets
    factors: Factors
    terms: VisitTerms
    url: str
    """The one address that is answered for, without a slash at its end."""
    payer: str
    """The health plan's title."""
    support: str
    """Whom people should call."""
    body: int
    """Bytes that a form may have."""
    proxies: tuple[AddressRange, ...] = ()
    """Load balancers that are believed about the source."""
    trial: tuple[AddressRange, ...] = ()
    """Networks that count as public for a trial."""
