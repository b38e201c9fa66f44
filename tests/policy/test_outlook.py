"""What will become of an account: every end there is, in its order, each with its rule."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mft.model.account import AccountState, Purpose
from mft.model.directory import Setup, SetupState
from mft.model.session import Door
from mft.policy.outlook import Change, Standing, Transition, account_bars, account_transitions
from mft.policy.setup import SetupTerms
from mft.policy.signon import Admit, Refuse, Terms, bars, decide
from tests.policy.test_signon import HOME, KEY, PASSWORD, TEMPORARY, a_credential, a_dossier, an_entry, of_a_partner

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def days(dossier: Any, now: datetime = NOW, told: tuple[int, ...] = ()) -> list[tuple[float, Change]]:
    """Return what comes, and in how many days."""
    return [((one.at - now) / DAY, one.what) for one in account_transitions(dossier, now, told)]


def test_everything_that_ends_is_told_in_its_order():
    dossier = a_dossier(
        account={"last_signon_at": NOW - 10 * DAY, "recertify_by": NOW + 12 * DAY},
        credentials=(a_credential(TEMPORARY, NOW + 2 * DAY), a_credential(KEY, NOW + 50 * DAY)),
        allowlist=(an_entry(until=NOW + 9 * DAY), an_entry("9.9.9.9")),
    )
    assert days(dossier) == [
        (2, Change.TEMPORARY_ENDS),
        (9, Change.ADDRESS_ENDS),
        (12, Change.SUSPENSION),
        (50, Change.CREDENTIAL_ENDS),
        (80, Change.WARNING),
        (96, Change.WARNING),
        (103, Change.WARNING),
        (109, Change.WARNING),
        (110, Change.PURGE),
    ]


@pytest.mark.fact("0.15")
def test_each_line_names_its_rule():
    rules = {one.what: one.rule for one in account_transitions(a_dossier(), NOW)}
    assert rules[Change.PURGE] == "fact 0.15: terms.dormancy = 120 days since the last sign-on"
    unattended = a_dossier(account={"purpose": Purpose.UNATTENDED}, terms=Terms(dormant_after_unattended=45 * DAY))
    [*_, purge] = account_transitions(unattended, NOW)
    assert purge == Transition(
        NOW + 44 * DAY, Change.PURGE, "fact 0.15: terms.dormancy_unattended = 45 days since the last sign-on"
    )


def test_what_would_come_after_the_purge_is_not_told():
    dossier = a_dossier(
        account={"last_signon_at": NOW - 119 * DAY, "recertify_by": NOW + 5 * DAY},
        allowlist=(an_entry(until=NOW + 2 * DAY),),
    )
    assert days(dossier, told=(30, 14, 7, 1)) == [(1, Change.PURGE)]


def test_a_warning_that_is_overdue_comes_now_and_those_that_were_given_do_not():
    dossier = a_dossier(account={"last_signon_at": NOW - 110 * DAY})
    assert days(dossier) == [(0, Change.WARNING), (3, Change.WARNING), (9, Change.WARNING), (10, Change.PURGE)]
    assert days(dossier, told=(30, 14))[0] == (3, Change.WARNING)


def test_a_purge_that_waits_for_its_pass_is_told_with_its_day():
    assert days(a_dossier(account={"last_signon_at": NOW - 125 * DAY})) == [(-5, Change.PURGE)]


def test_a_purged_account_has_no_future():
    assert days(a_dossier(account={"state": AccountState.PURGED})) == []


DIRECTORY = Terms(directory=True)


def a_setup(
    state: SetupState = SetupState.ACTIVE, checked_at: datetime = NOW, text: str = "sftp-setup-1"
) -> dict[str, Any]:
    """Return what makes an account one of the directory."""
    return {"external_id": "lind", "setup": Setup(state, "mark", checked_at, text)}


BARS = {
    Standing.PURGED: a_dossier(account={"state": AccountState.PURGED, "purged_why": "left"}, credentials=()),
    Standing.DISABLED: a_dossier(account={"state": AccountState.DISABLED}),
    Standing.ORGANIZATION_DISABLED: a_dossier(enabled=False),
    Standing.LOCKED: a_dossier(account={"failures": 100}),
    Standing.SUSPENDED: a_dossier(account={"recertify_by": NOW}),
    Standing.DORMANT: a_dossier(account={"last_signon_at": NOW - 120 * DAY}),
    Standing.TEMPORARY_ENDED: a_dossier(credentials=(a_credential(TEMPORARY, NOW),)),
    Standing.NOTHING_TO_PROVE: a_dossier(credentials=()),
    Standing.NO_ADDRESS: a_dossier(allowlist=()),
    Standing.ADDRESS_WAITS: a_dossier(allowlist=(an_entry(), an_entry("9.9.9.9", approved_by=None))),
    Standing.KEY_WAITS: a_dossier(credentials=(a_credential(PASSWORD), replace(a_credential(KEY), waiting=True))),
    Standing.SETUP_MISSING: of_a_partner(a_dossier(PASSWORD, account={"external_id": "lind"}, terms=DIRECTORY)),
    Standing.SETUP_STALE: of_a_partner(a_dossier(PASSWORD, account=a_setup(SetupState.STALE), terms=DIRECTORY)),
    Standing.SETUP_REVOKED: of_a_partner(a_dossier(account=a_setup(SetupState.REVOKED), terms=DIRECTORY)),
    Standing.SETUP_UNKNOWN: of_a_partner(a_dossier(PASSWORD, account=a_setup(checked_at=NOW - DAY), terms=DIRECTORY)),
}


def test_the_table_of_bars_is_whole():
    assert set(BARS) == set(Standing)


SETUPS = (Standing.SETUP_MISSING, Standing.SETUP_STALE, Standing.SETUP_REVOKED, Standing.SETUP_UNKNOWN)
"""Of those whose password lives in the directory."""


@pytest.mark.parametrize("standing", SETUPS)
def test_a_setup_that_bars_the_password_leaves_a_key_and_a_revoked_one_does_not(standing: Standing):
    with_a_key = replace(BARS[standing], credentials=(a_credential(KEY),))
    revoked = standing is Standing.SETUP_REVOKED
    assert [(one.what, one.keeps_out) for one in account_bars(with_a_key, NOW)] == [(standing, revoked)]
    assert isinstance(decide(with_a_key, frozenset({KEY}), HOME, NOW, Door.SFTP), Refuse if revoked else Admit)
    waiting = replace(with_a_key, credentials=(replace(a_credential(KEY), waiting=True),))
    assert account_bars(waiting, NOW)[0].keeps_out


def test_who_never_had_anything_and_lives_in_the_directory_is_told_to_set_up_and_nothing_else():
    nobody = replace(of_a_partner(a_dossier(account={"external_id": "lind"}, terms=DIRECTORY)), credentials=())
    assert [one.what for one in account_bars(nobody, NOW)] == [Standing.SETUP_MISSING]


@pytest.mark.fact("2.9")
def test_a_new_text_of_the_attestation_is_foretold_with_its_day_and_bars_from_then_on():
    renewed = Terms(directory=True, setup=SetupTerms(text="sftp-setup-2", renew_by=NOW + 20 * DAY))
    account = a_setup(checked_at=NOW + 20 * DAY) | {"last_signon_at": NOW}
    dossier = of_a_partner(a_dossier(KEY, account=account, terms=renewed))
    assert days(dossier)[0] == (20, Change.SETUP_ENDS)
    assert account_bars(dossier, NOW + 20 * DAY - timedelta(microseconds=1)) == ()
    assert days(dossier, NOW + 20 * DAY)[0][1] is not Change.SETUP_ENDS
    assert [one.what for one in account_bars(dossier, NOW + 20 * DAY)] == [Standing.SETUP_MISSING]
    agreed = replace(dossier, account=replace(dossier.account, **a_setup(text="sftp-setup-2")))
    assert Change.SETUP_ENDS not in {what for _, what in days(agreed)}


@pytest.mark.parametrize("standing", BARS, ids=lambda one: one.name)
def test_each_bar_is_told_and_agrees_with_what_a_sign_on_is_told(standing: Standing):
    found = account_bars(BARS[standing], NOW)
    assert [one.what for one in found] == [standing]
    refused = next(bars(BARS[standing], HOME, NOW, Door.SFTP), None) is not None
    cannot_prove = standing in {Standing.TEMPORARY_ENDED, Standing.NOTHING_TO_PROVE, *SETUPS}
    assert found[0].keeps_out == (refused or cannot_prove)


@pytest.mark.parametrize("moment", ["recertify_by", "last_signon_at"])
def test_bars_begin_with_their_moment(moment: str):
    ends = NOW if moment == "recertify_by" else NOW - 120 * DAY
    dossier = a_dossier(PASSWORD, account={moment: ends})
    early = replace(dossier, account=replace(dossier.account, **{moment: ends + timedelta(microseconds=1)}))
    assert len(account_bars(dossier, NOW)) == 1
    assert account_bars(early, NOW) == ()
