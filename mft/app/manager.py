"""What systemd and we say to each other: ready, alive, stopping, and the sockets it opened for us.

The protocol is sd_notify(3) and sd_listen_fds(3): datagrams to the socket in ``NOTIFY_SOCKET``, and
descriptors from 3 on.  Without systemd every call does nothing.
"""

import asyncio
import os
import socket
from collections.abc import Mapping
from typing import Final

_FIRST_DESCRIPTOR: Final = 3


class Manager:
    """The service manager that started us, if one did."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        """Read what the manager left in *environ*, the process's own by default."""
        environ = os.environ if environ is None else environ
        address = environ.get("NOTIFY_SOCKET", "")
        # A leading @ is the abstract name space, written with a NUL byte on the socket.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._interval = int(environ.get("WATCHDOG_USEC", "0")) / 1_000_000
        ours = environ.get("LISTEN_PID") == str(os.getpid())
        self._passed = int(environ.get("LISTEN_FDS", "0")) if ours else 0
        self._names = environ.get("LISTEN_FDNAMES", "").split(":")

    def say(self, state: str) -> None:
        """Tell the manager *state*, such as ``READY=1``."""
        if self._address:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.sendto(state.encode(), self._address)

    @property
    def interval(self) -> float:
        """Seconds within which it wants to hear that we live; 0 when it does not."""
        return self._interval

    async def stay_alive(self) -> None:
        """Pet the watchdog from the loop, twice in each interval, until cancelled."""
        while self._interval:
            self.say("WATCHDOG=1")
            await asyncio.sleep(self._interval / 2)

    def sockets(self, name: str) -> list[socket.socket]:
        """Return the listening sockets called *name* that the manager passed; may be asked for once."""
        named = (self._names[at] if at < len(self._names) else "" for at in range(self._passed))
        return [socket.socket(fileno=_FIRST_DESCRIPTOR + at) for at, found in enumerate(named) if found == name]
