"""What a form brought: plain fields, bounded, and bound to the visit that was shown the form."""

import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from mft.model.errors import Forbidden, Invalid

TOKEN: Final = "form_token"  # noqa: S105  (a field's name)
_MOST_FIELDS: Final = 100

Fields = Mapping[str, str]
"""By name; of a name that came twice the first counts."""


def token_for(cookie: str) -> str:
    """Return the token of every form shown to the visit with *cookie*: nothing of it is stored."""
    return hmac.digest(cookie.encode(), b"form", sha256).hex()


async def read_form(request: Request, cookie: str | None) -> Fields:
    """Return the fields of *request*, whose form was shown to the visit with *cookie*.

    Raises Invalid when they cannot be read, Forbidden when the form was not shown to this visit.
    """
    raw = await request.body()
    try:
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(raw),
            max_num_fields=_MOST_FIELDS,
            errors="strict",
        )
    except ValueError:
        raise Invalid("the form could not be read; go back and send it again") from None
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(name, value)
    if any("\0" in value for value in fields.values()):
        raise Invalid("the form holds a character that no field may hold; type it anew")
    shown = fields.pop(TOKEN, "")
    if cookie is None or not hmac.compare_digest(shown.encode(), token_for(cookie).encode()):
        raise Forbidden("the form is too old or was not shown to this browser; go back and send it again")
    return fields
