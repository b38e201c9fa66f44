"""Which ciphers are offered to a client: no counter mode to one that has AES-GCM.

In SSH the client's order decides (RFC 4253, 7.1), and OpenSSH before 10 puts counter mode before GCM,
which costs four times as much here.  But neither side has to speak first, so we look at the client's
offer before we make ours: a client that has both is left no choice but the better one.
"""

from collections.abc import Sequence
from typing import Final

from asyncssh.packet import PacketDecodeError, SSHPacket

PATIENCE: Final = 1.0
"""Seconds after its version that a client's offer is waited for.  All speak unasked but some who only look."""

_COOKIE: Final = 16
_GCM: Final = b"-gcm@openssh.com"
_COUNTER: Final = b"-ctr"


def for_client(ours: Sequence[bytes], kexinit: bytes) -> list[bytes]:
    """Return which of *ours* to offer to a client that sent *kexinit*, without the byte that says its kind."""
    packet = SSHPacket(kexinit)
    try:
        packet.get_bytes(_COOKIE)
        _, _, *both_ways = (packet.get_namelist() for _ in range(4))
    except PacketDecodeError:
        return list(ours)  # Whoever reads it next says what is wrong with it.
    shared = set(ours).intersection(*both_ways)
    gcm = any(name.endswith(_GCM) for name in shared)
    return [name for name in ours if not (gcm and name.endswith(_COUNTER))]
