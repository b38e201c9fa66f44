"""A plain asyncssh server: the library as its documentation shows it, with its keys loaded once.

python -m benchmarks.peers.asyncssh_server PORT HOST_KEY AUTHORIZED_KEYS
"""

import asyncio
import sys

import asyncssh

from benchmarks.grounds import HOST


async def serve(port: int, host_key: str, allowed: str) -> None:
    """Serve until ended."""
    # Host keys named by path would be read anew at every sign-on.
    key = asyncssh.read_private_key(host_key)
    known = asyncssh.read_authorized_keys(allowed)
    ciphers = "aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes256-ctr,chacha20-poly1305@openssh.com"
    await asyncssh.listen(
        HOST, port, server_host_keys=[key], authorized_client_keys=known, sftp_factory=True, encryption_algs=ciphers
    )
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
