"""Digests: who is told of which file, when, once."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import update

from mft.lifecycle.digests import MOST_NAMES, Digested, Digests
from mft.model.account import OrganizationKind
from mft.model.rights import Right
from mft.policy.signon import Terms
from mft.store import grants
from mft.store.engine import Connection, Store
from mft.store.tables import account, letter, notice, organization, version
from mft.vfs.workspace import Ended
from tests.support.world import OPERATOR, World, furnished, get, p, put

HOME = "/Distribution/northwind"
NOTHING = Digested(0, 0)


@dataclass
class Desk:
    """A house with files, and what was written to its people."""

    world: World

    @property
    def digests(self) -> Digests:
        return Digests(self.world.store, self.world.clock, Terms())

    def run(self) -> Digested:
        return self.digests.run()

    def letters(self, name: str = "alice") -> list[dict]:
        """Return the words of each letter to the account's address, the oldest first, and take them away."""
        with self.world.store.write() as connection:
            mine = letter.c.recipient == f"{name}@example.org"
            rows = connection.execute(letter.select().where(mine).order_by(letter.c.queued_at)).all()
            connection.execute(letter.delete().where(mine))
        assert all(row.template == "files-expiring" for row in rows)
        assert all(row.account == self.world.accounts[name].id for row in rows)
        return [json.loads(row.fields) for row in rows]

    def change(self, table, **values: object) -> None:
        with self.world.store.write() as connection:
            connection.execute(update(table).values(values))


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    """Two delegates and a partner; what there is, an operator put; alice may do everything at home."""
    return Desk(furnished(store, tmp_path))


def path_of(line: str) -> str:
    return line.partition("UTC  ")[2]


def paths(lines: list[str]) -> list[str]:
    return [path_of(line) for line in lines if line != "none"]


def test_seven_days_and_one_day_before_its_end_a_file_is_told_of_and_never_twice(desk: Desk):
    put(desk.world.operator, f"{HOME}/report.csv", b"x")
    ends_at = desk.world.clock.now() + timedelta(days=90)
    told = []
    for _ in range(24 * 91):
        if desk.run() != NOTHING:
            told.append(ends_at - desk.world.clock.now())
        desk.world.clock.advance(hours=1)
    assert told == [timedelta(days=7), timedelta(days=1)]
    first, second = desk.letters()
    assert first["later"] == [f"2027-02-20 09:00 UTC  {HOME}/report.csv"]
    assert first["soon"] == ["none"]
    assert (second["soon"], second["later"]) == (first["later"], ["none"])
    assert (first["name"], first["organization"], first["total"], first["more"]) == ("alice", "northwind", 1, [])


@pytest.mark.parametrize("days", [7, 1])
def test_the_moment_is_exact(desk: Desk, days: int):
    put(desk.world.operator, f"{HOME}/report.csv", b"x")
    if days == 1:
        desk.world.clock.advance(days=84)
        desk.run()
        desk.world.clock.advance(days=-84)
    desk.world.clock.advance(days=90 - days, seconds=-1)
    assert desk.run() == NOTHING
    desk.world.clock.advance(seconds=1)
    assert desk.run() == Digested(1, 1)
    desk.world.clock.advance(seconds=1)
    assert desk.run() == NOTHING


def test_a_file_that_has_ended_is_told_to_nobody(desk: Desk):
    put(desk.world.operator, f"{HOME}/report.csv", b"x")
    desk.world.clock.advance(days=90)
    assert desk.run() == NOTHING


def test_after_an_outage_only_the_more_urgent_day_is_told(desk: Desk):
    put(desk.world.operator, f"{HOME}/report.csv", b"x")
    desk.world.clock.advance(days=89, hours=12)
    assert desk.run() == Digested(1, 1)
    assert paths(desk.letters()[0]["soon"]) == [f"{HOME}/report.csv"]
    assert desk.run() == NOTHING


def test_one_letter_lists_both_days_and_nobody_gets_two_within_a_day(desk: Desk):
    put(desk.world.operator, f"{HOME}/a-first.csv", b"x")
    desk.world.clock.advance(days=6)
    for number in range(5):
        put(desk.world.operator, f"{HOME}/b{number}.csv", b"x")
        desk.world.clock.advance(hours=5)
    written = []
    for _ in range(24 * 90):
        if desk.run().letters:
            written.append(desk.world.clock.now())
        desk.world.clock.advance(hours=1)
    assert all(later - earlier >= timedelta(days=1) for earlier, later in pairwise(written))
    letters = desk.letters()
    assert [len(paths(one["soon"])) + len(paths(one["later"])) for one in letters] == [1, 6, 5]
    assert paths(letters[1]["soon"]) == [f"{HOME}/a-first.csv"]
    assert paths(letters[1]["later"]) == [f"{HOME}/b{number}.csv" for number in range(5)]


def due(desk: Desk, name: str = "report.csv") -> str:
    """Put a file that alice is to be told of in seven days less than its term."""
    path = f"{HOME}/{name}"
    put(desk.world.operator, path, b"x" * 100)
    desk.world.clock.advance(days=83)
    return path


