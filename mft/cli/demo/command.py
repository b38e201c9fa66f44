"""``mft demo``: a server with example data on this machine, and the check of its whole journey."""

import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NoReturn

import click

from mft.app.portal_facts import tls_files
from mft.cli import exits
from mft.cli.acting import json_option
from mft.cli.demo.authenticator import left
from mft.cli.demo.browser import browsing
from mft.cli.demo.check import Journey, walk
from mft.cli.demo.house import Secrets, Stage, set_up
from mft.cli.demo.serving import LOG, USUAL_PORT, USUAL_PORTAL_PORT, serving, usual_or_free
from mft.cli.demo.telling import facts_of, tell
from mft.cli.demo.visitors import Address
from mft.cli.show import as_json_text
from mft.clock import SystemClock
from mft.crypto.hostkeys import list_host_keys
from mft.model.errors import Conflict, NotFound
from mft.settings.load import load

FOLDER: Final = Path("mft-demo")
_LOG_LINES: Final = 20


@click.command("demo")
@click.option("--dir", "folder", type=click.Path(path_type=Path, file_okay=False), help="Where; else ./mft-demo.")
@click.option(
    "--check", "checks", is_flag=True, help="Walk the whole journey as a client, in a folder of its own; exit 8."
)
@click.option("--code", "shows_code", is_flag=True, help="Show what the trial person's authenticator shows now.")
@click.option("--port", type=click.IntRange(0, 65535), help="Another SFTP port, for this run; 0: one that is free.")
@click.option(
    "--portal-port", type=click.IntRange(0, 65535), help="Another portal port, for this run; 0: one that is free."
)
@json_option
def demo_command(
    *, folder: Path | None, checks: bool, shows_code: bool, port: int | None, portal_port: int | None, as_json: bool
) -> None:
    """Run a server with example data on this machine, or check the whole journey."""
    if checks:
        _check(folder, port or 0, portal_port or 0, as_json=as_json)
    elif shows_code:
        _show_code(Stage((folder or FOLDER).absolute()), as_json=as_json)
    else:
        _run((folder or FOLDER).absolute(), port, portal_port, as_json=as_json)


def _stage(folder: Path, port: int, portal_port: int) -> tuple[Stage, Secrets]:
    """Return the example house in *folder*, made if it is not there, and its secrets if it was made."""
    stage = Stage(folder)
    if stage.complete:
        return stage, Secrets()
    if folder.exists() and any(folder.iterdir()):
        raise Conflict(
            f"{folder} holds something else, was left half made, or is of an earlier version; "
            "remove it, or name another with --dir"
        )
    click.echo(f"making the example house in {folder} …", err=True)
    return set_up(folder, port, portal_port)


def _check(folder: Path | None, port: int, portal_port: int, *, as_json: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="mft-demo-") as own:
        stage, _ = _stage((folder or Path(own, "house")).absolute(), 0, 0)
        with serving(stage, port, portal_port) as server, browsing(server.portal, _certificate(stage)) as browser:
            taken = []
            for step in walk(Journey(stage, Address(server.port, _fingerprint(stage)), browser)):
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


def _certificate(stage: Stage) -> Path:
    """Return the file of the portal's certificate, which the server made when it started."""
    return tls_files(load(stage.config, {}).settings)[0]


def _show_code(stage: Stage, *, as_json: bool) -> None:
    """Show the authenticator's code on standard output, and what to know about it beside."""
    if not stage.complete:
        raise NotFound(f"there is no demonstration in {stage.folder}; begin with mft demo, or name its folder by --dir")
    now = SystemClock().now()
    code, seconds = stage.authenticator.code(now), left(now)
    if as_json:
        click.echo(as_json_text({"code": code, "seconds": seconds}))
        return
    click.echo(code)
    click.echo(f"Each code opens once.  The next one comes in {seconds} s.", err=True)


def _run(folder: Path, port: int | None, portal_port: int | None, *, as_json: bool) -> None:
    stage, secrets = _stage(folder, usual_or_free(USUAL_PORT), usual_or_free(USUAL_PORTAL_PORT))
    try:
        with _ended_by_signals(), serving(stage, port, portal_port) as server:
            facts = facts_of(stage, server, _certificate(stage), _fingerprint(stage), secrets)
            click.echo(as_json_text(facts)) if as_json else tell(facts)
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
