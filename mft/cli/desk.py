"""How a command gets its server and gives its answer.

A command is a function from a desk and the words typed to an answer; the two decorators here do the
rest, the same for all: configuration, acting person, opening, closing, showing, exit code.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from mft.app.build import House, open_house
from mft.cli import exits
from mft.cli.acting import acting_option, config_file, config_option, json_option, operator
from mft.cli.show import Answer, show
from mft.model.errors import Invalid
from mft.model.session import Actor
from mft.settings.load import Loaded, load


@dataclass(frozen=True, slots=True)
class Desk:
    """Where an operator stands: the opened server, and who is acting."""

    house: House
    actor: Actor
    file: Path
    """The configuration that the server was opened by."""


def configuration(named: Path | None) -> Loaded:
    """Return the configuration that was named.  Raises Misconfigured."""
    try:
        return load(config_file(named))
    except Invalid as error:
        raise exits.Misconfigured(str(error)) from None


def answers(function: Callable[..., Answer]) -> Callable[..., None]:
    """Make a command of *function*: show what it returns, as asked for, and exit with its code."""

    @json_option
    @click.pass_context
    @wraps(function)
    def command(context: click.Context, /, *args: Any, as_json: bool, **kwargs: Any) -> None:
        answer = function(*args, **kwargs)
        show(answer, as_json=as_json)
        context.exit(answer.code)

    return command


def operates(function: Callable[..., Answer]) -> Callable[..., None]:
    """Make a command of *function* that works on the opened server, in the acting person's name."""

    @config_option
    @acting_option
    @wraps(function)
    def command(*args: Any, config: Path | None, acting: str | None, **kwargs: Any) -> Answer:
        actor = operator(acting)
        loaded = configuration(config)
        with open_house(loaded.settings) as house:
            return function(Desk(house, actor, loaded.file), *args, **kwargs)

    return answers(command)
