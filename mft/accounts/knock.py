"""What stands before the door, and what it is answered.  Values only."""

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address

from mft.model.account import Credential, Method
from mft.model.ids import CredentialId, Reference, new_reference
from mft.model.session import Door, Session
from mft.policy.signon import Dossier, Reason, Refuse, Verdict


@dataclass(frozen=True, slots=True)
class Knock:
    """One caller at a door: the name as typed, where from, and what was proven so far."""

    name: str
    source: IPv4Address
    door: Door
    client: str
    """The client's version string, as sent."""
    proven: frozenset[CredentialId] = frozenset()
    """Of earlier factors of the same conversation under the same name; a door that sees the name change
    starts anew, and if it forgot to, the other account does not hold these ids and the caller is refused."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one attempt came to, before anything is decided."""

    method: Method
    proven: frozenset[CredentialId]
    """Everything proven in this conversation, or nothing at all if this attempt's secret did not match."""
    factors: tuple[str, ...] = ()
    """What proved it, in words for the trail; empty where the credentials say it themselves."""
    unproven: Reason | None = None
    """Why nothing is proven, where that nothing on file matches says too little."""
    why: str = ""
    """More of that, for operators."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A password attempt, and what it was compared with."""

    attempt: Attempt
    dossier: Dossier | None
    credential: Credential | None
    """The account's password or temporary password, whether or not it matched."""


@dataclass(frozen=True, slots=True)
class Wait:
    """What an attempt has to wait for before it is settled.  Nothing was decided or written yet."""

    pause: timedelta
    attempt: Attempt
    dossier: Dossier | None
    """Of these two the directory is asked, where there is one."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a door acts on.  Of a refusal the caller sees the one sentence and *reference*, never the reason."""

    verdict: Verdict
    knock: Knock
    """The knock with *proven* brought up to date; unchanged by a refusal."""
    reference: Reference | None = None
    """Set when refused."""
    session: Session | None = None
    """Set when admitted."""
    dossier: Dossier | None = None


@dataclass(frozen=True, slots=True)
class Unfit:
    """The proposed new password is not fit; *reason* is for the person who typed it.  Nothing was consumed."""

    reason: str


def cannot_tell(knock: Knock) -> Outcome:
    """Return the outcome when something needed to decide did not answer: nobody comes in."""
    return Outcome(Refuse(Reason.CANNOT_TELL), knock, reference=new_reference())
