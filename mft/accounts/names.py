"""One way to read a user name, for every door.

SSH brings names through SASLprep before anybody sees them (RFC 4252, 4), so a full-width letter or a
soft hyphen arrives as plain ASCII there.  The portal and the CLI come through here too, so that no
two doors disagree on who somebody is.
"""

import hmac
import string
from typing import Final

from mft.crypto.passwords import prepare
from mft.model.account import checked_account_name
from mft.model.errors import Invalid

LONGEST_TYPED: Final = 256
_SHOWN: Final = frozenset(string.ascii_letters + string.digits + "._@-")
_MARK: Final = 8
"""Hexadecimal digits that tell one wrong name from another."""


def account_name(typed: str) -> str | None:
    """Return the user name that *typed* means, or None if no account can be called so."""
    if len(typed) > LONGEST_TYPED:
        return None
    try:
        return checked_account_name(prepare(typed))
    except Invalid:
        return None


class Veil:
    """Shows the trail a name that no account has so that it can be recognised and not read.

    People type their password into the wrong field; the trail is kept for years and read by many.
    """

    def __init__(self, key: bytes) -> None:
        """Mark names by *key*, which whoever reads the trail must not have: a mark alone could be guessed at."""
        self._key = key

    def over(self, typed: str) -> str:
        """Return what may be kept of *typed*: two characters, the length, and a mark equal for equal names."""
        meant = account_name(typed) or typed
        mark = hmac.digest(self._key, meant.encode("utf-8", "backslashreplace"), "sha256").hex()[:_MARK]
        begin = "".join(ch if ch in _SHOWN else "?" for ch in typed[:2])
        return f"{begin}… ({len(typed)} characters #{mark})"
