"""The beginnings of the table of boundaries: each sets something going and returns the question to ask later."""

from collections.abc import Callable
from datetime import timedelta

from mft.accounts.allowlists import NewAddress
from mft.accounts.provisioning import NewAccount
from mft.model.account import Purpose
from mft.model.path import VirtualPath
from mft.model.rights import ALL
from tests.lifecycle.scenario.papers import Paper
from tests.lifecycle.scenario.server import OPERATOR, Server

Ask = Callable[[], str]
Stage = Callable[[Server], Ask]
ALICE = "alice"
MAIL = "alice@mail.example"
ADMINISTRATOR = "lee@northwind.example"
HOME = "8.8.8.8"
SECRET = "quiet harbour 91 lanterns"
HOUSE = "northwind"
FOLDER = f"/Distribution/{HOUSE}"


def alice(server: Server, *, purpose: Purpose = Purpose.PERSON, until: timedelta | None = None) -> None:
    """Add alice, who may come from one address and do everything at home."""
    server.add_organization(HOUSE, "delegate", ADMINISTRATOR, 9)
    ends = None if until is None else server.clock.now() + until
    wanted = NewAccount(ALICE, HOUSE, MAIL, (NewAddress(HOME, until=ends),), purpose=purpose)
    account = server.house.accounts.add(OPERATOR, wanted)
    server.house.grants.give(OPERATOR, VirtualPath.parse(FOLDER), account, ALL)


def temporary(server: Server) -> Ask:
    alice(server)
    server.reset(ALICE, "temporary")
    return lambda: server.sign_on(ALICE, "temporary", HOME)


def replacing(server: Server) -> Ask:
    alice(server)
    server.reset(ALICE, "temporary")
    return lambda: server.replace(ALICE, "temporary", SECRET, HOME)


def used(method: str) -> Stage:
    """Sign on by *method* now, long after the account was made; later ask by the other one."""

    def stage(server: Server) -> Ask:
        alice(server)
        server.house.credentials.set_password(OPERATOR, ALICE, SECRET)
        server.give_key(ALICE, "key")
        first, then = ("key", SECRET) if method == "key" else (SECRET, "key")
        assert server.sign_on(ALICE, first, HOME) == "in"
        return lambda: server.sign_on(ALICE, then, HOME)

    return stage


def never_used(server: Server) -> Ask:
    alice(server)
    server.give_key(ALICE, "key")
    return lambda: server.sign_on(ALICE, "key", HOME)


def edited(server: Server) -> Ask:
    """Do to alice, just before the end, what an operator can: none of it is a use of the account."""
    alice(server)
    server.give_key(ALICE, "key")

    def ask() -> str:
        server.disable(ALICE)
        server.enable(ALICE)
        server.house.accounts.unlock(OPERATOR, ALICE)
        server.reset(ALICE, "temporary")
        server.house.allowlists.add(OPERATOR, ALICE, NewAddress("8.8.4.4"))
        assert server.sign_on(ALICE, "wrong", HOME) == "out"
        return server.sign_on(ALICE, "key", HOME)

    return ask


def unattended(server: Server) -> Ask:
    alice(server, purpose=Purpose.UNATTENDED)
    server.give_key(ALICE, "key")
    assert server.sign_on(ALICE, "key", HOME) == "in"
    return lambda: server.sign_on(ALICE, "key", HOME)


def listed_until(server: Server) -> Ask:
    alice(server, until=timedelta(days=10))
    server.give_key(ALICE, "key")
    return lambda: server.sign_on(ALICE, "key", HOME)


def kept(kind: str) -> Stage:
    """Put a file into a folder of the class *kind*."""

    def stage(server: Server) -> Ask:
        alice(server)
        server.make_folder(f"{FOLDER}/there", kind)
        return _put(server, "report.csv", f"{FOLDER}/there")

    return stage


def unfinished(server: Server) -> Ask:
    alice(server)
    return _put(server, "report.csv.part")


def asked(server: Server) -> None:
    """Submit a request for an account of alice's."""
    server.add_organization(HOUSE, "delegate", ADMINISTRATOR, 9)
    paper = Paper(
        "hers", "add", HOUSE, ALICE, person="Alice Ash", email=MAIL, phone="+1 612 555 0144", addresses=((HOME, None),)
    )
    assert server.submit(paper) == "done"


def waiting(server: Server) -> Ask:
    asked(server)
    return lambda: "overdue" if server.standing() == [("hers", "submitted", True)] else "in time"


def undecided(server: Server) -> Ask:
    asked(server)

    def ask() -> str:
        listed = server.standing()[0][1]
        told = server.approve("hers", "temporary")
        assert listed == ("submitted" if told == "done" else "expired"), "the list says what an approval meets"
        return told

    return ask


def unanswered(server: Server) -> Ask:
    """Let the month's recertification be opened, and nobody answer."""
    alice(server)
    server.give_key(ALICE, "key")
    server.night("reviews")
    return lambda: server.sign_on(ALICE, "key", HOME)


def warned(days: int) -> Stage:
    """Let alice not come any more; ask who is told of her end that many days before it."""

    def stage(server: Server) -> Ask:
        alice(server)
        return _told_by(server, "accounts", timedelta(days=120 - days), {MAIL, ADMINISTRATOR})

    return stage


def told(days: int) -> Stage:
    """Put a file that alice does not take; ask whether she is told of its end that many days before it."""

    def stage(server: Server) -> Ask:
        alice(server)
        assert server.put(OPERATOR.name, FOLDER, "report.csv") == "done"
        return _told_by(server, "digests", timedelta(days=90 - days), {MAIL})

    return stage


def _told_by(server: Server, job: str, after: timedelta, readers: set[str]) -> Ask:
    """Let *job* run before its moment comes, for what was to be told earlier; ask whom it tells then."""
    moment = server.clock.now() + after
    for before in (timedelta(days=5), timedelta(hours=1)):
        server.later(moment - before)
        server.night(job, "mail")
    server.mailbox.emptied()

    def ask() -> str:
        server.night(job, "mail")
        told = {mail.to for mail in server.mailbox.emptied()}
        assert told in (set(), readers), "all of them are told, or nobody"
        return "told" if told else "silent"

    return ask


def deleted(server: Server) -> Ask:
    alice(server)
    _put(server, "report.csv")
    assert server.remove(ALICE, f"{FOLDER}/report.csv") == "done"
    return lambda: server.undelete(f"{FOLDER}/report.csv")


def held_beyond(server: Server) -> Ask:
    alice(server)
    ask = _put(server, "report.csv")
    assert server.hold(f"{FOLDER}/report.csv", server.clock.now() + timedelta(days=130)) == "done"
    return ask


def held_before(server: Server) -> Ask:
    alice(server)
    _put(server, "report.csv")
    assert server.hold(f"{FOLDER}/report.csv", server.clock.now() + timedelta(days=20)) == "done"
    return lambda: server.remove(ALICE, f"{FOLDER}/report.csv")


def _put(server: Server, name: str, folder: str = FOLDER) -> Ask:
    assert server.put(ALICE, folder, name) == "done"

    def ask() -> str:
        listed = name in server.seen_by(ALICE, folder)
        fetched = server.take(ALICE, f"{folder}/{name}") == "done"
        assert listed == fetched, "what is listed can be fetched, and nothing else"
        return "there" if listed else "gone"

    return ask