def test_who_took_a_file_whole_is_not_told_and_who_took_a_part_is(desk: Desk):
    path = f"{HOME}/report.csv"
    put(desk.world.operator, path, b"x" * 100)
    desk.world.grant("anna", HOME)
    assert get(desk.world.as_("alice"), path) == b"x" * 100
    download = desk.world.as_("anna").open_download(p(path))
    download.read(0, 10)
    download.close(Ended.CUT)
    desk.world.clock.advance(days=83)
    assert desk.run() == Digested(1, 1)
    assert len(desk.letters("anna")) == 1


def test_who_brought_a_file_is_not_told_that_it_waits(desk: Desk):
    put(desk.world.as_("alice"), f"{HOME}/mine.csv", b"x")
    desk.world.grant("anna", HOME)
    desk.world.clock.advance(days=83)
    desk.run()
    assert desk.letters("alice") == []
    assert len(desk.letters("anna")) == 1


@pytest.mark.parametrize(
    ("rights", "told"),
    [(Right.READ, 1), (Right.READ | Right.LIST, 1), (Right.LIST, 0), (Right.CREATE | Right.LIST | Right.DELETE, 0)],
    ids=["read", "read and list", "list", "all but read"],
)
def test_only_who_may_fetch_a_file_is_told(desk: Desk, rights: Right, told: int):
    desk.world.grant("alice", HOME, Right.LIST)
    desk.world.grant("anna", HOME, rights)
    due(desk)
    assert desk.run().letters == told
    assert len(desk.letters("anna")) == told


def test_nobody_is_told_of_what_does_not_exist_for_them(desk: Desk):
    world = desk.world
    world.operator.make_folder(p(f"{HOME}/hidden"))
    world.operator.make_folder(p(f"{HOME}/open"))
    world.grants.revoke(OPERATOR, p(HOME), world.accounts["alice"])
    world.grant("alice", f"{HOME}/open")
    world.grant("sven", "/Distribution/southwind")
    put(world.operator, f"{HOME}/hidden/a", b"x")
    put(world.operator, f"{HOME}/open/b", b"x")
    put(world.operator, "/Distribution/southwind/c", b"x")
    world.clock.advance(days=83)
    assert desk.run() == Digested(2, 2)
    assert paths(desk.letters("alice")[0]["later"]) == [f"{HOME}/open/b"]
    assert paths(desk.letters("sven")[0]["later"]) == ["/Distribution/southwind/c"]
    assert desk.letters("anna") == []


def test_a_partner_reads_the_paths_that_a_partner_sees(desk: Desk):
    desk.world.grant("bot", "/Partners/acme")
    for place in ("Outbound/835.edi", "stray.txt"):
        put(desk.world.operator, f"/Partners/acme/{place}", b"x")
    desk.world.clock.advance(days=83)
    assert desk.run() == Digested(1, 1)
    assert paths(desk.letters("bot")[0]["later"]) == ["/Outbound/835.edi"]


def test_the_payers_people_are_told_as_far_as_grants_go(desk: Desk):
    desk.world.add_organization("plan", OrganizationKind.PAYER)
    desk.world.add_account("peter", "plan")
    desk.world.grant("peter", "/Partners")
    put(desk.world.operator, "/Partners/acme/Inbound/837.edi", b"x")
    path = due(desk)
    assert desk.run() == Digested(2, 2)
    assert paths(desk.letters("peter")[0]["later"]) == ["/Partners/acme/Inbound/837.edi"]
    assert paths(desk.letters("alice")[0]["later"]) == [path]


def test_a_grant_to_an_organization_counts_for_its_people(desk: Desk):
    world = desk.world
    world.grants.give(OPERATOR, p("/Distribution/southwind"), world.organizations["southwind"], Right.READ)
    put(world.operator, "/Distribution/southwind/c", b"x")
    world.clock.advance(days=83)
    assert desk.run() == Digested(1, 1)
    assert len(desk.letters("sven")) == 1


KEPT_QUIET: dict[str, Callable[[Desk], None]] = {
    "disabled": lambda desk: desk.change(account, state="disabled"),
    "purged": lambda desk: desk.change(account, state="purged"),
    "dormant": lambda desk: desk.change(account, last_signon_at=desk.world.clock.now() - timedelta(days=120)),
    "suspended": lambda desk: desk.change(account, recertify_by=desk.world.clock.now()),
    "without address": lambda desk: desk.change(account, email=None),
    "organization disabled": lambda desk: desk.change(organization, enabled=False),
}


@pytest.mark.parametrize("why", KEPT_QUIET)
def test_who_could_not_sign_on_or_has_no_address_is_told_nothing(desk: Desk, why: str):
    due(desk)
    KEPT_QUIET[why](desk)
    assert desk.run() == NOTHING


