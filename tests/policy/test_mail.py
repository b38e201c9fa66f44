"""When a letter is tried again, and whom a digest tells what."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mft.model.account import Account, AccountState, Organization, OrganizationKind, Purpose
from mft.model.ids import AccountId, OrganizationId
from mft.policy.mail import PATIENCE, given_up, pause_after, pause_of_server, told_of_files, windows
from mft.policy.signon import Terms

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOUSE = Organization(OrganizationId("org"), "n", "N", OrganizationKind.DELEGATE, True, NOW, "o", None, None)
ALICE = Account(
    id=AccountId("acc"),
    name="alice",
    email="alice@example.org",
    organization=HOUSE.id,
    purpose=Purpose.PERSON,
    state=AccountState.ACTIVE,
    required=frozenset(),
    created_at=NOW,
    created_by="o",
    last_signon_at=None,
    failures=0,
)


def test_a_letter_rests_longer_each_time_and_never_longer_than_four_hours():
    minutes = [pause_after(attempts) // timedelta(minutes=1) for attempts in range(1, 8)]
    assert minutes == [1, 5, 15, 60, 240, 240, 240]


def test_a_server_that_was_down_is_asked_every_quarter_of_an_hour_at_least():
    assert [pause_of_server(outages) // timedelta(minutes=1) for outages in (1, 2, 3, 4, 99)] == [1, 5, 15, 15, 15]


def test_a_letter_is_given_up_after_five_days():
    assert timedelta(days=5) == PATIENCE
    assert [given_up(NOW, NOW + PATIENCE + late) for late in (-SECOND, timedelta(0), SECOND)] == [False, True, True]


def test_a_digest_looks_one_day_further_than_its_days():
    assert windows(NOW) == ((1, NOW + timedelta(days=2)), (7, NOW + timedelta(days=8)))


@pytest.mark.parametrize("late", [-SECOND, timedelta(0)], ids=str)
def test_who_is_dormant_is_told_nothing(late: timedelta):
    assert told_of_files(ALICE, HOUSE, Terms(), NOW + timedelta(days=120) + late) is (late < timedelta(0))


@pytest.mark.parametrize(
    "changed",
    [
        replace(ALICE, state=AccountState.DISABLED),
        replace(ALICE, state=AccountState.PURGED),
        replace(ALICE, email=""),
        replace(ALICE, recertify_by=NOW),
    ],
    ids=["disabled", "purged", "without address", "suspended"],
)
def test_who_could_not_sign_on_or_be_reached_is_told_nothing(changed: Account):
    assert told_of_files(ALICE, HOUSE, Terms(), NOW)
    assert not told_of_files(changed, HOUSE, Terms(), NOW)


def test_nobody_of_a_disabled_organization_is_told_anything():
    assert not told_of_files(ALICE, replace(HOUSE, enabled=False), Terms(), NOW)


def test_an_unattended_job_is_told_where_its_warnings_go():
    assert told_of_files(replace(ALICE, email="", contact="ops@example.org"), HOUSE, Terms(), NOW)
