"""Is this ID token one to rely on?  Signed by a key of the provider, in a way that we chose, for us, and fresh."""

import warnings
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError, SecurityWarning
from joserfc.jwk import KeySet

Claims = Mapping[str, Any]

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
"""What a signature may be made with: never what the token says of itself, never a secret that we share, never none."""
_KINDS: Final = frozenset({"RSA", "EC", "OKP"})
_NO_SENSE: Final = (ValueError, TypeError, KeyError, RecursionError)
"""What reading raises beside the library's own, where a word is of a kind that it cannot be, or nested without end."""
_CLOCKS_APART: Final = 60
"""Seconds that our clock and the provider's may differ."""
_LONGEST_LIFE: Final = 86400
"""Seconds since it was made after which nobody takes a token, whatever it says of its own end."""


class Unfit(Exception):
    """The token cannot be relied on; the text says why, for operators."""


class UnknownKey(Unfit):
    """It is signed by a key that the provider did not show us."""


def judge(token: str, keys: Mapping[str, Any], issuer: str, client_id: str, now: datetime) -> Claims:
    """Return what *token* says if it is signed by one of *keys*, from *issuer*, for *client_id*, and counts at *now*.

    Raises Unfit, and UnknownKey when newer keys may know it.
    """
    known = _keys(keys)
    try:
        with warnings.catch_warnings():
            # EdDSA has a new name (RFC 9864), which providers do not say yet.
            warnings.simplefilter("ignore", SecurityWarning)
            claims = jwt.decode(token, known, algorithms=list(ALGORITHMS)).claims
        _registry(issuer, client_id, now).validate(claims)
    except InvalidKeyIdError:
        raise UnknownKey("the ID token is signed by a key that the provider does not show") from None
    except (JoseError, *_NO_SENSE) as error:
        raise Unfit(f"the ID token is unfit: {type(error).__name__}: {str(error)[:200]}") from None
    _demand_for_us(claims, client_id)
    if claims["iat"] < now.timestamp() - _LONGEST_LIFE:
        raise Unfit("the ID token was made long ago")
    return claims


def _registry(issuer: str, client_id: str, now: datetime) -> jwt.JWTClaimsRegistry:
    return jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=_CLOCKS_APART,
        iss={"essential": True, "value": issuer},
        sub={"essential": True},  # And not empty.
        aud={"essential": True, "value": client_id},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True},
    )


def _demand_for_us(claims: Claims, client_id: str) -> None:
    """Raise Unfit for a token that was made for somebody else and names us beside (OpenID Connect Core, 3.1.3.7)."""
    audience = claims["aud"]
    party = claims.get("azp")
    if party is not None and party != client_id:
        raise Unfit("the ID token was made for another party: its azp is not us")
    if isinstance(audience, list) and len(audience) > 1 and party is None:
        raise Unfit("the ID token is for several and does not say for whom it was made")


def _keys(said: Mapping[str, Any]) -> KeySet:
    """Return the keys that can have signed: of a kind and for a use that we know; others are no concern of ours."""
    listed = said.get("keys")
    found = []
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict) and str(each.get("kty")) in _KINDS and each.get("use", "sig") == "sig":
            try:
                found.extend(KeySet.import_key_set({"keys": [each]}).keys)
            except (JoseError, *_NO_SENSE):
                continue  # A curve of tomorrow beside a key that we can use.
    if not found:
        raise Unfit("the provider shows no key that a signature can be checked by")
    return KeySet(found)
