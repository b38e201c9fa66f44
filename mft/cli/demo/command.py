"""``mft demo``: a server with example data on this machine, and the check of its whole journey."""

import shlex
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NoReturn

import click

from mft.cli import exits
from mft.cli.demo import house
from mft.cli.demo.check import Journey, StepFailed, walk
from mft.cli.demo.house import Stage, set_up
from mft.cli.demo.serving import LOG, Server, serving, usual_or_free_port
from mft.cli.demo.visitors import Address
from mft.cli.show import Rows, show
from mft.crypto.hostkeys import list_host_keys
from mft.model.errors import Conflict
from mft.settings.load import load

FOLDER: Final = Path("mft-demo")


@click.command("demo")
@click.option("--dir", "folder", type=click.Path(path_type=Path, file_okay=False), help="Where; else ./mft-demo.")
@click.option(
    "--check", "checks", is_flag=True, help="Walk the whole journey as a client, in a folder of its own; exit 8."
)
def demo_command(folder: Path | None, checks: bool) -> None:  # noqa: FBT001  (click passes by name)
    """Run a server with example data on this machine, or check the whole journey."""
    if checks:
        _check(folder)
    else:
        _run((folder or FOLDER).absolute())


def _stage(folder: Path, port: int) -> tuple[Stage, dict[str, str]]:
    """Return the example house in *folder*, made if it is not there, and its secrets if it was made."""
    stage = Stage(folder)
    if stage.complete:
        return stage, {}
    if folder.exists() and any(folder.iterdir()):
        raise Conflict(f"{folder} holds something else, or was left half made; remove it, or name another with --dir")
    click.echo(f"making the example house in {folder} …", err=True)
    return set_up(folder, port)


def _check(folder: Path | None) -> None:
    with tempfile.TemporaryDirectory(prefix="mft-demo-") as own:
        stage, _ = _stage((folder or Path(own, "house")).absolute(), 0)
        with serving(stage, any_port=True) as server:
            try:
                walk(Journey(stage, _address(stage, server)))
            except StepFailed as failure:
                log = Path(stage.folder, LOG).read_text("utf-8", "replace").splitlines()[-20:]
                click.echo("\n".join(log), err=True)
                exits.tell(f"{failure}", "above is the end of the server's log")
                sys.exit(exits.CHECK_FAILED)
    click.echo("the main job works")


def _address(stage: Stage, server: Server) -> Address:
    return Address(server.port, _fingerprint(stage))


def _fingerprint(stage: Stage) -> str:
    return list_host_keys(load(stage.config, {}).settings.sftp.host_keys)[0].fingerprint


def _run(folder: Path) -> None:
    stage, secrets = _stage(folder, usual_or_free_port())
    with _ended_by_signals(), serving(stage) as server:
        _tell(stage, server, secrets)
        try:
            status = server.wait()
        except KeyboardInterrupt:
            click.echo("\nstopping; mft demo resumes", err=True)
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


def _tell(stage: Stage, server: Server, secrets: Mapping[str, str]) -> None:
    """Print what to type, and each secret once."""
    click.echo(f"\nExample Health listens on 127.0.0.1:{server.port}, for this machine only.")
    click.echo(f"Host key: {_fingerprint(stage)}\n")
    rows = [_row(stage, server, name, said, secrets) for name, said in _WHO.items()]
    show(Rows(("who", "type", "password"), rows), as_json=False)
    operator = f"MFT_CONFIG={shlex.quote(str(stage.config))} mft"
    click.echo(f"\nThe operator's side:  {operator} file ls /Distribution/{house.NORTHWIND}/Rosters")
    click.echo(f"                      {operator} signon explain CODE")
    if not secrets:
        click.echo(f"A new password:       {operator} account temp-password {house.DELEGATE}")
    click.echo(f"\nThe log is {stage.folder / LOG}.  Ctrl-C stops the server; mft demo resumes it.")


_WHO: Final = {
    house.DELEGATE: "delegate; must change the temporary password (48 hours)",
    house.PARTNER: "trading partner; SSH key, /Inbound and /Outbound",
    house.ELSEWHERE: "delegate whose address list does not admit you",
    house.NEARLY_PURGED: "delegate, last signed on 115 days ago; purged after 120",
}


def _row(stage: Stage, server: Server, name: str, said: str, secrets: Mapping[str, str]) -> dict[str, str]:
    key = f"-i {shlex.quote(_shown(stage.key_of(name)))} " if house.PEOPLE[name].has_key else ""
    return {
        "who": said,
        "type": f"sftp -P {server.port} {key}{name}@127.0.0.1",
        "password": "" if key else secrets.get(name, "shown at the first run"),
    }


def _shown(path: Path) -> str:
    """Return *path* as short as it can be typed here."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
