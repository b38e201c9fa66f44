"""What the demonstration prints: addresses, what to type, and each secret once."""

import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click

from mft.cli.demo import house
from mft.cli.demo.house import Secrets, Stage
from mft.cli.demo.serving import LOG, Server
from mft.crypto.tls import fingerprint

_WHO: Final = {
    house.DELEGATE: "delegate, who must replace the temporary password within 48 hours, here or in the portal",
    house.SUBMITTER: "trading partner, who signs in to the portal and sets SFTP up with the directory password",
    house.PARTNER: "trading partner's batch job with an SSH key, /Inbound and /Outbound",
    house.ELSEWHERE: "delegate whose address list does not admit you",
    house.NEARLY_PURGED: "delegate who last signed on 115 days ago; purged after 120",
}
OPERATORS: Final = {
    f"file ls /Distribution/{house.NORTHWIND}/Rosters": "what there is to fetch",
    "signon explain CODE": "why somebody was refused",
    f"account temp-password {house.DELEGATE}": "another temporary password",
    f"account set-password {house.SUBMITTER}": "another password for the portal",
    f"directory trial passwd {house.USER_ID}": "another in the directory: SFTP has to be set up again",
    f"setup resync {house.SUBMITTER}": "let the server see that now; by itself it looks within 15 minutes",
}
"""What an operator may try, and what it is for."""


def facts_of(stage: Stage, server: Server, certificate: Path, host_key: str, secrets: Secrets) -> dict[str, Any]:
    """Return what there is to type, and each secret once."""
    return {
        "portal": server.portal,
        "certificate": str(certificate),
        "certificate_sha256": fingerprint(certificate),
        "port": server.port,
        "host_key": host_key,
        "config": str(stage.config),
        "log": str(stage.folder / LOG),
        "people": [_person(stage, server, name, secrets) for name in _WHO],
        "code": _demo(stage, "--code"),
        "program": _program(),
    }


def _person(stage: Stage, server: Server, name: str, secrets: Secrets) -> dict[str, Any]:
    person = house.PEOPLE[name]
    key = f"-i {shlex.quote(_shown(stage.key_of(name)))} " if person.has_key else ""
    facts: dict[str, Any] = {
        "name": name,
        "who": _WHO[name],
        "type": f"sftp -P {server.port} {key}{name}@127.0.0.1",
        "password": secrets.passwords.get(name),
    }
    if person.user_id:
        facts |= {"user_id": person.user_id, "directory_password": secrets.directory or None}
    return facts


def tell(facts: Mapping[str, Any]) -> None:
    """Print *facts*; not as a table that a narrow terminal would fold, since lines are copied from it."""
    click.echo("\n".join(_lines(facts)))


def _lines(facts: Mapping[str, Any]) -> Iterator[str]:
    yield "\nExample Health serves this machine only:\n"
    yield f"  portal  {facts['portal']}"
    yield "          The browser warns, since a trial's certificate vouches for itself; go on if its SHA-256 is"
    yield f"          {facts['certificate_sha256']}"
    yield f"  SFTP    127.0.0.1, port {facts['port']}, host key {facts['host_key']}\n"
    width = max(len(one["type"]) for one in facts["people"])
    for one in facts["people"]:
        yield f"  {one['who']}"
        yield from _steps(one, facts) if "user_id" in one else _line(one, width)
        yield ""
    yield from _operators(facts)


def _line(one: Mapping[str, Any], width: int) -> Iterator[str]:
    password = f"password: {one['password']}" if one["password"] else ""
    yield f"    {one['type'].ljust(width)}  {password}".rstrip()


def _steps(one: Mapping[str, Any], facts: Mapping[str, Any]) -> Iterator[str]:
    """Say what the trial person does, in order."""
    yield f"    1. Open {facts['portal']} and sign in:"
    yield from _typed("User name", one["name"])
    yield from _typed("Password", one["password"])
    yield from _typed("Code", f"{facts['code']}   (in another terminal, in this folder)")
    yield "    2. Choose SFTP Account Setup/Update there, tick the box, and type what the directory knows:"
    yield from _typed("User ID", one["user_id"])
    yield from _typed("Password", one["directory_password"])
    yield f"    3. {one['type']}   with the directory's password"


def _typed(label: str, said: str | None) -> Iterator[str]:
    yield f"         {label.ljust(9)}  {said or 'shown once; see below'}"


def _operators(facts: Mapping[str, Any]) -> Iterator[str]:
    yield f"  operator, in another terminal: export MFT_CONFIG={shlex.quote(_shown(Path(facts['config'])))}"
    width = max(map(len, OPERATORS))
    for words, what in OPERATORS.items():
        yield f"    {facts['program']} {words.ljust(width)}  {what}"
    if not any(one["password"] for one in facts["people"]):
        yield "\nPasswords were shown once; three of these lines make other ones."
    yield f"\nThe log is {facts['log']}.  Ctrl-C stops the server; mft demo resumes it."


def _demo(stage: Stage, words: str) -> str:
    """Return how the demonstration in the folder of *stage* is called with *words*."""
    named = "" if stage.folder == Path("mft-demo").absolute() else f"--dir {shlex.quote(_shown(stage.folder))} "
    return f"{_program()} demo {named}{words}"


def _program() -> str:
    """Return how this program is called here."""
    if shutil.which("mft"):
        return "mft"
    called = Path(sys.argv[0]).absolute()
    if called.stem == "__main__":
        return f"{shlex.quote(_shown(Path(sys.executable)))} -m mft"
    return shlex.quote(_shown(called))


def _shown(path: Path) -> str:
    """Return *path* as short as it can be typed here."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
