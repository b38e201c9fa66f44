"""Who is acting, and on which server: what may stand before a command's name or behind it."""

import os
import pwd
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from mft.model.errors import Invalid
from mft.model.session import Actor, Door

DEFAULT_CONFIG: Final = Path("/etc/mft/mft.toml")
_LOGIN: Final = Path("/proc/self/loginuid")
_NOBODY: Final = 2**32 - 1
"""What the kernel says when nobody logged in."""


@dataclass(frozen=True, slots=True)
class Call:
    """What was said before the command's name: ``mft --as maria account unlock bob``."""

    config: Path | None
    acting: str | None


def person(named: str | None, environ: Mapping[str, str], user: str = "") -> str:
    """Return who is acting: --as, else who called sudo, else the user.  Raises Invalid.

    *user* is whom the process belongs to, for where USER is not set: containers and units.
    """
    found = (named or environ.get("SUDO_USER") or environ.get("USER") or user).strip()
    if not found:
        raise Invalid("nobody can be named as acting; say who with --as NAME")
    if not found.isprintable():
        raise Invalid("the acting person's name holds a control character; say who with --as NAME")
    return found


def said_before() -> Call:
    """Return what was said before the command's name."""
    found = click.get_current_context().find_object(Call)
    return found or Call(None, None)


def operator(named: str | None) -> Actor:
    """Return the acting person as the audit trail records them, with the system's user beside a name that was said."""
    name = person(named or said_before().acting, os.environ, _name_of(os.geteuid()))
    user = system_user(os.environ, _LOGIN, os.getuid())
    return Actor(Door.CLI, name, user="" if user == name else user)


def system_user(environ: Mapping[str, str], login: Path, process: int) -> str:
    """Return who logged in, else who called sudo, else whom the process belongs to: no option changes it.

    *login* is the kernel's note of who logged in, which stays through sudo and su; it holds no user in
    a container, where the environment has to be believed.
    """
    try:
        found = int(login.read_text())
    except (OSError, ValueError):
        found = _NOBODY
    if found == _NOBODY:
        called = environ.get("SUDO_UID", "")
        found = int(called) if called.isdecimal() else process
    return _name_of(found) or str(found)


def _name_of(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except (KeyError, OverflowError):
        return ""


def config_file(named: Path | None) -> Path:
    """Return the configuration file: --config behind the command, before it, MFT_CONFIG, the usual place.

    Raises Invalid for whoever was let in by sudo, not being root, and names another by an option: with a
    configuration of their own over the server's data they would say themselves which role they have.
    sudo lets nobody set MFT_CONFIG whom its rules do not allow it.
    """
    said = named or said_before().config
    if said not in {None, DEFAULT_CONFIG} and (os.environ.get("SUDO_UID") or "0") != "0":
        raise Invalid(f"through sudo there is no --config; leave it out to use {DEFAULT_CONFIG}, or work as root")
    return said or Path(os.environ.get("MFT_CONFIG") or DEFAULT_CONFIG)


def config_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command take --config."""
    kind = click.Path(path_type=Path, dir_okay=False)
    return click.option("--config", type=kind, metavar="FILE", help="Configuration; else MFT_CONFIG.")(function)


def acting_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command take --as."""
    return click.option("--as", "acting", metavar="NAME", help="Who is acting; else SUDO_USER, else USER.")(function)


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command take --json."""
    return click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")(function)
