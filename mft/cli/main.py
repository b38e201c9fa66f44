"""``mft``: what an operator types.

Knows the commands by name and loads a family's module when one of its commands is called, so that
``mft --help`` and shell completion cost no more than click.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from mft import __version__
from mft.cli import exits
from mft.cli.acting import Call, acting_option, config_option
from mft.model.errors import MftError

COMMANDS: Final = {
    "demo": ("mft.cli.demo.command", "Run a server with example data on this machine, or check the whole journey."),
    "init": ("mft.cli.server", "Make a server's directory: configuration, keys and database."),
    "serve": ("mft.cli.serve", "Run the server in the foreground until a signal ends it."),
    "doctor": ("mft.cli.server", "Check ports, permissions, clock, keys, database and an own sign-on."),
    "config": ("mft.cli.config", "Check or show the configuration, or write an example of one."),
    "db": ("mft.cli.database", "Bring the database's schema up to date."),
    "backup": ("mft.cli.backup", "Make backups, and keep track of which still exist."),
    "restore": ("mft.cli.backup", "Make a server's directory from a backup."),
    "org": ("mft.cli.organizations", "Organizations: delegates, partners, providers and the payer."),
    "account": ("mft.cli.accounts", "Accounts, their passwords, keys and sessions."),
    "request": ("mft.cli.requests", "Access requests: to add or remove access, or to add addresses."),
    "review": ("mft.cli.reviews", "Recertifications: who still needs their account."),
    "allow": ("mft.cli.allowlists", "Addresses that an account may sign on from."),
    "folder": ("mft.cli.folders", "Folders of the tree and the rights on them."),
    "file": ("mft.cli.files", "Files of the tree, through the same rules as everybody."),
    "retention": ("mft.cli.retention", "Look at what retention will remove, let it go, and hold what must stay."),
    "simulate": ("mft.cli.simulate", "Show what will happen day by day if nobody does anything."),
    "staff": ("mft.cli.staff", "Who runs the server and as what, and which role may do what."),
    "directory": (
        "mft.cli.directory",
        "Ask the directory where people's passwords live, and keep the trial directory.",
    ),
    "setup": ("mft.cli.setups", "SFTP Account Setup/Update: people whose password lives in the directory."),
    "signon": ("mft.cli.signons", "Explain why a sign-on was refused."),
    "penalty": ("mft.cli.penalties", "Addresses that are kept out for a while after offences."),
    "mail": ("mft.cli.mail", "Letters on their way out, and whether mail can be sent."),
    "jobs": ("mft.cli.jobs", "Scheduled work: when it is due, what it did, and doing it now."),
    "report": ("mft.cli.reports", "Who has access, what ends soon, what was moved, what nobody fetched."),
    "audit": ("mft.cli.audit", "Follow, search, export and verify the audit trail."),
    "keys": ("mft.cli.keys", "Host keys, and the master key that seals files."),
}
"""Each command: the module it lives in and the line that ``mft --help`` shows for it."""


class Families(click.Group):
    """The root command: loads the module of the command that was called, and no other."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        """Return the commands in the order an operator meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Load and return the command called *cmd_name*."""
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(COMMANDS[cmd_name][0]), f"{cmd_name}_command")
        if not isinstance(command, click.Command):
            raise TypeError(f"{cmd_name} is no command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands from the table, without loading one."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a reader that leaves a pipe (``mft audit export | head``) is no failure."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # Whatever is still buffered goes nowhere, or the interpreter would complain at its exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return exits.OK

    def main(self, args: Sequence[str] | None = None, **extra: Any) -> NoReturn:  # type: ignore[override]
        """Run a command and exit: every way to fail has its code and reads the same."""
        extra |= {"standalone_mode": False, "prog_name": "mft"}
        try:
            sys.exit(super().main(args, **extra) or exits.OK)
        except MftError as error:
            exits.tell(*exits.wording(error))
            sys.exit(exits.code_of(error))
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(exits.USAGE)
        except click.ClickException as error:
            exits.tell(error.format_message(), f"see {_path(error)} --help")
            sys.exit(error.exit_code)
        except (KeyboardInterrupt, click.Abort):
            click.echo("interrupted", err=True)
            sys.exit(exits.INTERRUPTED)
        except UnicodeEncodeError:
            exits.tell("what was given is no text in UTF-8", "type it again in a terminal that is set to UTF-8")
            sys.exit(exits.USAGE)
        except OSError as error:
            exits.tell(
                f"{error.filename or 'the system'}: {error.strerror or error}", "check the path and its permissions"
            )
            sys.exit(exits.DEPENDENCY)


def _path(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return context.command_path if context else "mft"


@click.group(cls=Families, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="mft", message="%(prog)s %(version)s")
@config_option
@acting_option
@click.pass_context
def cli(context: click.Context, config: Path | None, acting: str | None) -> None:
    """Operate a managed file transfer server for health plans and their partners.

    The configuration is found by --config, by MFT_CONFIG, or in /etc/mft/mft.toml.
    """
    context.obj = Call(config, acting or os.environ.get("MFT_AS"))
