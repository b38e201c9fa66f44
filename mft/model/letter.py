"""Letters: mail that the server owes somebody.  Never holds what is in a file, nor a secret that opens anything alone.

The one-time links are the exception that mail is for: they end after half an hour, want a second
factor besides, and are forgotten here once they are sent.
"""

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
