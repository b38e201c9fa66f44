"""How a command gets its server and gives its answer.

A command is a function from a desk and the words typed to an answer; the two decorators here do the
rest, the same for all: configuration, acting person and role, opening, closing, showing, exit code.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from mft.app.build import House, open_house
from mft.cli.acting import acting_option, config_option, json_option, operator
from mft.cli.configured import configuration
from mft.cli.show import Answer, show
from mft.model.session import Actor
from mft.model.staff import Act

Function = TypeVar("Function", bound=Callable[..., Any])

_DECLARED: Final = "declared_acts"
"""The attribute of a command's function that holds the acts it may do."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where an operator stands: the opened server, and who is acting."""

    house: House
    actor: Actor
    """With the role they act in."""
    file: Path
    """The configuration that the server was opened by."""


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


@contextmanager
def at_desk(config: Path | None, acting: str | None, acts: Collection[Act]) -> Iterator[Desk]:
    """Open the server for whoever is acting, if their role allows all of *acts*.  Raises Forbidden.

    The role is that of the operating system's user, whatever name was said with --as.
    """
    actor = operator(acting)
    loaded = configuration(config)
    with open_house(loaded.settings) as house:
        known = house.staff.require(actor, acts, click.get_current_context().command_path)
        yield Desk(house, known, loaded.file)


def operates(act: Act, **options: Act) -> Callable[[Callable[..., Answer]], Callable[..., None]]:
    """Make a command that does *act* on the opened server, in the acting person's name.

    *options* names the options that make it do more, each with the act that using it is:
    ``operates(Act.SEE_ACCOUNTS, kill=Act.CHANGE_ACCOUNTS)``.
    """

    def decorate(function: Callable[..., Answer]) -> Callable[..., None]:
        @config_option
        @acting_option
        @declares(act, *options.values())
        @wraps(function)
        def command(*args: Any, config: Path | None, acting: str | None, **kwargs: Any) -> Answer:
            acts = [act, *(more for option, more in options.items() if kwargs[option])]
            with at_desk(config, acting, acts) as desk:
                return function(desk, *args, **kwargs)

        return answers(command)

    return decorate


def declares(*acts: Act) -> Callable[[Function], Function]:
    """Note on a command's function the acts it may do, for whoever writes down who may run what."""

    def decorate(function: Function) -> Function:
        setattr(function, _DECLARED, frozenset(acts))
        return function

    return decorate


def declared(command: click.Command) -> frozenset[Act]:
    """Return the acts that *command* may do; none if it never opens the server for somebody."""
    found: frozenset[Act] = getattr(command.callback, _DECLARED, frozenset())
    return found
