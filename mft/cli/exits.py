"""What an exit code means, and how an error reads.  The one table from errors to codes."""

from typing import Final

import click

from mft.cli.show import printable
from mft.model.errors import Conflict, Exhausted, Forbidden, Invalid, MftError, NotFound, Unavailable

OK: Final = 0
REFUSED: Final = 1
USAGE: Final = 2
CONFIGURATION: Final = 3
NOT_FOUND: Final = 4
CONFLICT: Final = 5
DEPENDENCY: Final = 6
PARTIAL: Final = 7
CHECK_FAILED: Final = 8
INTERRUPTED: Final = 130

MEANINGS: Final = {
    OK: "done",
    REFUSED: "refused: the rules do not allow it, or a limit was reached",
    USAGE: "the command was not understood, or what was given cannot be what was meant",
    CONFIGURATION: "the configuration is missing or wrong",
    NOT_FOUND: "there is nothing of that name",
    CONFLICT: "something of that name is there already, or it changed meanwhile",
    DEPENDENCY: "something needed did not answer: database, disk, key, network",
    PARTIAL: "some of it failed; what failed is listed",
    CHECK_FAILED: "a check failed: doctor, audit verify, demo --check",
    INTERRUPTED: "interrupted with Ctrl-C",
}


class Misconfigured(MftError):
    """The configuration is missing or wrong, so that nothing can be opened."""


_CODES: Final[tuple[tuple[type[MftError], int, str], ...]] = (
    (Misconfigured, CONFIGURATION, "see mft config check, or make a new directory with mft init"),
    (Invalid, USAGE, "correct what was given and run the command again; --help shows its form"),
    (NotFound, NOT_FOUND, "check the name; mft folder tree shows the folders, mft file ls PATH what is in one"),
    (Forbidden, REFUSED, "ask for the right, or another person, that the rule asks for"),
    (Conflict, CONFLICT, "look at what is there now and decide again"),
    (Exhausted, REFUSED, "raise the limit or free what it counts"),
    (Unavailable, DEPENDENCY, "see mft doctor"),
)
"""Each error, its code, and what to do next where the error itself does not say."""


def code_of(error: MftError) -> int:
    """Return the exit code for *error*."""
    return next((code for kind, code, _ in _CODES if isinstance(error, kind)), REFUSED)


def wording(error: MftError) -> tuple[str, str]:
    """Return what went wrong and what to do next; our errors say both, parted by a semicolon."""
    what, semicolon, advice = str(error).partition("; ")
    if semicolon and "\n" not in str(error):
        return what, advice
    return str(error), next((usual for kind, _, usual in _CODES if isinstance(error, kind)), "see mft doctor")


def tell(what: str, advice: str) -> None:
    """Write an error where it does not mix with answers; several lines are several errors.

    What was refused may be quoted in it, and may hold a terminal's control sequences.
    """
    for line in what.splitlines():
        click.echo(f"error: {printable(line)}", err=True)
    click.echo(f"  do: {printable(advice)}", err=True)
