"""How much is measured: the full form, and a short one of a few minutes."""

from dataclasses import dataclass
from typing import Final

MIB: Final = 1 << 20
GIB: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Cipher:
    """A cipher and, unless it authenticates by itself, the MAC that goes with it."""

    name: str
    mac: str = ""


CIPHERS: Final = {
    "aes128-gcm": Cipher("aes128-gcm@openssh.com"),
    "aes256-gcm": Cipher("aes256-gcm@openssh.com"),
    "aes256-ctr": Cipher("aes256-ctr", "hmac-sha2-256-etm@openssh.com"),
    "chacha20": Cipher("chacha20-poly1305@openssh.com"),
}
"""By the name that results call them; the last is measured only when it is asked for."""
USUAL: Final = ("aes128-gcm", "aes256-gcm", "aes256-ctr")
FIRST: Final = "aes128-gcm"
"""The cipher of every measure that is not about ciphers."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of each thing one run does."""

    transfer: int = GIB
    """Bytes of one stream."""
    parallel: int = GIB
    """Bytes of all parallel streams together."""
    signons: int = 200
    signons_at_once: int = 4
    password_signons: int = 40
    small: int = 2_000
    listed: int = 50_000
    idle: int = 500
    accounts: int = 100_000
    decisions: int = 20_000
    stats: int = 2_000
    catalog: int = 260_000
    """Files of the catalog that is swept, so many that each of its sweeps destroys less than the 5 % that halt it."""
    due: int = 10_000
    """Files that one sweep destroys."""
    refusals: int = 60
    """Tries of each class of refused sign-on."""


FULL: Final = Sizes()
SHORT: Final = Sizes(
    transfer=64 * MIB,
    parallel=64 * MIB,
    signons=20,
    password_signons=5,
    small=100,
    listed=5_000,
    idle=20,
    accounts=5_000,
    decisions=2_000,
    stats=200,
    catalog=10_000,
    due=500,
    refusals=3,
)
