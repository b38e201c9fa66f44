"""One table of every end there is: a second before it, at it, a second after it, with every job stopped.

What is compared is what a stranger sees: the answer at the door, a listing, the answer to a request.
Only where the end is that somebody is told does the one job run that tells.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from mft.settings.model import Terms
from tests.lifecycle import beginnings as a
from tests.lifecycle.conftest import OpenServer
from tests.lifecycle.scenario.server import Server

Ask = Callable[[], str]
Stage = Callable[[Server], Ask]
BEGIN = datetime(2027, 11, 30, 9, 30, 15, 250_000, tzinfo=UTC)


@dataclass(frozen=True)
class Rule:
    """One row of the table."""

    says: str
    fact: str
    lasts: timedelta | datetime
    """From the beginning; or until when."""
    before: str
    after: str
    stage: Stage
    begins: datetime = BEGIN

    @property
    def ends(self) -> datetime:
        return self.lasts if isinstance(self.lasts, datetime) else self.begins + self.lasts


def day(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}T09:30:15.250000+00:00")


def days(count: float) -> timedelta:
    return timedelta(days=count)


WARNED = (30, 14, 7, 1)
TOLD = (7, 1)
HOURS_48 = timedelta(hours=48)

TABLE = (
    Rule("a temporary password opens its replacement", "0.12", HOURS_48, "replace", "out", a.temporary),
    Rule("a temporary password can be replaced", "0.12", HOURS_48, "in", "out", a.replacing),
    Rule("a person who signed on by password comes in", "0.15", days(120), "in", "out", a.used("password")),
    Rule("a person who signed on by key comes in", "0.15", days(120), "in", "out", a.used("key")),
    Rule("a person who never signed on comes in", "0.15", days(120), "in", "out", a.never_used),
    Rule("an account that somebody edited comes in", "0.15", days(120), "in", "out", a.edited),
    Rule("a batch job comes in", "0.15", days(60), "in", "out", a.unattended),
    Rule("an address with an end admits", "0.14", days(10), "in", "out", a.listed_until),
    Rule("a file of the standard class is there", "0.3", days(90), "there", "gone", a.kept("standard")),
    Rule("a file of a class of one's own is there", "0.3", days(30), "there", "gone", a.kept("remits")),
    Rule("a file under a work name is there", "0.3", days(1), "there", "gone", a.unfinished),
    Rule("a deleted file comes back", "0.3", timedelta(hours=1), "done", "refused", a.deleted),
    Rule("a hold beats a term", "0.3", days(130), "there", "gone", a.held_beyond),
    Rule("a hold beats a person", "0.3", days(20), "refused", "done", a.held_before),
    Rule("a request is in time", "0.11", days(14), "in time", "overdue", a.waiting),
    Rule("a request can be approved", "0.11", days(90), "done", "refused", a.undecided),
    Rule("a person nobody vouched for comes in", "0.15", days(30), "in", "out", a.unanswered),
    *(Rule(f"a purge is told {n} days before", "0.15", days(120 - n), "silent", "told", a.warned(n)) for n in WARNED),
    *(Rule(f"a file's end is told {n} days before", "0.3", days(90 - n), "silent", "told", a.told(n)) for n in TOLD),
)

FINANCIAL = {
    "2026-01-31": "2027-07-31",
    "2026-08-28": "2028-02-28",
    "2026-08-29": "2028-02-29",
    "2026-08-31": "2028-02-29",  # February of a leap year
    "2025-08-31": "2027-02-28",
    "2024-02-29": "2025-08-29",
    "2026-05-31": "2027-11-30",
    "2026-12-31": "2028-06-30",
    "2098-08-31": "2100-02-28",  # a century that is none
}
"""Received on the one day, gone from the other on: 18 calendar months (fact 3.11)."""

MONTHS = tuple(
    Rule(f"a financial report of {had} is there", "3.11", day(ends), "there", "gone", a.kept("financial"), day(had))
    for had, ends in FINANCIAL.items()
)


@pytest.mark.parametrize("offset", [-1, 0, 1], ids=["a second before", "at its end", "a second after"])
@pytest.mark.parametrize(
    "rule", [pytest.param(rule, marks=pytest.mark.fact(rule.fact), id=rule.says) for rule in (*TABLE, *MONTHS)]
)
def test_each_rule_turns_at_its_second_with_every_job_stopped(open_server: OpenServer, rule: Rule, offset: int):
    server = open_server(rule.begins, terms=Terms(dormancy_unattended=days(60)))
    ask = rule.stage(server)
    server.later(rule.ends + timedelta(seconds=offset))
    assert ask() == (rule.before if offset < 0 else rule.after)
