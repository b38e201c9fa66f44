"""How a command gets its server and gives its answer.

A command is a function from a desk and the words typed to an answer; the two decorators here do the
rest, the same for all: configuration, acting person, opening, closing, showing, exit code.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Final

import click

from mft.app.build import House, open_house
from mft.cli import exits
from mft.cli.acting import acting_option, config_file, config_option, json_option, operator
from mft.cli.show import Answer, show
from mft.model.errors import Invalid
from mft.model.session import Actor
from mft.model.staff import Act
from mft.settings.load import Loaded, load

_DECLARED: Final = "declared_acts"
"""The attribute of a command's function that holds the acts it may do."""


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


def operates(act: Act, **options: Act) -> Callable[[Callable[..., Answer]], Callable[..., None]]:
    """Make a command that does *act* on the opened server, in the acting person's name.

    *options* names the options that make it do more, each with the act that using it is:
    ``operates(Act.SEE_ACCOUNTS, kill=Act.CHANGE_ACCOUNTS)``.
    """

    def decorate(function: Callable[..., Answer]) -> Callable[..., None]:
        @config_option
        @acting_option
        @wraps(function)
        def command(*args: Any, config: Path | None, acting: str | None, **kwargs: Any) -> Answer:
            actor = operator(acting)
            loaded = configuration(config)
            with open_house(loaded.settings) as house:
                return function(Desk(house, actor, loaded.file), *args, **kwargs)

        setattr(command, _DECLARED, frozenset({act, *options.values()}))
        return answers(command)

    return decorate


def declared(command: click.Command) -> frozenset[Act]:
    """Return the acts that *command* may do; none if it does not open the server by ``operates``."""
    found: frozenset[Act] = getattr(command.callback, _DECLARED, frozenset())
    return found
