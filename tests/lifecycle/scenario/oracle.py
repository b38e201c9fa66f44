"""The oracle: what the documents say happened, told in plain Python and without a line of the product.

It is given every act with its moment and answers what the product has to answer.  Every rule is
decided at use; the nights only tidy, tell and destroy.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv4Network

from tests.lifecycle.scenario.documents import FILE_WARNINGS, RECERTIFY, Halting, warning
from tests.lifecycle.scenario.papers import Paper
from tests.lifecycle.scenario.people import Listed, Person
from tests.lifecycle.scenario.shelves import Sheet, Shelves

OPERATOR = "olivia"


@dataclass
class House:
    """One organization."""

    name: str
    kind: str
    administrator: str
    seats: int
    reviewed: str = ""
    """The month that its people were last asked about."""
    waiting: dict[str, tuple[datetime, set[str]]] = field(default_factory=dict)
    """Whom each month's review still waits for, until its administrator was reminded."""

    @property
    def home(self) -> str:
        return f"/Partners/{self.name}" if self.kind == "partner" else f"/Distribution/{self.name}"


@dataclass(frozen=True, order=True)
class Mail:
    """One letter, as far as the documents speak of it."""

    what: str
    to: str
    name: str = ""
    """The account or organization that it names."""


class Oracle:
    """The whole house as it should be."""

    def __init__(self, halting: Halting) -> None:
        self.halting = halting
        self.houses: dict[str, House] = {}
        self.people: dict[str, Person] = {}
        self.papers: dict[str, Paper] = {}
        self.files = Shelves()
        self.letters: list[tuple[Mail, str]] = []
        """What waits for the mail server, each with the account that it is about and goes with."""
        self.told: set[tuple[str, datetime]] = set()
        """Who was told that they were suspended, by the moment since."""

    def write(self, what: str, name: str, *to: str, about: str = "") -> None:
        self.letters += [(Mail(what, each, name), about) for each in dict.fromkeys(filter(None, to))]

    def deliver(self) -> list[Mail]:
        """Return what the mail server is handed now."""
        sent, self.letters = [mail for mail, _ in self.letters], []
        return sorted(sent)

    def purge(self, name: str, now: datetime) -> None:
        """Forget everything about somebody, what is still to be sent about them too."""
        self.people[name].purge(now)
        self.letters = [(mail, about) for mail, about in self.letters if about != name]

    # People

    def add_organization(self, name: str, kind: str, administrator: str, seats: int, now: datetime) -> str:  # noqa: ARG002
        self.houses[name] = House(name, kind, administrator, seats)
        return "done"

    def living(self, house: str | None = None) -> list[Person]:
        return [each for each in self.people.values() if each.purged is None and house in (None, each.house)]

    def taken(self, house: str) -> int:
        """Return how many seats are taken; a batch job needs none."""
        return sum(1 for each in self.living(house) if not each.unattended)

    def sign_on(self, name: str, proof: str, source: str, now: datetime) -> str:
        told = self.would_enter(name, proof, source, now)
        if told == "in":
            self.people[name].admit(now)
        return told

    def would_enter(self, name: str, proof: str, source: str, now: datetime) -> str:
        person = self.people.get(name)
        return "out" if person is None else person.knocks(proof, int(IPv4Address(source)), now)

    def replace(self, name: str, old: str, new: str, source: str, now: datetime) -> str:
        told = self.would_enter(name, old, source, now)
        if told == "out" or old in self.people[name].keys:
            return "out"
        self.people[name].secret, self.people[name].lapses = new, None
        self.people[name].admit(now)
        return "in"

    def reset(self, name: str, label: str, now: datetime) -> str:
        if self.people[name].purged is not None:
            return "refused"
        self.people[name].reset(label, now)
        return "done"

    def give_key(self, name: str, label: str, now: datetime) -> str:  # noqa: ARG002
        if self.people[name].purged is not None:
            return "refused"
        self.people[name].keys.add(label)
        return "done"

    def disable(self, name: str, now: datetime) -> str:  # noqa: ARG002
        person = self.people[name]
        if person.purged is not None or person.disabled:
            return "refused"
        person.disabled = True
        return "done"

    def enable(self, name: str, now: datetime) -> str:  # noqa: ARG002
        person = self.people[name]
        if person.purged is not None or not person.disabled:
            return "refused"
        person.disabled = False
        return "done"

    # Requests

    def submit(self, paper: Paper, now: datetime) -> str:
        """Take a request: a name or address that is or was somebody's is refused for good."""
        if not (self._may_ask_in(paper, now) if paper.kind == "add" else self._may_ask_about(paper, now)):
            return "refused"
        paper.submitted = now
        self.papers[paper.label] = paper
        about = "" if paper.kind == "add" else paper.name
        self.write("request-received", paper.name, *self._readers(paper), about="" if paper.kind == "remove" else about)
        return "done"

    def _may_ask_in(self, paper: Paper, now: datetime) -> bool:
        asked = [each for each in self.papers.values() if each.kind == "add" and each.waits(now)]
        names = {each.name for each in asked} | set(self.people)
        mails = {each.email for each in asked} | {each.email for each in self.living()}
        hoped = sum(1 for each in asked if each.house == paper.house and not each.unattended)
        full = not paper.unattended and self.taken(paper.house) + hoped >= self.houses[paper.house].seats
        return paper.name not in names and paper.email not in mails and not full

    def _may_ask_about(self, paper: Paper, now: datetime) -> bool:
        about = self.people.get(paper.name)
        if about is None or about.purged is not None:
            return False
        same = (each for each in self.papers.values() if (each.kind, each.name) == (paper.kind, paper.name))
        return not any(each.waits(now) for each in same)

    def _readers(self, paper: Paper) -> tuple[str, ...]:
        """Return who is written to about *paper*: of a removal the administrator alone."""
        about = self.people.get(paper.name)
        known = about.mail if about is not None and about.purged is None else ""
        own = "" if paper.kind == "remove" else paper.contact or paper.email or known
        return own, self.houses[paper.house].administrator

    def approve(self, label: str, temporary: str, now: datetime) -> str:
        paper = self.papers.get(label)
        if paper is None or not paper.waits(now):
            return "refused"
        readers = self._readers(paper)
        granted = {"add": self._add, "remove": self._remove, "addresses": self._widen}[paper.kind]
        told = granted(paper, temporary, now)
        if told == "done":
            paper.decided = "approved"
            self.write("request-approved", paper.name, *readers, about="" if paper.kind == "remove" else paper.name)
        return told

    def deny(self, label: str, now: datetime) -> str:
        told = self._decide(label, "denied", now)
        if told == "done":
            paper = self.papers[label]
            about = paper.name if paper.kind == "addresses" else ""
            self.write("request-denied", paper.name, *self._readers(paper), about=about)
        return told

    def withdraw(self, label: str, now: datetime) -> str:
        return self._decide(label, "withdrawn", now)

    def _decide(self, label: str, how: str, now: datetime) -> str:
        if label not in self.papers or not self.papers[label].waits(now):
            return "refused"
        self.papers[label].decided = how
        return "done"

    def _add(self, paper: Paper, temporary: str, now: datetime) -> str:
        full = self.taken(paper.house) >= self.houses[paper.house].seats
        ended = any(until is not None and until <= now for _, until in paper.addresses)
        if (full and not paper.unattended) or ended:
            return "refused"
        person = Person(paper.name, paper.house, paper.email, now, paper.unattended, paper.contact)
        self.people[paper.name] = person
        person.addresses = [listed(text, until) for text, until in paper.addresses]
        person.reset(temporary, now)
        return "done"

    def _remove(self, paper: Paper, _temporary: str, now: datetime) -> str:
        if self.people[paper.name].purged is not None:
            return "refused"
        self.purge(paper.name, now)
        return "done"

    def _widen(self, paper: Paper, _temporary: str, now: datetime) -> str:
        about = self.people[paper.name]
        if about.purged is not None or any(until is not None and until <= now for _, until in paper.addresses):
            return "refused"
        about.addresses += [listed(text, until) for text, until in paper.addresses]
        return "done"

    # Recertification

    def keep(self, name: str, now: datetime) -> str:
        return self._answer(name, now, remove=False)

    def let_go(self, name: str, now: datetime) -> str:
        return self._answer(name, now, remove=True)

    def _answer(self, name: str, now: datetime, *, remove: bool) -> str:
        person = self.people[name]
        if person.purged is not None or person.vouch_by is None:
            return "refused"
        person.vouch_by = None
        for _, names in self.houses[person.house].waiting.values():
            names.discard(name)
        if remove:
            self.purge(name, now)
        return "done"

    # Nights

    def due(self, now: datetime) -> set[str]:
        """Return whose account went unused for its whole term."""
        return {each.name for each in self.living() if now >= each.ends}

    def night(self, now: datetime, files: set[str], accounts: set[str]) -> bool:
        """Do a night's warning and destroying; while it halts only the released *files* and *accounts* go.

        Return whether it halted.
        """
        stopped = self._pass_accounts(now, accounts)
        return self._sweep(now, files) or stopped

    def _pass_accounts(self, now: datetime, released: set[str]) -> bool:
        for person in self.living():
            if person.warn(now) is not None:
                self._tell_both("account-dormant", "account-dormant-admin", person)
            if person.suspended(now) and (person.name, person.vouch_by) not in self.told:
                self.told.add((person.name, person.vouch_by))
                self._tell_both("account-suspended", "account-suspended", person)
        due = self.due(now)
        halted = self.halting.stops_accounts(len(due - released))
        for name in sorted(due & released if halted else due):
            mail = self.people[name].mail
            self.purge(name, now)
            self.write("account-purged", name, mail)
        return halted

    def _tell_both(self, own: str, others: str, person: Person) -> None:
        self.write(own, person.name, person.mail, about=person.name)
        self.write(others, person.name, self.houses[person.house].administrator, about=person.name)

    def reviews(self, now: datetime) -> None:
        """Ask about everybody once a month, and remind of what was not answered."""
        month = f"{now:%Y-%m}"
        for house in self.houses.values():
            asked = self.living(house.name)
            if house.reviewed != month and asked:
                house.reviewed = month
                due = now + RECERTIFY
                house.waiting[month] = (due, {each.name for each in asked})
                for person in asked:
                    person.vouch_by = person.vouch_by or due
                self.write("review-opened", house.name, house.administrator)
            self._remind(house, now)

    def _remind(self, house: House, now: datetime) -> None:
        for month, (due, names) in list(house.waiting.items()):
            waits = [name for name in names if self.people[name].purged is None]
            if waits and due - timedelta(days=7) <= now < due:
                self.write("review-reminder", house.name, house.administrator)
                del house.waiting[month]

    def _sweep(self, now: datetime, released: set[str]) -> bool:
        self.files.sweep(now, {sheet.number for sheet in self.files.over(now) if sheet.path in released})
        if self.files.halts(self.halting, now):
            return True
        self.files.sweep(now)
        return False

    def digests(self, now: datetime) -> None:
        """Tell everybody which files go that they may read and have not taken: one letter, if it is time for one."""
        ending = [(sheet, days) for sheet in self.files.here.values() if (days := self._night_of(sheet, now))]
        for person in self.living():
            if person.disabled or person.suspended(now) or now >= person.ends:
                continue
            news = [(sheet, days) for sheet, days in ending if self._is_news(person, sheet, days)]
            if any(self._is_time(person, sheet, now) for sheet, _ in news):
                self.write("files-expiring", person.name, person.mail, about=person.name)
                for sheet, days in news:
                    sheet.told.setdefault((person.name, sheet.expires), set()).add(days)

    @staticmethod
    def _night_of(sheet: Sheet, now: datetime) -> int | None:
        """Return on which list *sheet* belongs tonight, that of 7 days or of one; None for neither.

        A letter names too what reaches its day before tomorrow's letter.
        """
        if now >= sheet.expires or sheet.work or sheet.is_held(now):
            return None
        return next((each for each in sorted(FILE_WARNINGS) if sheet.expires <= now + timedelta(days=each + 1)), None)

    def _is_news(self, person: Person, sheet: Sheet, days: int) -> bool:
        if person.name in {sheet.bringer, *sheet.taken_by} or not self.reads(person.name, sheet.folder):
            return False
        return not any(each <= days for each in sheet.told.get((person.name, sheet.expires), ()))

    @staticmethod
    def _is_time(person: Person, sheet: Sheet, now: datetime) -> bool:
        told = sheet.told.get((person.name, sheet.expires), set())
        return warning(sheet.expires, FILE_WARNINGS, told, now) is not None

    # Files

    def make_folder(self, path: str, kind: str, now: datetime) -> str:
        return self.files.set_kind(path, kind, now)

    def set_kind(self, folder: str, kind: str, now: datetime) -> str:
        return self.files.set_kind(folder, kind, now)

    def put(self, who: str, folder: str, name: str, now: datetime) -> str:
        return self.files.put(who, folder, name, now) if self.sends(who, folder) else "refused"

    def rename(self, who: str, folder: str, old: str, new: str, now: datetime) -> str:
        return self.files.rename(who, f"{folder}/{old}", new, now) if self.sends(who, folder) else "refused"

    def remove(self, who: str, path: str, now: datetime) -> str:
        return self.files.remove(who, path, now) if self.reads(who, path) else "refused"

    def undelete(self, path: str, now: datetime) -> str:
        return self.files.undelete(path, now)

    def take(self, who: str, path: str, now: datetime) -> str:
        return self.files.take(who, path, now) if self.reads(who, path) else "refused"

    def hold(self, path: str, until: datetime | None, now: datetime) -> str:
        return self.files.hold(path, until, now)

    def lift(self, path: str, now: datetime) -> str:
        return self.files.lift(path, now)

    def reads(self, who: str, path: str) -> bool:
        """Whether *who* may list, fetch and remove what lies at *path*."""
        person = self.people.get(who)
        if person is None or person.purged is not None:
            return who == OPERATOR
        return f"{path}/".startswith(f"{self.houses[person.house].home}/")

    def sends(self, who: str, folder: str) -> bool:
        """Whether *who* may put files into *folder*: of the people, a partner's into Inbound."""
        return self.reads(who, folder) and (who == OPERATOR or "/Inbound" in folder)


def listed(text: str, until: datetime | None) -> Listed:
    """Read an address, a block or a range as a person does."""
    if "-" in text:
        first, last = (int(IPv4Address(end.strip())) for end in text.split("-"))
        return Listed(first, last, until)
    block = IPv4Network(text)
    return Listed(int(block.network_address), int(block.broadcast_address), until)
