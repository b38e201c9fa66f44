"""The random script of the scenario: who does what when.  One seed, one life."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.lifecycle.scenario.oracle import OPERATOR, Oracle
from tests.lifecycle.scenario.papers import Paper
from tests.lifecycle.scenario.people import Person

HOUSES = (("lakeside", "delegate", 40), ("northprov", "provider", 5), ("clearing", "partner", 8))
FOLDERS = {
    "/Distribution/lakeside/DAR": "standard",
    "/Distribution/lakeside/EOP": "financial",
    "/Distribution/lakeside/Remits": "remits",
    "/Distribution/northprov/Rosters": "standard",
    "/Distribution/northprov/Letters": "standard",
    "/Partners/clearing/Inbound/837": "standard",
    "/Partners/clearing/Outbound/999": "standard",
    "/Partners/clearing/Outbound/835": "financial",
}
INBOUND = "/Partners/clearing/Inbound/837"
MASS_FOLDER = "/Distribution/lakeside/Remits"
BATCH_HOUSE = "lakeside"
_WORDS = [
    "copper",
    "window",
    "travels",
    "north",
    "amber",
    "kettle",
    "seldom",
    "violin",
    "harbour",
    "lantern",
    "granite",
    "meadow",
    "orchard",
    "puzzle",
]


@dataclass(frozen=True)
class Plan:
    """When the few things happen that are not left to chance."""

    days: int = 500
    files: int = 5000
    accounts: int = 60
    mass_files: int = 330
    mass_files_on: int = 205
    mass_accounts: int = 10
    mass_accounts_on: int = 62
    outages: tuple[tuple[int, int], ...] = ((130, 142), (300, 319))
    longer: int = 290
    """When the remittances' folder is given a longer term,"""
    shorter: int = 335
    """and the letters' folder a shorter one."""

    idle: tuple[int, ...] = (1, 3, 6)
    """Days of the week on which no job runs; beside them the two outages."""
    mail_down: tuple[int, int] = (222, 226)

    def mail_is_down(self, day: int) -> bool:
        return self.mail_down[0] <= day < self.mail_down[1]

    def jobs_run(self, day: int) -> bool:
        return day % 7 not in self.idle and not any(first <= day < last for first, last in self.outages)


@dataclass(frozen=True)
class Act:
    """Something somebody does: a word that oracle and server both know, and its arguments."""

    at: datetime
    verb: str
    args: tuple[Any, ...]
    inside: str = ""
    """Who must have come in today for it to happen."""


@dataclass
class Habit:
    """What the script knows about somebody that no rule needs."""

    every: int
    """Days between two visits; 0 for somebody who never comes."""
    source: str
    next_visit: int
    leaves_on: int
    """From this day on they do not come any more."""


