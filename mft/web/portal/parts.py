"""What the portal is handed: the rooms its pages call, and the plain values they speak by."""

from collections.abc import Mapping
from dataclasses import dataclass

from mft.accounts.allowlists import Allowlists
from mft.accounts.charges import Charges
from mft.accounts.credentials import Credentials
from mft.accounts.details import Details
from mft.accounts.factors import Factors
from mft.accounts.insiders import Insiders
from mft.accounts.mail_links import MailLinks
from mft.accounts.own_keys import OwnKeys
from mft.accounts.own_secrets import OwnSecrets
from mft.accounts.penalties import Penalties
from mft.accounts.portal_signon import PortalSignOn
from mft.accounts.provider_signon import ProviderSignOn
from mft.accounts.setups import Setups
from mft.accounts.visits import Visits
from mft.clock import Clock
from mft.model.network import AddressRange
from mft.offload import Offload
from mft.policy.portal import VisitTerms
from mft.requests.desk import AccessRequests


@dataclass(frozen=True, slots=True)
class SetupWords:
    """What the setup page calls things, and where it leads (facts 2.5 to 2.9)."""

    solution: str
    """The system whose files are exchanged."""
    identity: str
    """A user id in the directory."""
    information: str
    """Address of the trading partner information page; empty: there is none."""
    links: Mapping[str, str]
    """Where people change their record, by the kind of people."""


@dataclass(frozen=True, slots=True)
class PortalParts:
    """Built once, by ``mft.app``."""

    offload: Offload
    clock: Clock
    visits: Visits
    insiders: Insiders
    sign_on: PortalSignOn
    own_secrets: OwnSecrets
    own_keys: OwnKeys
    factors: Factors
    mail_links: MailLinks
    details: Details
    credentials: Credentials
    allowlists: Allowlists
    requests: AccessRequests
    setups: Setups
    setup_words: SetupWords
    penalties: Penalties
    charges: Charges
    terms: VisitTerms
    has_directory: bool
    """Whether there is a directory, whose passwords are set up for SFTP."""
    url: str
    """The one address that is answered for, without a slash at its end."""
    payer: str
    """The health plan's title."""
    support: str
    """Whom people should call."""
    body: int
    """Bytes that a form may have."""
    provider: ProviderSignOn | None = None
    """Where people may sign in instead; None: nowhere."""
    proxies: tuple[AddressRange, ...] = ()
    """Load balancers that are believed about the source."""
    trial: tuple[AddressRange, ...] = ()
    """Networks that count as public for a trial."""
