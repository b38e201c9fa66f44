"""``mft keys``: the server's SSH host keys, and the master key that seals files."""

from pathlib import Path
from typing import Any

import click

from mft.cli.asking import read_secret, stdin_option
from mft.cli.desk import Desk, operates
from mft.cli.progress import working
from mft.cli.show import Answer, Done, Rows
from mft.crypto import hostkeys
from mft.crypto.hostkeys import HostKey
from mft.model.event import Action, Event
from mft.model.staff import Act
from mft.vfs.rewrap import rewrap


@click.group("keys")
def keys_command() -> None:
    """Host keys, and the master key that seals files."""


@keys_command.group("hostkey")
def hostkey_command() -> None:
    """Host keys, by which partners know this server."""


@hostkey_command.command("new")
@operates(Act.KEEP_SERVER)
def new(desk: Desk) -> Answer:
    """Make an ed25519 host key; it is offered from the next start on."""
    return _added(desk, hostkeys.make_host_key(desk.house.settings.sftp.host_keys))


@hostkey_command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--passphrase", "asks", is_flag=True, help="The key has a passphrase; it is asked for.")
@stdin_option
@operates(Act.KEEP_SERVER)
def import_(desk: Desk, file: Path, asks: bool, from_stdin: bool) -> Answer:  # noqa: FBT001  (click passes by name)
    """Take over the private key in FILE from another server, so that no partner is alarmed by the move."""
    passphrase = read_secret("Passphrase of the key", from_stdin=from_stdin) if asks or from_stdin else None
    return _added(desk, hostkeys.import_host_key(desk.house.settings.sftp.host_keys, file, passphrase))


@hostkey_command.command("list")
@operates(Act.KEEP_SERVER)
def listing(desk: Desk) -> Answer:
    """List the host keys in the order in which the server prefers them."""
    rows = [_fields(one) for one in hostkeys.list_host_keys(desk.house.settings.sftp.host_keys)]
    return Rows(
        ("algorithm", "bits", "fingerprint", "file"), rows, nothing="There is no host key; see mft keys hostkey new."
    )


@hostkey_command.command("fingerprint")
@operates(Act.KEEP_SERVER)
def fingerprint(desk: Desk) -> Answer:
    """Show what partners compare when they connect for the first time, and the line for known_hosts."""
    rows = [_fields(one) for one in hostkeys.list_host_keys(desk.house.settings.sftp.host_keys)]
    return Rows(("algorithm", "fingerprint", "line"), rows, nothing="There is no host key; see mft keys hostkey new.")


def _added(desk: Desk, key: HostKey) -> Answer:
    with desk.house.store.write() as connection:
        event = Event(Action.HOSTKEY_ADDED, desk.actor, key.fingerprint, {"algorithm": key.algorithm})
        desk.house.trail.record(connection, event, desk.house.clock.now())
    return Done(f"{key.algorithm} {key.fingerprint} is offered from the next start on", _fields(key))


def _fields(key: HostKey) -> dict[str, Any]:
    return {
        "algorithm": key.algorithm,
        "bits": key.bits,
        "fingerprint": key.fingerprint,
        "line": key.line,
        "file": str(key.path),
    }


@keys_command.command("rotate")
@operates(Act.KEEP_SERVER)
def rotate(desk: Desk) -> Answer:
    """Add a generation to the master key; restart the server, then run mft keys rewrap."""
    house = desk.house
    rotated = house.master.rotate(house.settings.master_key)
    with house.store.write() as connection:
        event = Event(Action.MASTERKEY_ROTATED, desk.actor, rotated.current, {"generations": len(rotated.generations)})
        house.trail.record(connection, event, house.clock.now())
    said = f"new files are sealed under {rotated.current} from the next start on"
    copy = f"keep a new copy of {house.settings.master_key}"
    return Done(f"{said}\n{copy}", {"current": rotated.current, "generations": rotated.generations})


@keys_command.command("rewrap")
@operates(Act.KEEP_SERVER)
@working("wrapping keys anew")
def rewrap_keys(desk: Desk) -> Answer:
    """Wrap every key by the newest generation of the master key; the files stay as they are."""
    house = desk.house
    done, current = rewrap(house.files.parts, desk.actor, house.factors.rewrap), house.master.current
    return Done(f"{done} keys are wrapped by {current} now", {"keys": done, "current": current})
