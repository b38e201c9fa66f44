"""Keys as people make them: with ssh-keygen."""

import subprocess
from pathlib import Path

import pytest


class Keygen:
    """Runs ssh-keygen in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self, kind: str, bits: int = 0, passphrase: str = "", comment: str = "ann@desk", form: str = "") -> Path:
        """Return the private key's file; the public one lies beside it as ``.pub``."""
        path = self.folder / f"{kind}{bits}{form}{'locked' if passphrase else ''}"
        if not path.exists():
            size = ["-b", str(bits)] if bits else []
            shape = ["-m", form] if form else []
            self.run("-q", "-t", kind, *size, *shape, "-N", passphrase, "-C", comment, "-f", str(path))
        return path

    def run(self, *arguments: str) -> str:
        return subprocess.run(["ssh-keygen", *arguments], check=True, capture_output=True, text=True).stdout

    def fingerprint(self, path: Path) -> str:
        """Return the fingerprint of the key in *path*, as ssh-keygen tells it."""
        return self.run("-l", "-f", str(path)).split()[1]


@pytest.fixture(scope="session")
def keygen(tmp_path_factory: pytest.TempPathFactory) -> Keygen:
    return Keygen(tmp_path_factory.mktemp("keys"))
