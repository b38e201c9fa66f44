"""asyncssh by itself: the library that our server stands on, without anything of ours."""

import sys
from pathlib import Path
from typing import Final

from benchmarks.peers.launch import Launch, Peer, Site
from benchmarks.peers.versions import python

_ROOT: Final = Path(__file__).parents[2]


def prepare(site: Site) -> Launch:
    """Name its keys; it needs no configuration."""
    site.files.mkdir()
    module = "benchmarks.peers.asyncssh_server"
    command = [sys.executable, "-m", module, str(site.port), str(site.grounds.host_key), str(site.allowed)]
    return Launch(command, "bench", str(site.files), {"PYTHONPATH": str(_ROOT)})


ASYNCSSH: Final = Peer("asyncssh", prepare, lambda: python("asyncssh"))
