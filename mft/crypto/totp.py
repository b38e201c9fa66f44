"""Codes of an authenticator (RFC 6238): SHA-1, six digits, 30 seconds, as every authenticator has them.

Whether a code was used before is not known here: a match names its step, and whoever keeps the steps
says whether it is a new one.  Recovery codes, for when the authenticator is lost, are made here too.
"""

import base64
import hmac
import secrets
from datetime import datetime
from hashlib import sha256
from typing import Final

import pyotp

from mft.crypto.master import MasterKey
from mft.model.file import SealedKey
from mft.model.ids import ALPHABET

_SECRET: Final = 20
"""Bytes; RFC 4226, 4 (R6) wants 160 bits."""
_STEP: Final = 30
_DIGITS: Final = 6
_ASTRAY: Final = (0, -1, 1)
"""Steps that a clock may be off, the likeliest first."""
_GROUPS, _GROUP = 4, 4  # 16 characters of 5 bits.
_SLIPS: Final = str.maketrans({"o": "0", "i": "1", "l": "1", "-": None, " ": None})


def new_totp_secret() -> bytes:
    """Return a fresh secret, 160 random bits."""
    return secrets.token_bytes(_SECRET)


def typed_secret(secret: bytes) -> str:
    """Return *secret* as people type it into an authenticator that cannot take a picture: base 32."""
    return base64.b32encode(secret).decode()


def provisioning_uri(secret: bytes, name: str, issuer: str) -> str:
    """Return the ``otpauth://`` address that an authenticator takes from a QR code."""
    return _of(secret).provisioning_uri(name=name, issuer_name=issuer)


def code_at(secret: bytes, at: datetime) -> str:
    """Return the code of *secret* at that moment."""
    return _of(secret).at(at)


def matching_step(secret: bytes, code: str, at: datetime, after: int | None) -> int | None:
    """Return the step whose code is *code*, at most one off from the step of *at*; None if there is none.

    Steps up to *after* were used, or lie before one that was: they match nothing.
    """
    here = int(at.timestamp()) // _STEP
    found = None
    for step in (here + astray for astray in _ASTRAY):
        same = hmac.compare_digest(_of(secret).at(step * _STEP).encode(), code.encode())
        if same and found is None and (after is None or step > after):
            found = step
    return found


def new_recovery_code() -> str:
    """Return a fresh recovery code of 80 random bits, ``xxxx-xxxx-xxxx-xxxx``, of letters nobody mistakes."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))


def recovery_digest(code: str) -> bytes:
    """Return what is kept of a recovery code, as made or as typed with the usual slips."""
    return sha256(code.lower().translate(_SLIPS).encode()).digest()


def sealed_secret(master: MasterKey, secret: bytes) -> str:
    """Return *secret* wrapped by *master*, as text."""
    sealed = master.wrap(secret)
    return f"{sealed.master}:{sealed.wrapped.hex()}"


def opened_secret(master: MasterKey, text: str) -> bytes:
    """Return the secret in *text*.  Raises Unavailable if it cannot be unwrapped."""
    generation, _, wrapped = text.partition(":")
    return master.unwrap(SealedKey(bytes.fromhex(wrapped), generation))


def _of(secret: bytes) -> pyotp.TOTP:
    return pyotp.TOTP(typed_secret(secret), digits=_DIGITS, interval=_STEP)
