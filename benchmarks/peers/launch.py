"""What a peer's file says about its server."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.grounds import Grounds


@dataclass(frozen=True)
class Site:
    """What one server is given: a folder of its own, a port, and the keys."""

    folder: Path
    port: int
    grounds: Grounds

    @property
    def allowed(self) -> Path:
        """The file of keys that may sign on."""
        return self.grounds.key.with_name("authorized_keys")

    @property
    def files(self) -> Path:
        """The folder that is served, for those who serve a folder."""
        return self.folder / "files"

    def write(self, name: str, text: str) -> Path:
        """Write a file of the server's own and return it."""
        file = self.folder / name
        file.write_text(text)
        return file


def fill_folder(site: Site, folder: str, count: int) -> None:
    """Put *count* empty files into *folder* of those who serve a folder."""
    place = site.files / folder
    place.mkdir()
    for number in range(count):
        (place / name_of(number)).touch()


def name_of(number: int) -> str:
    """Return what the file of that number is called in every long listing."""
    return f"report-{number:07}.csv"


@dataclass(frozen=True)
class Launch:
    """How a server is started and reached."""

    command: list[str]
    user: str
    home: str
    """The folder, as clients name it, that measures work in."""
    environment: dict[str, str] = field(default_factory=dict)
    fill: Callable[[Site, str, int], None] = fill_folder
    """Puts so many files into a new folder of the home, by whatever way is quickest."""


@dataclass(frozen=True)
class Peer:
    """A server that can be measured."""

    name: str
    prepare: Callable[[Site], Launch]
    version: Callable[[], str]
    durable: bool = False
    """Its clients ask for fsync: compare uploads with it alone."""
    compared: bool = False
    """Whether a target names it: such a server takes every round, others the first alone."""