def test_who_may_no_longer_read_when_the_letter_is_written_is_not_told(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    due(desk)
    read = grants.all_grants

    def revoked_behind(connection: Connection) -> object:
        found = read(connection)
        desk.world.grants.revoke(OPERATOR, p(HOME), desk.world.accounts["alice"])
        return found

    monkeypatch.setattr(grants, "all_grants", revoked_behind)
    assert desk.run() == NOTHING


def test_warnings_of_an_unattended_job_go_to_its_contact(desk: Desk):
    due(desk)
    desk.change(account, contact="ops@example.org")
    desk.run()
    with desk.world.store.read() as connection:
        assert connection.execute(letter.select()).one().recipient == "ops@example.org"


def test_a_file_on_hold_is_told_once_the_hold_is_lifted(desk: Desk):
    put(desk.world.operator, f"{HOME}/report.csv", b"x")
    desk.change(version, hold="law", hold_by="olivia", hold_at=desk.world.clock.now(), hold_until=None)
    desk.world.clock.advance(days=83)
    assert desk.run() == NOTHING
    desk.change(version, hold=None, hold_by=None, hold_at=None)
    assert desk.run() == Digested(1, 1)


def test_a_work_name_is_told_to_nobody(desk: Desk):
    put(desk.world.as_("alice"), f"{HOME}/report.csv.part", b"x")
    desk.world.grant("anna", HOME)
    desk.world.clock.advance(hours=12)
    assert desk.run() == NOTHING


def test_a_file_in_its_quiet_time_is_told_when_that_is_over(desk: Desk):
    desk.world.folders.set_quiet(OPERATOR, p(HOME), timedelta(minutes=30))
    put(desk.world.operator, f"{HOME}/report.csv", b"x")
    desk.change(version, expires_at=desk.world.clock.now() + timedelta(hours=12))
    desk.world.clock.advance(minutes=30, seconds=-1)
    assert desk.run() == NOTHING
    desk.world.clock.advance(seconds=1)
    assert desk.run() == Digested(1, 1)


def test_a_file_whose_end_moved_is_told_of_anew(desk: Desk):
    due(desk)
    assert desk.run() == Digested(1, 1)
    desk.change(version, expires_at=desk.world.clock.now() + timedelta(days=30))
    assert desk.run() == NOTHING
    desk.world.clock.advance(days=23)
    assert desk.run() == Digested(1, 1)


def test_a_new_version_of_a_file_that_was_taken_is_told_of(desk: Desk):
    path = f"{HOME}/report.csv"
    put(desk.world.operator, path, b"x")
    get(desk.world.as_("alice"), path)
    put(desk.world.operator, path, b"y")
    desk.world.clock.advance(days=83)
    assert desk.run() == Digested(1, 1)


def test_a_letter_names_two_hundred_files_the_first_to_go_first_and_says_how_many_more(desk: Desk):
    for number in range(MOST_NAMES + 34):
        put(desk.world.operator, f"{HOME}/{number:04}.csv", b"x")
        desk.world.clock.advance(seconds=1)
    desk.world.clock.advance(days=83)
    assert desk.run() == Digested(1, MOST_NAMES + 34)
    (one,) = desk.letters()
    assert paths(one["later"]) == [f"{HOME}/{number:04}.csv" for number in range(MOST_NAMES)]
    assert (one["total"], one["more"]) == (MOST_NAMES + 34, ["and 34 more that are not named here"])
    assert desk.run() == NOTHING


def test_a_letter_that_was_not_queued_leaves_no_notice(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    due(desk)

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("mft.store.outbox.queue", fail)
        with pytest.raises(KeyboardInterrupt):
            desk.run()
    assert desk.run() == Digested(1, 1)


def test_several_runs_at_once_tell_each_person_once(desk: Desk):
    desk.world.grant("anna", HOME)
    for number in range(30):
        put(desk.world.operator, f"{HOME}/{number}", b"x")
    desk.world.clock.advance(days=83)
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda _: desk.run(), range(4)))
    assert sum(one.letters for one in told) == 2
    assert len(desk.letters("alice")) == len(desk.letters("anna")) == 1


def test_what_was_told_of_ends_long_past_is_forgotten(desk: Desk):
    due(desk)
    desk.run()
    desk.world.clock.advance(days=37)
    desk.run()
    with desk.world.store.read() as connection:
        assert len(connection.execute(notice.select()).all()) == 1
    desk.world.clock.advance(seconds=1)
    desk.run()
    with desk.world.store.read() as connection:
        assert connection.execute(notice.select()).all() == []


def test_both_databases_tell_the_same(any_store: Store, tmp_path: Path):
    desk = Desk(furnished(any_store, tmp_path))
    desk.world.grant("anna", HOME)
    for number in range(3):
        put(desk.world.operator, f"{HOME}/{number}", b"x")
    get(desk.world.as_("anna"), f"{HOME}/1")
    desk.world.clock.advance(days=83)
    assert desk.run() == Digested(2, 5)
    assert paths(desk.letters("anna")[0]["later"]) == [f"{HOME}/0", f"{HOME}/2"]
    assert desk.run() == NOTHING
