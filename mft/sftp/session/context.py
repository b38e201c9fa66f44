"""What the handlers of one session share."""

from collections.abc import Callable
from dataclasses import dataclass

from mft.clock import Clock
from mft.offload import Offload
from mft.sftp.session.handles import Handles
from mft.sftp.session.limits import SessionLimits
from mft.sftp.session.log import Log
from mft.vfs.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Context:
    """The caller's tree, the lanes, the handles, the bounds, the log and two clocks."""

    workspace: Workspace
    offload: Offload
    handles: Handles
    limits: SessionLimits
    log: Log
    clock: Clock
    """The wall clock, for showing times only."""
    monotonic: Callable[[], float]
    """Seconds that never jump, for durations."""
