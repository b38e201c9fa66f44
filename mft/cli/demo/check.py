"""The whole journey, walked as a client would: ``mft demo --check``.

Each step tells one thing that the server is for and leaves what the next one needs.  The first step
that fails is named and ends the walk.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from mft.accounts.factors import CODES
from mft.cli.demo import house, visitors
from mft.cli.demo.authenticator import STEP
from mft.cli.demo.browser import Browser, Page
from mft.cli.demo.contents import claims, members, roster
from mft.cli.demo.house import Stage
from mft.cli.demo.visitors import Address
from mft.clock import SystemClock
from mft.crypto.passwords import new_temporary_password
from mft.model.directory import SetupState
from mft.model.errors import MftError
from mft.model.path import VirtualPath
from mft.policy.signon import SENTENCE, Reason

SETUP: Final = "/setup"
"""The page of SFTP Account Setup/Update."""
_NOT_AGREED: Final = 400


class StepFailed(MftError):
    """A step of the journey did not end as it must."""


@dataclass
class Journey:
    """What the walk knows so far."""

    stage: Stage
    address: Address
    browser: Browser
    code: str = ""
    """The reference code of the refusal, to be explained later."""
    temporary: str = ""
    """The delegate's temporary password."""
    password: str = ""
    """The password that replaced it."""
    moment: datetime = field(default_factory=SystemClock().now)
    """When the walk began; part of the names of what it puts, so that it can be walked again."""
    digest: bytes = b""
    """The batch's SHA-256 as its sender knows it."""
    portal_password: str = ""
    """The trial person's, for the portal."""
    directory_password: str = ""
    """The trial person's, in the directory."""

    @property
    def folder(self) -> VirtualPath:
        """Where the delegate finds rosters."""
        return VirtualPath(("Distribution", house.NORTHWIND, "Rosters"))

    @property
    def roster(self) -> VirtualPath:
        """The roster that is published, fetched and deleted."""
        return self.folder / f"roster-{self.moment:%Y%m%dT%H%M%S}.csv"

    @property
    def batch(self) -> str:
        """The name of the batch that the partner delivers."""
        return f"batch-{self.moment:%Y%m%dT%H%M%S}.x12"


@dataclass(frozen=True, slots=True)
class Step:
    """A step that was taken."""

    name: str
    passed: bool
    said: str


def walk(journey: Journey) -> Iterator[Step]:
    """Yield every step as it is taken; one that did not pass is the last."""
    for name, act in STEPS:
        try:
            yield Step(name, passed=True, said=act(journey))
        except StepFailed as failure:
            yield Step(name, passed=False, said=str(failure))
            return
        except Exception as surprise:  # noqa: BLE001  (whatever breaks is what the check is there to name)
            yield Step(name, passed=False, said=f"{type(surprise).__name__}: {surprise}")
            return


def _must(holds: object, otherwise: str) -> None:
    if not holds:
        raise StepFailed(otherwise)


def _published(journey: Journey) -> str:
    people = members(house.NORTHWIND)
    with journey.stage.opened() as acts:
        acts.put(journey.roster, roster(people, journey.moment.date()))
    return str(journey.roster)


def _refused_elsewhere(journey: Journey) -> str:
    """Try the right password from an address that is not listed (facts 0.14, 0.16)."""
    with journey.stage.opened() as acts:
        password = acts.issue(house.ELSEWHERE)
    refusal = visitors.refused(journey.address, house.ELSEWHERE, password)
    _must(refusal is not None, "the sign-on was admitted")
    banner = refusal.banner if refusal else ""
    _must(SENTENCE in banner, f"the banner says {banner!r}")
    journey.code = refusal.code if refusal else ""
    _must(journey.code, f"there is no reference code in {banner!r}")
    return f"“{SENTENCE}”, code {journey.code}"


def _temporary_opens_nothing(journey: Journey) -> str:
    """Try the temporary password with paramiko, which cannot answer the request to change it (fact 0.12)."""
    with journey.stage.opened() as acts:
        journey.temporary = acts.issue(house.DELEGATE)
    refusal = visitors.refused(journey.address, house.DELEGATE, journey.temporary)
    _must(refusal is not None, "the temporary password opened a session")
    return "asked for a new one instead"


