"""How much one SFTP session may ask for.  Values only; ``limits@openssh.com`` tells clients the same."""

from dataclasses import dataclass
from typing import Final

MAX_READ: Final = 261_120
"""Bytes of one READ or WRITE: what OpenSSH's server takes, and what its client then asks for."""
MAX_PACKET: Final = 262_144
"""Bytes of one SFTP packet, as told to clients; OpenSSH's SFTP_MAX_MSG_LENGTH."""
PACKET_SLACK: Final = 1024
"""What a packet may be longer than that before the channel is closed: clients count headers differently."""


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """Bounds on memory, handles and silence of one session.  Seconds are of the monotonic clock."""

    handles: int = 64
    """Open files and folders at a time."""
    read: int = MAX_READ
    """Bytes that one READ is answered with at most, whatever it asks for."""
    write: int = MAX_READ
    """Bytes of one WRITE, as told to clients."""
    packet: int = MAX_PACKET
    """Bytes of one packet, as told to clients."""
    backlog: int = 1 << 20
    """Bytes waiting to be sent, above which no further request is read."""
    idle: float = 30 * 60.0
    """Seconds without an SFTP request after which the session ends; keepalives are no life."""
    half_received: float = 120.0
    """Seconds that a request may take to arrive once it has begun."""
    undrained: float = 120.0
    """Seconds that replies may wait without the client taking any."""
    lease: float = 5.0
    """Seconds between two signs of life that the store is given for an upload under way."""

    @property
    def longest_packet(self) -> int:
        """The length field above which a packet is not even read."""
        return self.packet + PACKET_SLACK
