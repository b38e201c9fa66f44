"""The trial person's authenticator: what an app on their phone would be, as a file beside the SSH keys."""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from mft.crypto.secretfile import create_secret, read_secret, replace_secret
from mft.crypto.totp import code_at
from mft.model.errors import Unavailable

STEP: Final = timedelta(seconds=30)
"""A code is the current one for so long."""
_WHAT: Final = "the trial authenticator"


@dataclass(frozen=True, slots=True)
class Authenticator:
    """Keeps one ``otpauth://`` address, which a real app could be given too, and shows its codes."""

    file: Path

    def keep(self, address: str) -> None:
        """Keep *address* instead of what was kept before."""
        (replace_secret if self.file.exists() else create_secret)(self.file, f"{address}\n".encode(), _WHAT)

    def keep_typed(self, secret: str) -> None:
        """Keep *secret*, in base 32 as people type it."""
        self.keep(f"otpauth://totp/trial?secret={secret.replace(' ', '')}")

    def code(self, at: datetime) -> str:
        """Return the code of that moment.  Raises Unavailable."""
        address = read_secret(self.file, _WHAT).decode("ascii", "replace").strip()
        try:
            return code_at(base64.b32decode(parse_qs(urlsplit(address).query)["secret"][0]), at)
        except (ValueError, KeyError):
            raise Unavailable(
                f"{_WHAT} {self.file} cannot be understood; make another: mft demo --check --dir {self.file.parent}"
            ) from None


def left(at: datetime) -> int:
    """Return for how many whole seconds the code of that moment is still the current one."""
    step = int(STEP.total_seconds())
    return step - int(at.timestamp()) % step
