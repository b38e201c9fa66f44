"""What a command asks for while it runs: secrets, and whether to go on.

Secrets are typed at a prompt or come on standard input.  Never on the command line, where ps shows them.
"""

import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import click

from mft.model.errors import Invalid


def stdin_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command read its secret from standard input."""
    return click.option("--stdin", "from_stdin", is_flag=True, help="Read the secret from standard input.")(function)


def read_secret(prompt: str, *, from_stdin: bool) -> str:
    """Return the secret: the first line of standard input, or what is typed twice.  Raises Invalid."""
    if from_stdin:
        secret = sys.stdin.readline().rstrip("\r\n")
    else:
        secret = str(click.prompt(prompt, hide_input=True, confirmation_prompt=True, err=True))
    if not secret:
        raise Invalid("no secret was given; type it, or write it to standard input and say --stdin")
    return secret


def demand_yes(question: str) -> None:
    """Go on only if *question* is answered with yes.  Raises Invalid when no terminal is there to ask at."""
    try:
        click.confirm(question, abort=True, err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        click.echo(err=True)  # Nobody typed the end of the question's line.
        raise Invalid("nothing was done, since nobody said yes; say --yes where nobody can be asked") from None


def demand_no_password(url: str) -> None:
    """Raise Invalid if a database's address on the command line holds a password."""
    if urlsplit(url).password:
        raise Invalid("a password on the command line is seen by everybody; use a pgpass file or a systemd credential")
