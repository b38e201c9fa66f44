"""Passwords: how one becomes a verifier, and whether a secret matches one.

Argon2id, kept as a PHC string.  Never decides whether a password is good enough (mft.policy.passwords)
or what a match is worth (mft.policy.signon).  Every call takes *memory_kib* of memory and about a
fifth of a second: callers bound how many run at once.
"""

import base64
import os
import secrets
from typing import Final

from asyncssh.saslprep import SASLPrepError, saslprep
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from mft.model.errors import Invalid
from mft.model.ids import ALPHABET

_SALT: Final = 16  # RFC 9106, 3.1: enough for every password to have its own.
_LENGTH: Final = 32
_LANES: Final = 1
_GROUPS, _GROUP_LENGTH = 4, 5  # 20 characters of 5 bits.


class Passwords:
    """Makes and checks verifiers at one cost."""

    __slots__ = ("_memory_kib", "_parameters", "_passes", "_stranger")

    def __init__(self, memory_kib: int = 65536, passes: int = 3) -> None:
        """Take the cost: memory in KiB and passes over it."""
        self._memory_kib = memory_kib
        self._passes = passes
        self._parameters = f"$argon2id$v=19$m={memory_kib},t={passes},p={_LANES}$"
        # What a stranger's secret is compared with: as dear as any other, and matched by nothing.
        self._stranger = f"{self._parameters}{_b64(os.urandom(_SALT))}${_b64(os.urandom(_LENGTH))}"

    def seal(self, secret: str) -> str:
        """Return a fresh verifier of *secret*, which went through ``prepare``, as a PHC string."""
        kdf = Argon2id(
            salt=os.urandom(_SALT),
            length=_LENGTH,
            iterations=self._passes,
            lanes=_LANES,
            memory_cost=self._memory_kib,
        )
        return kdf.derive_phc_encoded(secret.encode())

    def matches(self, secret: str, verifier: str | None) -> bool:
        """Return whether *secret*, which went through ``prepare``, is the one *verifier* was made from.

        None, for an account without a password or no account at all, costs as much and never matches.
        Neither does a verifier that cannot be read.
        """
        try:
            Argon2id.verify_phc_encoded(secret.encode(), self._stranger if verifier is None else verifier)
        except (InvalidKey, ValueError):
            return False
        return verifier is not None

    def needs_rehash(self, verifier: str) -> bool:
        """Return whether *verifier* was made at another cost than this."""
        return not verifier.startswith(self._parameters)


def prepare(secret: str) -> str:
    """Return *secret* as SSH hands it over, so that every door means the same password (SASLprep, RFC 4013).

    Raises Invalid if it holds a character that no password can hold.
    """
    if secret.isascii() and secret.isprintable():
        return secret  # What SASLprep leaves as it is.
    try:
        return saslprep(secret)
    except SASLPrepError:
        raise Invalid("the password holds a character that cannot be used in one") from None


def new_temporary_password() -> str:
    """Return a fresh password of 100 random bits, ``xxxxx-xxxxx-xxxxx-xxxxx``, of letters nobody mistakes."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode().rstrip("=")
