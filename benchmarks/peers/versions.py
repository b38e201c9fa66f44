"""Which version of a peer was measured."""

import subprocess
from importlib import metadata


def debian(package: str) -> str:
    """Return the version of an installed Debian package."""
    words = ("dpkg-query", "-W", "-f", "${Version}", package)
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout  # noqa: S603


def python(package: str) -> str:
    """Return the version of an installed Python package."""
    return metadata.version(package)
