"""One way to read a user name, for every door.

SSH brings names through SASLprep before anybody sees them (RFC 4252, 4), so a full-width letter or a
soft hyphen arrives as plain ASCII there.  The portal and the CLI come through here too, so that no
two doors disagree on who somebody is.
"""

import re
from typing import Final

from mft.crypto.passwords import prepare
from mft.model.account import checked_account_name
from mft.model.errors import Invalid

LONGEST_TYPED: Final = 256
_NEARLY_A_NAME: Final = re.compile(r"[A-Za-z0-9._@ -]{1,64}", re.ASCII)


def account_name(typed: str) -> str | None:
    """Return the user name that *typed* means, or None if no account can be called so."""
    if len(typed) > LONGEST_TYPED:
        return None
    try:
        return checked_account_name(prepare(typed))
    except Invalid:
        return None


def name_for_the_trail(typed: str) -> str:
    """Return *typed* as the trail may hold it: people type their password into the wrong field."""
    known = account_name(typed)
    if known is not None:
        return known
    return typed if _NEARLY_A_NAME.fullmatch(typed) else "(not a user name)"
