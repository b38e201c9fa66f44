"""Writes ``docs/cli.md`` from the commands themselves: ``python -m mft.cli.reference > docs/cli.md``.

A test compares the committed page with what this returns.
"""

from collections.abc import Iterator
from typing import Final

import click

from mft.cli.exits import MEANINGS
from mft.cli.main import COMMANDS, cli

_OPENING: Final = """\
# The command line

Written from the program itself by `python -m mft.cli.reference > docs/cli.md`.

* **Configuration**: `--config FILE` before or behind the command, else `MFT_CONFIG`, else `/etc/mft/mft.toml`.
* **Who is acting** is recorded with everything that changes something: `--as NAME`, else `SUDO_USER`, else `USER`.
* **Secrets** are typed at a prompt or read from standard input with `--stdin`; they are never arguments. A temporary
  password is printed once, alone on standard output.
* **Answers** are tables on a terminal and aligned columns in a pipe; `--json` gives one JSON value with field names
  that stay. Times are UTC. Errors go to standard error: what went wrong, and what to do.
* **Paths** are the catalog's: `/Distribution/<organization>/…` and `/Partners/<organization>/Inbound|Outbound`.
* **Completion**: `eval "$(_MFT_COMPLETE=bash_source mft)"`, likewise `zsh_source`, `fish_source`.

Every command also takes `--help`; `--json`, `--config` and `--as` are listed here once and not again.

## Exit codes

| code | meaning |
| --- | --- |
"""

_SHARED: Final = frozenset({"as_json", "config", "acting"})


def render() -> str:
    """Return the page."""
    context = click.Context(cli, info_name="mft")
    codes = "".join(f"| {code} | {meaning} |\n" for code, meaning in MEANINGS.items())
    sections = "\n".join(section for name in COMMANDS for section in _family(context, name))
    return f"{_OPENING}{codes}\n{sections}"


def _family(above: click.Context, name: str) -> Iterator[str]:
    command = cli.get_command(above, name)
    if command is None:
        raise KeyError(name)
    yield f"## mft {name}\n"
    if isinstance(command, click.Group):
        yield f"{_help(command)}\n"
        yield from _members(click.Context(command, info_name=name, parent=above), command)
    else:
        yield from _described(command, click.Context(command, info_name=name, parent=above))


def _members(context: click.Context, group: click.Group) -> Iterator[str]:
    for name in sorted(group.commands):
        member = group.commands[name]
        inner = click.Context(member, info_name=name, parent=context)
        if isinstance(member, click.Group):
            yield from _members(inner, member)
        else:
            yield f"### {inner.command_path}\n"
            yield from _described(member, inner)


def _described(command: click.Command, context: click.Context) -> Iterator[str]:
    words = " ".join(
        argument.make_metavar(context) for argument in command.params if isinstance(argument, click.Argument)
    )
    options = [found for found in command.params if isinstance(found, click.Option) and found.name not in _SHARED]
    yield f"    {' '.join(filter(None, (context.command_path, '[OPTIONS]' if options else '', words)))}\n"
    yield f"{_help(command)}\n"
    records = [found.get_help_record(context) for found in options]
    lines = [f"* `{form}` {said}".rstrip() for form, said in filter(None, records)]
    if lines:
        yield "\n".join(lines) + "\n"


def _help(command: click.Command) -> str:
    return " ".join((command.help or "").split())


if __name__ == "__main__":
    click.echo(render(), nl=False)
