"""What the front door is given by the house, in one value."""

from collections.abc import Callable
from dataclasses import dataclass

from mft.accounts.penalties import Penalties
from mft.accounts.sessions import Sessions
from mft.accounts.signon import SignOn
from mft.clock import Clock
from mft.model.account import Account, Organization
from mft.model.network import AddressRange
from mft.model.session import Session
from mft.offload import Offload
from mft.sftp.front.limits import Limits
from mft.sftp.session.log import Log
from mft.vfs.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Parts:
    """The rooms behind the door, the lanes to them, and the numbers."""

    sign_on: SignOn
    sessions: Sessions
    penalties: Penalties
    workspace: Callable[[Session, Account, Organization], Workspace]
    """``Files.workspace``: the tree as an admitted caller may use it."""
    offload: Offload
    clock: Clock
    log: Log
    limits: Limits
    trial: tuple[AddressRange, ...] = ()
    """Addresses that count as public for a trial on one machine."""
