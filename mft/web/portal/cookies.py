"""The one cookie: it names the visit, is sent over TLS to this host only, and no script reads it."""

from typing import Final

from starlette.responses import Response

COOKIE: Final = "__Host-mft"
_LONGEST: Final = 128


def token_of(value: str | None) -> str | None:
    """Return the token in the cookie's *value*; None for what cannot be one, so that no room is asked about it."""
    return value if value and len(value) <= _LONGEST and value.isascii() and value.isprintable() else None


def give(response: Response, token: str) -> Response:
    """Let the browser keep *token* until it is closed."""
    response.set_cookie(COOKIE, token, path="/", secure=True, httponly=True, samesite="lax")
    return response


def take_away(response: Response) -> Response:
    """Let the browser forget the token."""
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return response
