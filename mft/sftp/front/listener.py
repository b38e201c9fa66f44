"""Listening sockets and the loop that accepts from them."""

import asyncio
import errno
import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from mft.model.errors import Unavailable
from mft.model.network import AddressRange
from mft.sftp.session.log import Log

_BACKLOG: Final = 1024
_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_BACK_OFF_SECONDS: Final = 0.5
_POLITE_SECONDS: Final = 0.002
"""How long a worker that has more callers than another leaves the next one to that one."""

Receive = Callable[[socket.socket, str, tuple[AddressRange, ...]], None]


@dataclass(frozen=True, slots=True)
class Entrance:
    """One address to listen on, or a socket that the service manager opened for us."""

    address: str = "127.0.0.1"
    port: int = 0
    """0 takes any free one."""
    proxy_from: tuple[AddressRange, ...] = ()
    """Load balancers that must send the PROXY header; empty: nobody may."""
    inherited: socket.socket | None = None
    """Then *address* and *port* are the manager's business."""


def listen(entrance: Entrance) -> socket.socket:
    """Return the listening socket of *entrance*.  Raises Unavailable if the address cannot be had."""
    sock = entrance.inherited or socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        if entrance.inherited is None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((entrance.address, entrance.port))
            sock.listen(_BACKLOG)
    except OSError as error:
        sock.close()
        where = f"{entrance.address}:{entrance.port}"
        raise Unavailable(f"cannot listen on {where}: {os.strerror(error.errno or 0)}") from error
    return sock


Accept = Callable[[socket.socket], Awaitable[tuple[socket.socket, Any]]]


async def accept_from(
    sock: socket.socket, entrance: Entrance, receive: Receive, log: Log, accept: Accept | None = None
) -> None:
    """Hand every connection to *receive*, until cancelled; then close *sock*."""
    accept = accept or asyncio.get_running_loop().sock_accept
    with sock:
        while True:
            try:
                accepted, peer = await accept(sock)
                receive(accepted, peer[0], entrance.proxy_from)
            except OSError as error:
                # Else the caller left between the handshake and the accept (accept(2), ECONNABORTED and its like).
                if error.errno in _EXHAUSTED:
                    # The connection stays in the kernel's line; asking again at once would only burn time.
                    log.exception("accept.exhausted", why=os.strerror(error.errno))
                    await asyncio.sleep(_BACK_OFF_SECONDS)
            except Exception:
                # Whatever it was, a server that no longer accepts serves nobody.
                log.exception("accept.failed")
                await asyncio.sleep(_BACK_OFF_SECONDS)


async def accept_in_turn(sock: socket.socket, is_ahead: Callable[[], bool]) -> tuple[socket.socket, Any]:
    """Accept from a *sock* that several processes have; one that *is_ahead* of another lets that one be quicker."""
    while True:
        await _calling(sock)
        if is_ahead():
            await asyncio.sleep(_POLITE_SECONDS)
        try:
            accepted, peer = sock.accept()
        except BlockingIOError:  # Another process was quicker.
            continue
        accepted.setblocking(False)
        return accepted, peer


async def _calling(sock: socket.socket) -> None:
    """Wait until somebody calls."""
    loop = asyncio.get_running_loop()
    called = asyncio.Event()
    loop.add_reader(sock, called.set)
    try:
        await called.wait()
    finally:
        loop.remove_reader(sock)
