"""A minimal Go server on pkg/sftp, built here from Debian's packages."""

import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

from benchmarks.grounds import HOST
from benchmarks.peers.launch import Launch, Peer, Site
from benchmarks.peers.versions import debian

_SOURCE: Final = Path(__file__).with_name("gosftp.go")
_LIBRARIES: Final = "/usr/share/gocode"  # Where Debian's golang-*-dev packages put sources.


def prepare(site: Site) -> Launch:
    """Build it, once a run."""
    site.files.mkdir()
    program = _built(site.grounds.folder / "gosftp")
    command = [str(program), f"{HOST}:{site.port}", str(site.grounds.host_key), str(site.allowed)]
    return Launch(command, "bench", str(site.files))


@cache
def _built(program: Path) -> Path:
    told = {"GO111MODULE": "off", "GOPATH": _LIBRARIES, "GOFLAGS": ""}
    words = ("go", "build", "-o", str(program), str(_SOURCE))
    subprocess.run(words, check=True, env={**os.environ, **told})  # noqa: S603
    return program


def version() -> str:
    """Return the versions of the library and of the language."""
    return f"pkg/sftp {debian('golang-github-pkg-sftp-dev')}, go {debian('golang-go')}"


GO: Final = Peer("go", prepare, version, compared=True)
