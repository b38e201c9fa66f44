"""What a form brought: plain fields, bounded, and bound to the visit that was shown the form."""

import asyncio
import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import Final
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from mft.model.errors import Forbidden, Invalid

TOKEN: Final = "form_token"  # noqa: S105  (a field's name)
_MOST_FIELDS: Final = 100
_ARRIVES_WITHIN: Final = 30.0
"""Seconds; a body that trickles in holds a connection."""

Fields = Mapping[str, str]
"""By name; of a name that came twice the first counts."""


class Unreadable(Invalid):
    """The form cannot be read, or holds what no field may hold."""


class StaleForm(Forbidden):
    """The form is too old, or was not shown to this browser."""


def token_for(cookie: str) -> str:
    """Return the token of every form shown to the visit with *cookie*: nothing of it is stored."""
    return hmac.digest(cookie.encode(), b"form", sha256).hex()


async def read_form(request: Request, cookie: str | None) -> Fields:
    """Return the fields of *request*, whose form was shown to the visit with *cookie*.

    Raises Unreadable, StaleForm.
    """
    try:
        async with asyncio.timeout(_ARRIVES_WITHIN):
            body = await request.body()
    except TimeoutError:
        raise HTTPException(408) from None
    fields = _parsed(body)
    shown = fields.pop(TOKEN, "")
    if cookie is None or not hmac.compare_digest(shown.encode(), token_for(cookie).encode()):
        raise StaleForm("the form's token is not this visit's")
    return fields


def _parsed(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            max_num_fields=_MOST_FIELDS,
            errors="strict",
        )
    except ValueError:
        raise Unreadable("the body is no form") from None
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(name, value)
    if any("\0" in value for value in fields.values()):
        raise Unreadable("a field holds NUL")
    return fields
