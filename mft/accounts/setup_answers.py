"""What SFTP Account Setup/Update answers a page, and what it shows of itself.  Values only."""

from dataclasses import dataclass
from datetime import datetime

from mft.model.directory import SetupState


@dataclass(frozen=True, slots=True)
class SetUp:
    """It is done: the directory's password works over SFTP from now on."""

    at: datetime


@dataclass(frozen=True, slots=True)
class NotAgreed:
    """The box was not ticked, or stood beside a text that is not the current one.  The directory was not asked."""


@dataclass(frozen=True, slots=True)
class NotYou:
    """The user id is not that of whoever is signed in.  The directory was not asked: it tells nothing of others."""


@dataclass(frozen=True, slots=True)
class WrongPassword:
    """The directory says no."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """The password is right, and holds a character that SFTP clients cannot send: choose another one there."""


@dataclass(frozen=True, slots=True)
class TryLater:
    """The directory did not answer; nothing was changed."""


@dataclass(frozen=True, slots=True)
class TooOften:
    """It was tried too often; wait a quarter of an hour.  After wrong passwords the visit may be over, too."""


@dataclass(frozen=True, slots=True)
class Closed:
    """It was revoked; only an operator opens it again (``mft setup resync``)."""


@dataclass(frozen=True, slots=True)
class NoDirectory:
    """There is no directory to set up with."""


@dataclass(frozen=True, slots=True)
class AttestationText:
    """What people agree to (fact 2.9)."""

    version: str
    words: str
    sha256: bytes
    """Over the text's UTF-8, as it lies in its file."""


@dataclass(frozen=True, slots=True)
class SetupView:
    """How it stands for one person, for their page."""

    has_directory: bool
    external_id: str
    state: SetupState | None
    """None while they never set it up."""
    checked_at: datetime | None
    """When the directory last said how they stand."""
    text: AttestationText
    attested_at: datetime | None
    must_renew_by: datetime | None
    """Set while they agreed to an older text only: from then on their password is refused."""


@dataclass(frozen=True, slots=True)
class SetupRow:
    """One person of the directory, for operators."""

    account: str
    person: str
    organization: str
    external_id: str
    state: SetupState | None
    checked_at: datetime | None
    text_version: str
    attested_at: datetime | None
    must_renew_by: datetime | None


@dataclass(frozen=True, slots=True)
class AttestationRow:
    """Who agreed to which text, when, from where, proven how."""

    account: str
    organization: str
    directory_user: str
    """Empty once the account was purged."""
    text_version: str
    text_sha256: bytes
    at: datetime
    source: str
    session: str
    factors: tuple[str, ...]
