"""What a page says when something went wrong: fixed sentences by the kind of error, never its own text.

The log has the rest, under the reference that the page shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mft.model.errors import Conflict, Exhausted, Forbidden, Invalid, MftError, NotFound, Unavailable
from mft.web.portal.forms import StaleForm, Unreadable
from mft.web.portal.limits import TOO_LONG
from mft.web.portal.welcome import KeptOut


@dataclass(frozen=True, slots=True)
class Told:
    """What the page says."""

    status: int
    title: str
    text: str


_NOT_THERE: Final = Told(404, "There is no such page", "Check the address, or begin again at Home.")
_BROKEN: Final = Told(500, "Something went wrong", "It was recorded. Try again in a moment.")

_OF_ERRORS: Final[Mapping[type[MftError], Told]] = {
    Unreadable: Told(
        400,
        "The form could not be read",
        "It holds something that no field may hold. Go back, type it anew and send it again.",
    ),
    StaleForm: Told(
        403,
        "The form is too old",
        "It was shown too long ago, or not to this browser. Open the page again and send the form anew.",
    ),
    Invalid: Told(400, "This could not be understood", "Go back, check what you typed and send it again."),
    NotFound: _NOT_THERE,
    Forbidden: Told(403, "This is not open to you", "If you think that it should be, ask for help."),
    Conflict: Told(
        409, "Something changed meanwhile", "Nothing was done. Open the page again and look at how it is now."
    ),
    KeptOut: Told(
        429,
        "Wait a few minutes",
        "Too much that was typed to sign in from your network was refused lately. Try again in a few minutes.",
    ),
    Exhausted: Told(429, "A limit was reached", "Nothing was done. Try again later."),
    Unavailable: Told(503, "Not available at the moment", "Nothing was done. Try again in a few minutes."),
    MftError: _BROKEN,
}
_OF_STATUS: Final[Mapping[int, Told]] = {
    404: _NOT_THERE,
    405: Told(405, "This cannot be done here", "Open the page again and use what it offers."),
    408: Told(408, "The form did not arrive in time", "Nothing was done. Send it again."),
    413: Told(413, "The form is too long", TOO_LONG),
}


def told_of(error: MftError) -> Told:
    """Return what is said of *error*: of the nearest kind that the table knows."""
    return next(_OF_ERRORS[kind] for kind in type(error).__mro__ if kind in _OF_ERRORS)


def told_of_status(status: int) -> Told:
    """Return what is said when the web's own machinery refuses with *status*."""
    return _OF_STATUS.get(status, _BROKEN)
