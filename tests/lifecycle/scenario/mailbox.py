"""A mail server that keeps what it is handed, and letters short enough to be compared."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

from mft.model.errors import Unavailable
from tests.lifecycle.scenario.oracle import Mail

ABOUT_AN_ACCOUNT = (
    "account-dormant",
    "account-dormant-admin",
    "account-purged",
    "account-suspended",
    "request-received",
    "request-approved",
    "request-denied",
    "files-expiring",
)
ABOUT_A_HOUSE = ("review-opened", "review-reminder")


def write_templates(folder: Path) -> Path:
    """Write letters that say no more than which they are and whom they name."""
    folder.mkdir()
    for names, word in ((ABOUT_AN_ACCOUNT, "name"), (ABOUT_A_HOUSE, "organization")):
        for each in names:
            (folder / f"{each}.txt").write_text(f"Subject: {each} ${word}\n\nTo whom it may concern.\n")
    (folder / "retention-halted.txt").write_text("Subject: retention-halted $cause\n\nLook.\n")
    return folder


@dataclass
class Mailbox:
    """The mail server; *down* for days on end if need be."""

    down: bool = False
    taken: list[Mail] = field(default_factory=list)

    def send(self, message: EmailMessage) -> str:
        if self.down:
            raise Unavailable("no connection")
        what, _, name = str(message["Subject"]).partition(" ")
        self.taken.append(Mail(what, str(message["To"]), name.removeprefix("House of ")))
        return "250 taken"

    def emptied(self) -> Sequence[Mail]:
        """Return what came since last asked, sorted."""
        taken, self.taken = sorted(self.taken), []
        return taken
