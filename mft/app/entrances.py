"""Where callers come in.  It is known without the house, since a parent of several workers has none."""

import socket
from collections.abc import Sequence

from mft.settings.model import Settings
from mft.sftp.front.listener import Entrance


def entrances(settings: Settings, passed: Sequence[socket.socket]) -> list[Entrance]:
    """Return where to listen: the sockets *passed* by whoever started us if there are any, else the listeners.

    A passed socket demands the PROXY header as the listener at its place in the file says.
    """
    listeners = settings.sftp.listeners
    if not passed:
        return [Entrance(one.address, one.port, one.proxy_from) for one in listeners]
    demands = [one.proxy_from for one in listeners] + [()] * len(passed)
    return [Entrance(proxy_from=demand, inherited=sock) for demand, sock in zip(demands, passed, strict=False)]
