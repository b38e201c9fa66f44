"""A trial server's folder, made as ``mft init`` makes it, and what an operator does in it."""

from dataclasses import dataclass
from pathlib import Path

from mft.accounts.allowlists import NewAddress
from mft.accounts.provisioning import NewAccount
from mft.app.build import House
from mft.app.install import Wanted, install
from mft.model.account import OrganizationKind
from mft.model.path import VirtualPath
from mft.model.session import Actor, Door
from mft.settings.load import Loaded, load
from mft.vfs.shapes import OpenMode

OPERATOR = Actor(Door.CLI, "tester")
QUICK = {"MFT_PASSWORDS__MEMORY": "8 KiB", "MFT_PASSWORDS__PASSES": "1"}
"""What the tests of this floor are about is not how long a password hash takes."""


@dataclass(frozen=True)
class Installed:
    """One folder."""

    folder: Path

    def loaded(self, **environ: str) -> Loaded:
        return load(self.folder / "mft.toml", QUICK | environ)


def installed(folder: Path, port: int = 0) -> Installed:
    """Make a trial server in *folder*."""
    install(Wanted(folder, trial=True, sftp_port=port), OPERATOR)
    return Installed(folder)


def furnish(house: House, kind: OrganizationKind = OrganizationKind.DELEGATE) -> None:
    """Add a delegate, or an organization of another *kind*, and an account that may sign on from this machine."""
    house.organizations.add(OPERATOR, "northwind", "Northwind Clinic", kind)
    wanted = NewAccount("alice", "northwind", "alice@example.org", (NewAddress("127.0.0.1"),))
    house.accounts.add(OPERATOR, wanted)


def put(house: House, name: str, content: bytes) -> None:
    """Put one file into the delegate's folder."""
    path = VirtualPath.parse(f"/Distribution/northwind/{name}")
    upload = house.files.operator(OPERATOR).open_upload(path, OpenMode(create=True, truncate=True))
    upload.write(0, content)
    upload.finish()
    upload.publish()


def names(house: House) -> set[str]:
    """Return what is in the delegate's folder."""
    listing = house.files.operator(OPERATOR).listing(VirtualPath.parse("/Distribution/northwind"))
    return {listed.name for listed in listing.next(100)}


def get(house: House, name: str) -> bytes:
    """Fetch one file from the delegate's folder."""
    download = house.files.operator(OPERATOR).open_download(VirtualPath.parse(f"/Distribution/northwind/{name}"))
    return download.read(0, download.size)
