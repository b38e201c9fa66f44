"""Every server that is measured, in the order in which each round visits them."""

from typing import Final

from benchmarks.peers.go import GO
from benchmarks.peers.launch import Peer
from benchmarks.peers.mft import PLAIN, SHIPPED
from benchmarks.peers.openssh import OPENSSH, OPENSSH_FSYNC
from benchmarks.peers.plain_asyncssh import ASYNCSSH
from benchmarks.peers.proftpd import PROFTPD
from benchmarks.peers.rclone import RCLONE_SFTP

_ALL: Final = (SHIPPED, PLAIN, OPENSSH, OPENSSH_FSYNC, GO, RCLONE_SFTP, PROFTPD, ASYNCSSH)

PEERS: Final[dict[str, Peer]] = {peer.name: peer for peer in _ALL}
