"""How a connection begins: what ``asyncssh.run_server`` does, without preparing its options anew each time.

That takes a thread and a third of a millisecond of each sign-on, for what is the same for everybody.
"""

import asyncio
import socket
from collections import OrderedDict
from collections.abc import Callable
from copy import copy

import asyncssh


async def serve(
    sock: socket.socket, options: asyncssh.SSHServerConnectionOptions, owner: Callable[[], asyncssh.SSHServer]
) -> asyncssh.SSHServerConnection:
    """Return the connection on *sock* once its caller has signed on; *owner* gives who answers for it.

    Raises what ended it before, as asyncssh says it: OSError, asyncssh.Error and what a broken packet leads to.
    """
    loop = asyncio.get_running_loop()
    own = own_options(options, owner)
    own.waiter = signed_on = loop.create_future()
    try:
        _, connection = await loop.create_connection(
            lambda: asyncssh.SSHServerConnection(loop, own, wait="auth"), sock=sock
        )
    except asyncio.CancelledError:
        signed_on.cancel()
        raise
    try:
        await signed_on
    except BaseException:
        connection.abort()
        await connection.wait_closed()
        raise
    return connection


def own_options(
    options: asyncssh.SSHServerConnectionOptions, owner: Callable[[], asyncssh.SSHServer]
) -> asyncssh.SSHServerConnectionOptions:
    """Return *options* for one connection: what it changes is its own, the rest is everybody's."""
    own = copy(options)
    own.protocol_factory = owner
    # A pair remembers the algorithm that one client chose to be shown it by.
    own.server_host_keys = OrderedDict((name, copy(pair)) for name, pair in options.server_host_keys.items())
    return own
