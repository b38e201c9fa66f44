"""``mft demo``: a server with example data on this machine, and the check of its whole journey."""

import shlex
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from mft.cli import exits
from mft.cli.acting import json_option
from mft.cli.demo import house
from mft.cli.demo.check import Journey, walk
from mft.cli.demo.house import Stage, set_up
from mft.cli.demo.serving import LOG, Server, serving, usual_or_free_port
from mft.cli.demo.visitors import Address
from mft.cli.show import as_json_text
from mft.crypto.hostkeys import list_host_keys
from mft.model.errors import Conflict
from mft.settings.load import load

FOLDER: Final = Path("mft-demo")
_LOG_LINES: Final = 20


@click.command("demo")
@click.option("--dir", "folder", type=click.Path(path_type=Path, file_okay=False), help="Where; else ./mft-demo.")
@click.option(
    "--check", "checks", is_flag=True, help="Walk the whole journey as a client, in a folder of its own; exit 8."
)
@click.option("--port", type=click.IntRange(0, 65535), help="Another port, for this run; 0: one that is free.")
@json_option
def demo_command(folder: Path | None, checks: bool, port: int | None, as_json: bool) -> None:  # noqa: FBT001  (click passes by name)
    """Run a server with example data on this machine, or check the whole journey."""
    if checks:
        _check(folder, port or 0, as_json=as_json)
    else:
        _run((folder or FOLDER).absolute(), port, as_json=as_json)


def _stage(folder: Path, port: int) -> tuple[Stage, dict[str, str]]:
    """Return the example house in *folder*, made if it is not there, and its secrets if it was made."""
    stage = Stage(folder)
    if stage.complete:
        return stage, {}
    if folder.exists() and any(folder.iterdir()):
        raise Conflict(f"{folder} holds something else, or was left half made; remove it, or name another with --dir")
    click.echo(f"making the example house in {folder} …", err=True)
    return set_up(folder, port)


def _check(folder: Path | None, port: int, *, as_json: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="mft-demo-") as own:
        stage, _ = _stage((folder or Path(own, "house")).absolute(), 0)
        with serving(stage, port) as server:
            taken = []
            for step in walk(Journey(stage, Address(server.port, _fingerprint(stage)))):
                taken.append({"step": step.name, "passed": step.passed, "said": step.said})
                if not as_json:
                    click.echo(f"{'✓' if step.passed else '✗'} {len(taken)}. {step.name}: {step.said}")
            failed = not taken[-1]["passed"]
            if failed:
                log = (stage.folder / LOG).read_text("utf-8", "replace").splitlines()[-_LOG_LINES:]
                click.echo("\n".join(log), err=True)
    if as_json:
        click.echo(as_json_text(taken))
    if failed:
        exits.tell(f"the check failed at: {taken[-1]['step']}", "above is the end of the server's log")
        sys.exit(exits.CHECK_FAILED)
    if not as_json:
        click.echo("the main job works")


def _fingerprint(stage: Stage) -> str:
    return list_host_keys(load(stage.config, {}).settings.sftp.host_keys)[0].fingerprint


def _run(folder: Path, port: int | None, *, as_json: bool) -> None:
    stage, secrets = _stage(folder, usual_or_free_port())
    try:
        with _ended_by_signals(), serving(stage, port) as server:
            _tell(_facts(stage, server, secrets), as_json=as_json)
            status = server.wait()
    except KeyboardInterrupt:
        click.echo("\nstopped; mft demo resumes", err=True)
        return
    sys.exit(status)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let SIGTERM end the demonstration as Ctrl-C does."""

    def end(_number: int, _frame: object) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _facts(stage: Stage, server: Server, secrets: Mapping[str, str]) -> dict[str, Any]:
    """Return what there is to type, and each secret once."""
    people = []
    for name, said in _WHO.items():
        key = f"-i {shlex.quote(_shown(stage.key_of(name)))} " if house.PEOPLE[name].has_key else ""
        line = f"sftp -P {server.port} {key}{name}@127.0.0.1"
        people.append({"name": name, "who": said, "type": line, "password": secrets.get(name)})
    return {
        "port": server.port,
        "host_key": _fingerprint(stage),
        "config": str(stage.config),
        "log": str(stage.folder / LOG),
        "people": people,
        "operator": f"MFT_CONFIG={shlex.quote(_shown(stage.config))} {_program()}",
    }


def _tell(facts: Mapping[str, Any], *, as_json: bool) -> None:
    """Print *facts*; not as a table that a narrow terminal would fold, since lines are copied from it."""
    if as_json:
        click.echo(as_json_text(facts))
        return
    click.echo(f"\nExample Health listens on 127.0.0.1:{facts['port']}, for this machine only.")
    click.echo(f"Host key: {facts['host_key']}\n")
    width = max(len(one["type"]) for one in facts["people"])
    for one in facts["people"]:
        password = f"password: {one['password']}" if one["password"] else ""
        click.echo(f"  {one['who']}\n    {one['type'].ljust(width)}  {password}".rstrip() + "\n")
    operator = facts["operator"]
    click.echo("  operator")
    click.echo(f"    {operator} file ls /Distribution/{house.NORTHWIND}/Rosters")
    click.echo(f"    {operator} signon explain CODE")
    click.echo(f"    {operator} account temp-password {house.DELEGATE}")
    if not any(one["password"] for one in facts["people"]):
        click.echo("\nPasswords were shown once; the last line makes a new one.")
    click.echo(f"\nThe log is {facts['log']}.  Ctrl-C stops the server; mft demo resumes it.")


_WHO: Final = {
    house.DELEGATE: "delegate, who must change the temporary password (48 hours)",
    house.PARTNER: "trading partner with an SSH key, /Inbound and /Outbound",
    house.ELSEWHERE: "delegate whose address list does not admit you",
    house.NEARLY_PURGED: "delegate who last signed on 115 days ago; purged after 120",
}


def _program() -> str:
    """Return how this program is called here."""
    return "mft" if shutil.which("mft") else shlex.quote(_shown(Path(sys.argv[0]).absolute()))


def _shown(path: Path) -> str:
    """Return *path* as short as it can be typed here."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
