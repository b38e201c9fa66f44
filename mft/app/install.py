"""What ``mft init`` does: make a server's folder with its configuration, keys and database.

It never overwrites.  The configuration is written last, so that a folder without one was never
finished and holds nothing worth keeping.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

from mft.app.dump import is_sqlite, sqlite_file
from mft.audit.trail import Trail
from mft.blobs.local import LocalBlobs
from mft.clock import Clock, SystemClock
from mft.crypto.hostkeys import make_host_key
from mft.crypto.master import MasterKey
from mft.crypto.signer import Signer
from mft.directory import trial
from mft.model.errors import Conflict, Unavailable
from mft.model.event import Action, Event
from mft.model.session import Actor
from mft.settings.example import render
from mft.settings.load import PATHS, Key, load
from mft.settings.model import Settings
from mft.store.engine import open_store
from mft.store.schema import upgrade

CONFIG: Final = "mft.toml"
TRIAL_NETWORK: Final = "127.0.0.0/8"
PEOPLE: Final = "trial-people.json"
"""The trial directory: a file in the server's folder, empty at first."""
_DIRECTORY: Final = ("directory", "trial_file")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to install."""

    folder: Path
    trial: bool
    """Loopback only, where loopback addresses may be listed, with a trial directory of people: all on one machine."""
    sftp_port: int = 2222
    portal_port: int = 0
    """Of a trial's portal; only a trial has one from the beginning, since it needs no certificate but its own."""
    database_url: str = ""
    config: Path | None = None
    """Where the configuration goes; None: into the folder.  Its own folder must be there already."""
    further: Mapping[Key, Any] = field(default_factory=dict)
    """More settings, such as what the house is called."""

    @property
    def file(self) -> Path:
        """The configuration's file."""
        return (self.config or self.folder / CONFIG).absolute()


@dataclass(frozen=True, slots=True)
class Installed:
    """What was made."""

    config: Path
    settings: Settings
    host_key: str
    """The fingerprint that clients are shown."""


def install(wanted: Wanted, actor: Actor, clock: Clock | None = None) -> Installed:
    """Make the server *wanted*.  Raises Conflict naming what already exists, and changes nothing then."""
    folder = wanted.folder.absolute()
    existing = [str(path) for path in (wanted.file, *_parts(folder)) if path.exists()]
    if existing:
        raise Conflict(
            f"{folder} holds a server already: {', '.join(existing)}; "
            f"start it with: mft serve --config {wanted.file}, or choose another --dir"
        )
    for path in (folder, folder / "keys", folder / "data"):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = wanted.file.with_name(f".{wanted.file.name}.new")
    _write_private(draft, render(_changes(wanted)))
    settings = load(draft, {}).settings
    fingerprint = _furnish(settings, actor, clock or SystemClock())
    draft.rename(wanted.file)
    return Installed(wanted.file, settings, fingerprint)


def _parts(folder: Path) -> Iterator[Path]:
    yield folder / "keys"
    yield folder / "data"
    yield folder / PEOPLE


def _write_private(file: Path, text: str) -> None:
    try:
        file.unlink(missing_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Unavailable(
            f"{file.parent} cannot take the configuration: {error.strerror}; make it, owned by who runs this command"
        ) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)


def _changes(wanted: Wanted) -> dict[Key, Any]:
    address = "127.0.0.1" if wanted.trial else "0.0.0.0"  # noqa: S104  (a server that partners reach)
    changes: dict[Key, Any] = {("sftp", "listeners"): [{"address": address, "port": wanted.sftp_port}]}
    changes |= wanted.further
    if wanted.trial:
        # Several trials on one machine must not fight for the monitor's port; the ready line tells it.
        changes |= {("trial_networks",): [TRIAL_NETWORK], ("monitor", "port"): 0}
        changes |= {("portal", "enabled"): True, ("portal", "port"): wanted.portal_port}
        changes |= {("directory", "kind"): "trial", _DIRECTORY: PEOPLE}
    if wanted.database_url:
        changes[("database_url",)] = wanted.database_url
    if wanted.config is not None:
        # Relative paths start at the configuration's folder, which is not where these are.
        folder, defaults = wanted.folder.absolute(), Settings()
        paths = {key: attrgetter(".".join(key))(defaults) for key in PATHS}
        paths[_DIRECTORY] = changes.get(_DIRECTORY)
        changes |= {key: str(folder / path) for key, path in paths.items() if path is not None}
    return changes


def _furnish(settings: Settings, actor: Actor, clock: Clock) -> str:
    """Make keys, blob folders, database and a trial's directory; return the host key's fingerprint."""
    MasterKey.create(settings.master_key)
    Signer.create(settings.audit.signing_key)
    fingerprint = make_host_key(settings.sftp.host_keys).fingerprint
    LocalBlobs(settings.data).prepare()
    if settings.directory.trial_file is not None:
        trial.make(settings.directory.trial_file)
    if is_sqlite(settings.store_url):
        # SQLite gives its file, and those it lays beside it, the mode that it finds.
        sqlite_file(settings.store_url).touch(mode=0o600)
    with closing(open_store(settings.store_url)) as store:
        upgrade(store)
        with store.write() as connection:
            event = Event(Action.HOSTKEY_ADDED, actor, fingerprint)
            Trail(settings.node).record(connection, event, clock.now())
    return fingerprint
