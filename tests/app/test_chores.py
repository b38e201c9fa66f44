"""Scheduled work on a real house: every row of the table runs, and what is due is done."""

from datetime import timedelta
from pathlib import Path

import pytest

from mft.app.build import House, open_house
from mft.app.chores import chores
from mft.audit.search import tail
from mft.clock import SystemClock
from mft.directory import trial
from mft.jobs.schedule import Timetable, schedule
from mft.model.account import OrganizationKind
from mft.model.directory import Setup, SetupState
from mft.model.event import Action
from mft.model.path import VirtualPath
from mft.store import setups
from mft.vfs.shapes import Ended, OpenMode
from tests.support.clock import MovingClock
from tests.support.hall import until
from tests.support.installed import OPERATOR, furnish, installed, put


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock(SystemClock().now())


@pytest.fixture
def house(tmp_path: Path, clock: MovingClock):
    with open_house(installed(tmp_path / "d").loaded().settings, clock) as opened:
        furnish(opened)
        yield opened


def run(house: House) -> None:
    for job in chores(house):
        job.run()


def actions(house: House) -> list[Action]:
    return [event.event.action for event in tail(house.store, 100)]


def test_nothing_is_done_when_nothing_is_due(house: House):
    put(house, "report.csv", b"one")
    before = actions(house)
    run(house)
    run(house)
    assert actions(house) == before


@pytest.mark.fact("0.3")
def test_after_ninety_days_a_file_and_its_bytes_are_gone(house: House, clock: MovingClock):
    put(house, "report.csv", b"one")
    clock.advance(days=90)
    run(house)
    assert {Action.FILE_EXPIRED, Action.FILE_DESTROYED} <= set(actions(house))
    assert list(house.blobs.published()) == []


def test_a_deleted_file_is_destroyed_after_the_undo_period(house: House, clock: MovingClock):
    put(house, "report.csv", b"one")
    house.files.operator(OPERATOR).remove(VirtualPath.parse("/Distribution/northwind/report.csv"))
    clock.advance(minutes=59)
    run(house)
    assert len(list(house.blobs.published())) == 1
    clock.advance(minutes=1)
    run(house)
    assert list(house.blobs.published()) == []


def test_an_upload_nobody_resumed_is_dropped_after_a_day(house: House, clock: MovingClock):
    tree = house.files.operator(OPERATOR)
    upload = tree.open_upload(VirtualPath.parse("/Distribution/northwind/half.csv"), OpenMode(create=True))
    upload.write(0, b"half")
    upload.interrupt(Ended.CUT)
    clock.advance(hours=24, seconds=1)
    run(house)
    assert list(house.blobs.staged()) == []


def test_a_checkpoint_is_signed_when_something_happened_and_only_then(house: House):
    made = house.settings.data / "audit/checkpoints.jsonl"
    run(house)
    run(house)
    assert len(made.read_text().splitlines()) == 1


def test_jobs_have_names_of_their_own_and_come_at_least_once_a_day(house: House):
    assert max(job.every for job in chores(house)) <= timedelta(days=1)
    assert len({job.name for job in chores(house)}) == len(chores(house))


async def test_a_server_does_every_job_at_its_start_and_none_again_before_it_is_due(house: House):
    jobs = chores(house)
    alone = {job.name for job in jobs if job.alone}
    async with schedule(jobs, house.runs, house.offload):
        await until(lambda: len(house.runs.look({}).succeeded) == len(alone))
    after_a_restart = Timetable(jobs, house.runs, house.offload)
    await after_a_restart.tick()
    await after_a_restart.close()
    assert set(house.runs.standings()) == alone
    assert {len(house.runs.history(name)) for name in alone} == {1}


@pytest.mark.fact("2.2")
def test_a_password_that_was_changed_in_the_directory_is_noticed(tmp_path: Path, clock: MovingClock):
    with open_house(installed(tmp_path / "e").loaded().settings, clock) as house:
        furnish(house, OrganizationKind.PROVIDER)
        notice_a_changed_password(house)


def notice_a_changed_password(house: House) -> None:
    people = house.settings.directory.trial_file
    assert people is not None
    trial.add(people, house.passwords, "alice-ncid", "of alice")
    alice = house.external_ids.set(OPERATOR, "alice", "alice-ncid")
    with house.store.write() as connection:
        setups.put(connection, alice.id, Setup(SetupState.ACTIVE, "of before", house.clock.now(), "sftp-setup-1"))
    run(house)
    setup = house.accounts.get("alice").setup
    assert setup is not None
    assert setup.state is SetupState.STALE


def test_without_a_directory_nothing_is_asked_of_one(tmp_path: Path):
    with open_house(installed(tmp_path / "bare").loaded(MFT_DIRECTORY__KIND="none").settings) as house:
        assert "setups" not in {job.name for job in chores(house)}
