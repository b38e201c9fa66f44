"""What the transport asks of whoever decides about a caller, and how it turns one away."""

from typing import Final, Protocol

import asyncssh

METHODS: Final = ("publickey", "password")
"""What every refused caller may try again, whoever they say they are."""


class Keeper(Protocol):
    """Who answers for a connection: mft.sftp.front.auth.  *fingerprint* is ``SHA256:…``."""

    async def key_known(self, fingerprint: str) -> bool:
        """Return whether a signature by that key is worth making.  Leaves no trace."""
        ...

    async def signed_key(self, fingerprint: str | None) -> bool:
        """Return whether the caller, who proved to hold that key, comes in; None: the proof was wrong."""
        ...


def too_many(reason: str) -> asyncssh.DisconnectError:
    """Return what ends a connection that tried too often."""
    return asyncssh.DisconnectError(asyncssh.DISC_NO_MORE_AUTH_METHODS_AVAILABLE, reason)
