"""Kinds of values that settings are made of, each with the check that belongs to it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from mft.model.errors import Invalid
from mft.model.network import AddressRange, parse_address
from mft.settings.quantities import Span


def _range(value: object) -> AddressRange:
    if isinstance(value, AddressRange):
        return value
    try:
        return AddressRange.parse(str(value))
    except Invalid as error:
        raise ValueError(str(error)) from None


def _address(text: str) -> str:
    if ":" in text:
        raise ValueError("is an IPv4 address; every rule about who may sign on speaks of IPv4 (fact 0.7)")
    try:
        return str(parse_address(text))
    except Invalid as error:
        raise ValueError(str(error)) from None


def _moment(value: object) -> object:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError("is a day or a moment, such as '2026-03-01' or '2026-03-01T12:00+00:00'") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _longer_than_nothing(span: timedelta) -> timedelta:
    if span <= timedelta(0):
        raise ValueError("is longer than nothing")
    return span


Network = Annotated[AddressRange, BeforeValidator(_range), PlainSerializer(str, return_type=str)]
Address = Annotated[str, AfterValidator(_address)]
Port = Annotated[int, Field(ge=0, le=65535)]
MaybePath = Annotated[
    Path | None,
    BeforeValidator(lambda value: None if value == "" else value),
    PlainSerializer(lambda value: "" if value is None else str(value), return_type=str),
]
"""A path, or none: empty in the file."""
MaybeMoment = Annotated[
    datetime | None,
    BeforeValidator(lambda value: _moment(value) if value else None),
    PlainSerializer(lambda value: "" if value is None else value.isoformat(), return_type=str),
]
"""A moment, or none: empty in the file.  A day alone is its beginning, and without an offset it is UTC."""
Lapse = Annotated[Span, AfterValidator(_longer_than_nothing)]
Count = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """What every table of the file has in common: no unknown key passes, no error shows a value."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True)
