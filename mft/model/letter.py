"""Letters: mail that the server owes somebody.  Never holds a secret or what is in a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mft.model.ids import AccountId

FieldValue = str | int | Sequence[str]
"""What a template's word is replaced with; several lines are a sequence."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter before it is written: which template, to whom, and its words."""

    template: str
    """The name of a file in the folder of templates, without its ending."""
    recipient: str
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    account: AccountId | None = None
    """About whom, if about one: forgotten with them."""
