"""Five hundred days, lived twice: by the product and by the oracle, compared day by day."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.lifecycle.scenario.oracle import OPERATOR, Mail, Oracle
from tests.lifecycle.scenario.people import Person
from tests.lifecycle.scenario.script import FOLDERS, Act, Plan, Script
from tests.lifecycle.scenario.server import Server

ELSEWHERE = "11.11.11.11"
"""An address on nobody's list."""
NIGHT = ("requests", "reviews", "accounts", "sweep", "digests", "mail")
EVERY = 10
"""So often, in days, everything is compared and not a sample."""
SAMPLE = 2
PATIENCE = 3
"""Nights that removing stands still before somebody looks."""


class DisagreementError(AssertionError):
    """The product and the oracle do not say the same."""

    def __init__(self, seed: int, day: int, at: datetime, subject: object, said: object, expected: object) -> None:
        super().__init__(
            f"seed {seed}, day {day} ({at:%Y-%m-%d %H:%M:%S.%f}), {subject}:\n"
            f"  the product says {said!r}\n  the oracle says  {expected!r}"
        )


@dataclass
class Life:
    """One seed's five hundred days."""

    seed: int
    server: Server
    oracle: Oracle
    plan: Plan
    begins: datetime
    day: int = 0
    inside: set[str] = field(default_factory=set)
    """Who came in today."""
    halted: int = 0
    """Nights since removing stands still."""
    releases: list[tuple[int, int]] = field(default_factory=list)
    """How many files and accounts each released plan named."""
    mail: list[tuple[datetime, Mail]] = field(default_factory=list)
    """Every letter that the mail server was handed, and when."""
    done: dict[str, int] = field(default_factory=dict)
    """How often each act was done and not refused."""

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.script = Script(Random(self.seed + 1), self.oracle, self.plan)
        for act in self.script.opening(self.begins):
            self.play(act)

    def midnight(self) -> datetime:
        return self.begins.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=self.day)

    def live(self) -> None:
        """Live one more day."""
        self.day += 1
        self.inside.clear()
        midnight = self.midnight()
        self.server.mailbox.down = self.plan.mail_is_down(self.day)
        if self.plan.jobs_run(self.day):
            self.server.later(midnight + timedelta(hours=2))
            self.night()
        if self.day <= self.plan.days:
            for act in self.script.day(self.day, midnight):
                self.server.later(act.at)
                self.play(act)
        self.server.later(midnight + timedelta(hours=20, seconds=self.random.randrange(3 * 3600)))
        self.compare()

    def agree(self, subject: object, said: Any, expected: Any) -> None:
        """Demand that both say the same.  Of two large sets only what tells them apart is shown."""
        if said != expected:
            if isinstance(said, set):
                said, expected = said - expected, expected - said
            elif isinstance(said, dict):
                said, expected = dict(said.items() - expected.items()), dict(expected.items() - said.items())
            raise DisagreementError(self.seed, self.day, self.server.clock.now(), subject, said, expected)

    # What people do

    def play(self, act: Act) -> None:
        """Let somebody do something, in both worlds."""
        if act.inside and act.inside not in self.inside:
            return
        said = getattr(self.server, act.verb)(*act.args)
        expected = getattr(self.oracle, act.verb)(*act.args, self.server.clock.now())
        self.agree((act.verb, *act.args), said, expected)
        if said == "in":
            self.inside.add(act.args[0])
        if said != "refused":
            self.done[act.verb] = self.done.get(act.verb, 0) + 1
        self._read_mail((act.verb, *act.args))

    def _read_mail(self, about: object) -> None:
        if not self.server.mailbox.down and (self.server.mailbox.taken or about == "night"):
            taken = self.server.mailbox.emptied()
            self.agree(f"letters after {about}", taken, self.oracle.deliver())
            self.mail += [(self.server.clock.now(), each) for each in taken]

    # What the calendar does

    def night(self) -> None:
        now = self.server.clock.now()
        plan = self._released(now) if self.halted >= PATIENCE else None
        self.server.night(*NIGHT)
        self.oracle.reviews(now)
        halted = self.oracle.night(now, *(plan or (set(), set())))
        self.oracle.digests(now)
        self.halted = self.halted + 1 if halted else 0
        self._read_mail("night")

    def _released(self, now: datetime) -> tuple[set[str], set[str]]:
        """Release what the breaker has held back for some nights: exactly what is over now."""
        said = self.server.release()
        files, accounts = {sheet.path for sheet in self.oracle.files.over(now)}, self.oracle.due(now)
        self.agree("the plan's files", said[0], files)
        self.agree("the plan's accounts", said[1], accounts)
        self.releases.append((len(files), len(accounts)))
        return said

    # What strangers see

    def compare(self) -> None:
        """Compare what each account, each folder and the list of requests say now."""
        now = self.server.clock.now()
        whole = self.day % EVERY == 0
        for person in self.oracle.people.values():
            if whole or person.purged is None:
                self._compare_door(person, now)
        self._compare_requests(now)
        self._compare_folders(now, whole=whole)
        self._compare_graves()

    def _compare_door(self, person: Person, now: datetime) -> None:
        own = self.script.habits[person.name].source
        source = ELSEWHERE if self.random.random() < 0.05 else own
        for proof in sorted(person.keys | {person.secret or "nothing"}):
            expected = self.oracle.would_enter(person.name, proof, source, now)
            subject = f"{person.name} with {proof} from {source}"
            self.agree(subject, self.server.would_enter(person.name, proof, source), expected)
            # Who is kept out can be asked at the door itself: a refusal changes nothing of theirs.
            if expected == "out" and self.random.random() < 0.05:
                self.agree(subject, self.server.sign_on(person.name, proof, source), expected)

    def _compare_requests(self, now: datetime) -> None:
        listed = self.server.standing()
        said = {label: (state, late) for label, state, late in listed}
        self.agree("requests", said, {p.label: (p.state(now), p.is_late(now)) for p in self.oracle.papers.values()})
        late = [late for _, _, late in listed]
        self.agree("the order of requests", late, sorted(late, reverse=True))

    def _compare_folders(self, now: datetime, *, whole: bool) -> None:
        people = [person.name for person in self.oracle.living() if now < person.ends and not person.disabled]
        some = self.random.sample(people, min(2 * SAMPLE if whole else SAMPLE, len(people)))
        viewers = [OPERATOR, *some] if whole else some
        for viewer in viewers:
            seen = [folder for folder in FOLDERS if self.oracle.reads(viewer, folder)]
            for folder in seen if whole else self.random.sample(seen, 1):
                said = self.server.seen_by(viewer, folder)
                self.agree(f"what {viewer} sees in {folder}", said, self.oracle.files.seen_by(viewer, folder, now))

    def _compare_graves(self) -> None:
        """Compare what is gone for good: purged accounts, and certificates of destroyed files."""
        purged = {person.name for person in self.oracle.people.values() if person.purged is not None}
        self.agree("who is purged", self.server.purged(), purged)
        self.agree("how many files are destroyed", self.server.certificates(), self.oracle.files.destroyed)
