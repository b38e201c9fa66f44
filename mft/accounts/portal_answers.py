"""What the portal's sign-in answers a page.  Values only; every step forward brings a fresh token for the cookie."""

from dataclasses import dataclass, field

from mft.model.ids import Reference, SessionId


@dataclass(frozen=True, slots=True)
class NeedsCode:
    """The password is right; a code of the authenticator, or a recovery code, is due."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NeedsEnrolment:
    """The password is right, and there is no authenticator yet: one has to be set up before anybody is in."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class MustReplace:
    """The temporary password is right, and opens nothing but its own replacement (fact 0.12)."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Come in."""

    token: str = field(repr=False)
    session: SessionId


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The authenticator counts from now on, and the person is in.  *codes* are shown once."""

    token: str = field(repr=False)
    codes: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """The one sentence, and the reference to it (fact 0.16)."""

    reference: Reference


@dataclass(frozen=True, slots=True)
class TooMany:
    """The same, and the visit is over: too many wrong secrets were typed in it."""

    reference: Reference


@dataclass(frozen=True, slots=True)
class WrongCode:
    """The code is not one of the authenticator that is being set up; try the next one."""


@dataclass(frozen=True, slots=True)
class Over:
    """The visit ended, went on in another window, or is not where this belongs: begin anew."""


@dataclass(frozen=True, slots=True)
class Leave:
    """Go to the provider, at this address."""

    address: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Declined:
    """The provider sent the browser back without vouching for anybody: somebody changed their mind there."""


@dataclass(frozen=True, slots=True)
class TryLater:
    """The provider did not answer; *why* is for the log."""

    why: str


Answer = NeedsCode | NeedsEnrolment | MustReplace | SignedIn | Refused | Over
"""What a step of the sign-in comes to."""