def _changed(journey: Journey) -> str:
    journey.password = new_temporary_password()  # As good a password as any person's: 100 random bits.
    seen = visitors.change_password(journey.address, house.DELEGATE, journey.temporary, journey.password)
    _must(seen == ["Distribution"], f"the new password shows {seen}")
    used_up = visitors.refused(journey.address, house.DELEGATE, journey.temporary)
    _must(used_up is not None, "the temporary password still opens a session")
    return "the new password opens a session, the temporary one is used up"


def _listed(journey: Journey) -> str:
    with visitors.signed_on(journey.address, house.DELEGATE, journey.password) as session:
        mine = session.listdir("/Distribution")
        rosters = session.listdir(str(journey.folder))
    _must(mine == [house.NORTHWIND], f"/Distribution shows {mine}")
    _must(journey.roster.name in rosters, f"{journey.folder} shows {rosters}")
    return f"/Distribution/{house.NORTHWIND} and nobody else's"


def _fetched(journey: Journey) -> str:
    with (
        visitors.signed_on(journey.address, house.DELEGATE, journey.password) as session,
        session.open(str(journey.roster), "rb") as file,
    ):
        content = file.read()
    with journey.stage.opened() as acts:
        known = acts.stat(journey.roster).sha256
    _must(hashlib.sha256(content).digest() == known, "the digests differ")
    return f"{len(content)} bytes, SHA-256 as on the server"


def _deleted(journey: Journey) -> str:
    """Once viewed, files are to be removed (fact 0.2)."""
    with visitors.signed_on(journey.address, house.DELEGATE, journey.password) as session:
        session.remove(str(journey.roster))
        left = session.listdir(str(journey.folder))
    _must(journey.roster.name not in left, "it is still listed")
    return str(journey.roster)


def _delivered(journey: Journey) -> str:
    content = claims(house.NORTHWIND, journey.moment.date())
    journey.digest = hashlib.sha256(content).digest()
    with visitors.signed_on(journey.address, house.PARTNER, journey.stage.key_of(house.PARTNER)) as session:
        with session.open(f"/Inbound/{journey.batch}", "wb") as file:
            file.write(content)
        size = session.stat(f"/Inbound/{journey.batch}").st_size
    _must(size == len(content), f"{size} bytes of {len(content)} are there")
    return f"/Inbound/{journey.batch}, {len(content)} bytes, with an SSH key"


def _seen(journey: Journey) -> str:
    path = VirtualPath(("Partners", house.CLEARING, "Inbound", journey.batch))
    with journey.stage.opened() as acts:
        listed = acts.stat(path)
    _must(listed.sha256 == journey.digest, "the SHA-256 differs from the sender's")
    _must(listed.creator == house.PARTNER, f"the creator is {listed.creator}")
    return f"{path}, SHA-256 {journey.digest.hex()[:16]}…"


def _enrolled(journey: Journey) -> str:
    """Take a temporary password to the portal, choose another there, and set an authenticator up."""
    with journey.stage.opened() as acts:
        acts.take_authenticator()
        temporary = acts.issue(house.SUBMITTER)
    browser, journey.portal_password = journey.browser, new_temporary_password()
    browser.open("/signin")
    _led(browser.submit("/signin", name=house.SUBMITTER, password=temporary), "/signin/password")
    new = journey.portal_password
    _led(browser.submit("/signin/password", new=new, again=new), "/signin/enrol")
    (secret,) = browser.submit("/signin/enrol").codes
    journey.stage.authenticator.keep_typed(secret)
    shown = browser.submit("/signin/enrol/code", code=journey.stage.authenticator.code(SystemClock().now()))
    _must(len(shown.codes) == CODES, f"{shown.path} shows {len(shown.codes)} recovery codes")
    browser.open("/")
    _led(browser.submit("/signout"), "/signin?out")
    return f"a password of their own, an authenticator, {len(shown.codes)} recovery codes"