@dataclass
class Script:
    """Writes each day's acts, knowing what the oracle knows."""

    random: Random
    oracle: Oracle
    plan: Plan = field(default_factory=Plan)
    habits: dict[str, Habit] = field(default_factory=dict)
    asked: int = 0
    put: int = 0
    today: int = 0
    acts: list[tuple[str, tuple[Any, ...], str]] = field(default_factory=list)

    def opening(self, at: datetime) -> list[Act]:
        """Return the acts before the first day: organizations and their folders."""
        acts = [Act(at, "add_organization", (name, kind, f"lee@{name}.example", seats)) for name, kind, seats in HOUSES]
        return acts + [Act(at, "make_folder", folder) for folder in FOLDERS.items()]

    def day(self, number: int, midnight: datetime) -> list[Act]:
        """Return what happens on day *number*, in order, each at a moment of its own."""
        self.today, self.acts = number, []
        self._what_was_planned(midnight)
        self._ask(midnight)
        self._decide(midnight)
        self._help()
        self._visit()
        self._publish()
        self._rule(midnight)
        morning = midnight + timedelta(hours=6)
        moments = sorted(self.random.randrange(14 * 3600 * 10**6) for _ in self.acts)
        return [
            Act(morning + timedelta(microseconds=moment), verb, args, inside)
            for moment, (verb, args, inside) in zip(moments, self.acts, strict=True)
        ]

    def _until(self, midnight: datetime, least: int, most: int) -> datetime:
        """Return some moment between so many days from now."""
        return midnight + timedelta(days=self.random.randrange(least, most), seconds=self.random.randrange(1, 86_400))

    def _act(self, verb: str, *args: Any, inside: str = "") -> None:
        self.acts.append((verb, args, inside))

    def _what_was_planned(self, midnight: datetime) -> None:
        plan = self.plan
        if self.today == plan.mass_accounts_on:
            for _ in range(plan.mass_accounts):
                paper = self._paper(BATCH_HOUSE, midnight, every=0)
                self._act("submit", paper)
                self._act("approve", paper.label, f"temporary of {paper.name}")
        if self.today == plan.mass_files_on:
            for _ in range(plan.mass_files):
                self._put(OPERATOR, MASS_FOLDER)
        if self.today == plan.longer:
            self._act("set_kind", MASS_FOLDER, "standard")
        if self.today == plan.shorter:
            self._act("set_kind", "/Distribution/northprov/Letters", "remits")

    # Requests

    def _ask(self, midnight: datetime) -> None:
        """Submit what is asked for today: many accounts in the first days, then one now and then."""
        share = self.plan.accounts - self.plan.mass_accounts
        early = self.today < 12  # days
        chance = 0.9 if early else 0.5 * share / self.plan.days
        for _ in range(2 if early else 1):
            if self.random.random() < chance:
                house = self.random.choices([name for name, _, _ in HOUSES], (5, 3, 3))[0]
                self._act("submit", self._paper(house, midnight, self.random.choice((7, 15, 30, 60, 90, 110, 0))))
        living = self.oracle.living()
        if living and self.random.random() < 0.08:
            self._ask_about(self.random.choice(living), midnight)
        gone = [each for each in self.oracle.people.values() if each.purged is not None]
        if gone and self.random.random() < 0.06:
            self._ask_again(self.random.choice(gone), midnight)

    def _paper(self, house: str, midnight: datetime, every: int) -> Paper:
        self.asked += 1
        number = self.asked
        unattended = house == "clearing" and number % 2 == 0
        name = f"{'batch' if unattended else 'person'}{number:03d}"
        source = f"8.{number // 200}.{number % 200}"
        addresses: list[tuple[str, datetime | None]] = [(f"{source}.{self.random.randrange(10, 20)}", None)]
        if number % 4 == 0:
            addresses.append((f"{source}.32-{source}.47", None))
        if number % 5 == 0:
            addresses.append((f"{source}.64/28", self._until(midnight, 20, 200)))
        self.habits[name] = Habit(
            every=5 if unattended else every,
            source=addresses[0][0],
            next_visit=0,
            leaves_on=self.today + self.random.randrange(10, 250),
        )
        return Paper(
            label=f"request {number}",
            kind="add",
            house=house,
            name=name,
            person=f"Pat Number{number:03d}",
            email=f"pat{number:03d}@mail-of-{house}.example",
            phone=f"+1 612 555 {number:04d} ext {number:04d}",
            unattended=unattended,
            addresses=tuple(addresses),
        )

    def _ask_about(self, person: Person, midnight: datetime) -> None:
        """Ask for further addresses, most with an end; or for somebody's removal."""
        self.asked += 1
        kind = "remove" if self.random.random() < 0.4 else "addresses"
        until = self._until(midnight, 2, 60) if self.random.random() < 0.7 else None
        source = f"9.{self.asked // 200}.{self.asked % 200}.{self.random.randrange(1, 250)}"
        addresses = ((source, until),) if kind == "addresses" else ()
        paper = Paper(f"request {self.asked}", kind, person.house, person.name, addresses=addresses)
        self._act("submit", paper)

    def _ask_again(self, person: Person, midnight: datetime) -> None:
        """Ask under the old name, which is refused for ever, and under a new one."""
        again = self._paper(person.house, midnight, self.random.choice((6, 20)))
        old = Paper(f"{again.label} under the old name", "add", person.house, person.name, **_who(again))
        self._act("submit", old)
        self._act("submit", again)

    def _decide(self, midnight: datetime) -> None:
        for paper in self.oracle.papers.values():
            if not paper.waits(midnight):
                continue
            # Some wait beyond their due date, and a few are forgotten until they expire.
            forgotten = int(paper.label.split()[1]) % 13 == 0
            if forgotten or self.random.random() < 0.72:
                continue
            how = self.random.choices(("approve", "deny", "withdraw"), (86, 9, 5))[0]
            self._act(how, paper.label, *((f"temporary of {paper.name}",) if how == "approve" else ()))

    # People

    def _help(self) -> None:
        """Do what the service desk and the administrators do."""
        for person in self.oracle.living():
            habit = self.habits[person.name]
            if person.lapses is not None and habit.every and self.random.random() < 0.04:
                self._act("reset", person.name, f"temporary {self.today} of {person.name}")
            if person.vouch_by is not None and self.random.random() < 0.11 and int(person.name[-3:]) % 7:
                self._act("let_go" if self.random.random() < 0.02 else "keep", person.name)
            if person.disabled and self.random.random() < 0.2:
                self._act("enable", person.name)
            elif self.random.random() < 0.002:
                self._act("disable", person.name)

    def _visit(self) -> None:
        for person in self.oracle.living():
            habit = self.habits[person.name]
            comes = habit.every and habit.next_visit <= self.today < habit.leaves_on
            if comes and self.random.random() < 0.8:
                habit.next_visit = self.today + max(1, round(habit.every * self.random.uniform(0.6, 1.4)))
                self._come(person, habit)
        if self.random.random() < 0.3 and self.oracle.people:
            name = self.random.choice(list(self.oracle.people))
            self._act("sign_on", name, "a guess of somebody", self.habits[name].source)

    def _come(self, person: Person, habit: Habit) -> None:
        """Knock, sometimes wrongly first, and do something inside."""
        name = person.name
        if self.random.random() < 0.1:
            self._act("sign_on", name, person.secret or "nothing", "11.11.11.11")
        if person.unattended and not person.keys:
            self._act("give_key", name, f"key of {name}")
        if person.keys:
            self._act("sign_on", name, self.random.choice(sorted(person.keys)), habit.source)
        elif person.lapses is None:
            self._act("sign_on", name, person.secret, habit.source)
        else:
            self._act("sign_on", name, person.secret, habit.source)
            self._act("replace", name, person.secret, self._passphrase(), habit.source)
        self._errands(person)

    def _errands(self, person: Person) -> None:
        name = person.name
        there = [each for each in self.oracle.files.here.values() if self.oracle.reads(name, each.path)]
        for sheet in self.random.sample(there, min(len(there), self.random.randrange(3))):
            self._act("take", name, sheet.path, inside=name)
            if self.random.random() < 0.35:
                self._act("remove", name, sheet.path, inside=name)
        if self.oracle.houses[person.house].kind == "partner":
            for _ in range(self.random.randrange(1, 4)):
                self._put(name, INBOUND, work=self.random.random() < 0.3)
                last = self.acts[-1][1][-1]
                if last.endswith(".part") and self.random.random() < 0.7:
                    self._act("rename", name, INBOUND, last, last.removesuffix(".part"), inside=name)
        work = [each for each in there if each.work and each.bringer == name]
        for sheet in work[:2]:
            self._act("rename", name, sheet.folder, sheet.name, sheet.name.removesuffix(".part"), inside=name)

    def _passphrase(self) -> str:
        words = self.random.sample(_WORDS, 4)
        return f"{' '.join(words)} {self.random.randrange(1000, 9999)}"

    # Files

    def _publish(self) -> None:
        """Put the share of the files still to come that is due today: reports come once a week."""
        if self.today % 7:
            return
        left = self.plan.files - self.put - (self.plan.mass_files if self.today < self.plan.mass_files_on else 0)
        share = 7 * left / max(1, self.plan.days - 14 - self.today)
        for _ in range(max(0, round(share * self.random.uniform(0.5, 1.5)))):
            folder = self.random.choices(list(FOLDERS), (6, 1, 3, 3, 1, 1, 4, 1))[0]
            self._put(OPERATOR, folder)

    def _put(self, who: str, folder: str, *, work: bool = False) -> None:
        self.put += 1
        name = f"{self.today:03d}-{self.put:05d}.txt{'.part' if work else ''}"
        self._act("put", who, folder, name, inside="" if who == OPERATOR else who)

    def _rule(self, midnight: datetime) -> None:
        """Hold, lift, delete, bring back and replace, now here and now there."""
        there = list(self.oracle.files.here.values())
        if not there:
            return
        sheet = self.random.choice(there)
        if self.random.random() < 0.15:
            until = None if self.random.random() < 0.25 else self._until(midnight, 2, 120)
            self._act("hold", sheet.path, until)
        held = [each for each in there if each.held]
        if held and self.random.random() < 0.08:
            self._act("lift", self.random.choice(held).path)
        if held and self.random.random() < 0.1:
            self._act("remove", OPERATOR, self.random.choice(held).path)
        if self.random.random() < 0.3 and not sheet.work:
            self._act("put", OPERATOR, sheet.folder, sheet.name)
        if self.random.random() < 0.3:
            self._act("remove", OPERATOR, sheet.path)
            self._act("undelete", sheet.path)


def _who(paper: Paper) -> dict[str, Any]:
    return {"person": paper.person, "email": paper.email, "phone": paper.phone, "addresses": paper.addresses}
