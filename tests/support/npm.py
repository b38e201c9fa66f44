"""Packages of npm that tests talk to: installed once into ``.peers`` of the checkout."""

import fcntl
import json
import subprocess
from pathlib import Path

PEERS = Path(__file__).parents[2] / ".peers"
PACKAGES = {"axe-core": "4.14.1", "oidc-provider": "9.13.3"}
"""All of them, and each exactly so: npm removes what it is not asked for in the same breath."""


def package(name: str) -> Path:
    """Return the folder of the package *name*, installed if it is not there."""
    PEERS.mkdir(exist_ok=True)
    with (PEERS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # Test processes run side by side.
        if any(_version(each) != version for each, version in PACKAGES.items()):
            wanted = [f"{each}@{version}" for each, version in PACKAGES.items()]
            options = ("--no-save", "--no-audit", "--no-fund", "--no-package-lock", "--prefix", PEERS)
            subprocess.run(["npm", "install", *options, *wanted], check=True, timeout=300, capture_output=True)
    return PEERS / "node_modules" / name


def _version(name: str) -> str:
    manifest = PEERS / "node_modules" / name / "package.json"
    return str(json.loads(manifest.read_text())["version"]) if manifest.exists() else ""