def _signed_in(journey: Journey) -> str:
    """Sign in with the password and the authenticator's next code: the one before is used up."""
    browser = journey.browser
    browser.open("/signin")
    _led(browser.submit("/signin", name=house.SUBMITTER, password=journey.portal_password), "/signin/code")
    code = journey.stage.authenticator.code(SystemClock().now() + STEP)
    page = _led(browser.submit("/signin/code", code=code), "/")
    _must(f"Welcome, {house.SUBMITTER}" in page.said, f"the home page says {page.said!r}")
    return "password and code, over HTTPS with the certificate that was made for it"


def _not_set_up(journey: Journey) -> str:
    """Ask for the setup without ticking the box: nothing changes, and SFTP does not know the password."""
    with journey.stage.opened() as acts:
        journey.directory_password = acts.give_directory_password()
    journey.browser.open(SETUP)
    page = journey.browser.submit(SETUP, user=house.USER_ID, password=journey.directory_password)
    _must(page.status == _NOT_AGREED, f"without the box ticked {SETUP} answers {page.status}")
    refusal = visitors.refused(journey.address, house.SUBMITTER, journey.directory_password)
    _must(refusal is not None, "the directory password opened a session before it was set up")
    return "without the box ticked nothing is asked, and SFTP is refused"


def _set_up(journey: Journey) -> str:
    """Prove the directory password in the portal and agree (fact 2.9)."""
    _agree(journey)
    with visitors.signed_on(journey.address, house.SUBMITTER, journey.directory_password) as session:
        seen = sorted(session.listdir("/"))
    _must(seen == ["Inbound", "Outbound"], f"the root shows {seen}")
    return f"user id {house.USER_ID}, agreed; SFTP opens with the directory password"


def _set_up_again(journey: Journey) -> str:
    """Change the password where it lives (fact 2.2): the old one opens nothing more, until the new one is set up."""
    with journey.stage.opened() as acts:
        before, journey.directory_password = journey.directory_password, acts.give_directory_password()
        state = acts.looked_at()
    _must(state is SetupState.STALE, f"the setup is {state}")
    refusal = visitors.refused(journey.address, house.SUBMITTER, before)
    _must(refusal is not None, "the former directory password still opens a session")
    _agree(journey)
    with visitors.signed_on(journey.address, house.SUBMITTER, journey.directory_password):
        return "the former one is refused over SFTP; set up again, the new one opens a session"


def _agree(journey: Journey) -> None:
    journey.browser.open(SETUP)
    page = journey.browser.submit(SETUP, user=house.USER_ID, password=journey.directory_password, agreed="yes")
    _led(page, f"{SETUP}?done")


def _led(page: Page, path: str) -> Page:
    """Return *page* if it is the one at *path*."""
    _must(page.path == path, f"the portal leads to {page.path} ({page.status}) instead of {path}")
    return page


def _explained(journey: Journey) -> str:
    with journey.stage.opened() as acts:
        reason = acts.reason(journey.code)
    _must(reason == Reason.SOURCE_NOT_LISTED, f"the reason is said to be {reason}")
    return f"{journey.code} is {reason}"


def _verified(journey: Journey) -> str:
    with journey.stage.opened() as acts:
        report = acts.verified()
    _must(report.events, "the trail is empty")
    _must(report.sound, f"the trail is broken: {[one.says for one in report.breaks]}")
    return f"{report.events} events, unbroken"


STEPS: Final[tuple[tuple[str, Callable[[Journey], str]], ...]] = (
    ("the operator publishes a roster", _published),
    ("an address that is not listed is refused", _refused_elsewhere),
    ("a temporary password opens nothing", _temporary_opens_nothing),
    ("the delegate changes it over SSH", _changed),
    ("the delegate lists their folder", _listed),
    ("the delegate fetches a roster", _fetched),
    ("the delegate deletes it", _deleted),
    ("the partner puts a batch", _delivered),
    ("the operator sees it", _seen),
    ("the trading partner sets a second factor up in the portal", _enrolled),
    ("the trading partner signs in with it", _signed_in),
    ("the directory password opens nothing yet", _not_set_up),
    ("the trading partner sets SFTP up with it", _set_up),
    ("the password changes in the directory", _set_up_again),
    ("the operator explains the refusal", _explained),
    ("the audit trail verifies", _verified),
)
"""The journey, in order."""
