"""Whose password lives in a directory, which password counts where, and until when it does."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from mft.model.account import AccountState, CredentialKind, Method, OrganizationKind
from mft.model.directory import Setup, SetupState, Standing
from mft.model.ids import CredentialId
from mft.model.session import Door
from mft.policy.setup import (
    SetupTerms,
    counts,
    lives_in_directory,
    look_due,
    may_be_looked_at,
    must_renew_by,
    same_user,
    state_after,
    state_at,
    too_old,
)
from mft.policy.signon import Admit, AlsoNeeds, Dossier, MustReplace, Reason, Refuse, Terms, awaits_directory, decide
from tests.policy.test_signon import (
    ELSEWHERE,
    HOME,
    KEY,
    NOW,
    PASSWORD,
    SETUP,
    SYNCED,
    TEMPORARY,
    TOTP,
    a_dossier,
    an_entry,
    of_a_partner,
    set_up,
    verdict,
)

SECOND = timedelta(seconds=1)
AT_THE_DIRECTORY = Terms(directory=True)
OWN = {CredentialKind.TEMPORARY, CredentialKind.PASSWORD}
TYPED = OWN | {CredentialKind.DIRECTORY}

pytestmark = pytest.mark.fact("2.2")


def resident(*held: CredentialId, setup: Setup | None = SETUP, **changes) -> Dossier:
    """Return somebody of the directory who was set up just now."""
    account = {"external_id": "alice-ncid", "setup": setup, **changes.pop("account", {})}
    return of_a_partner(a_dossier(*(held or (SYNCED,)), account=account, terms=AT_THE_DIRECTORY, **changes))


@pytest.mark.parametrize(
    ("external_id", "setup", "directory", "lives"),
    [
        ("alice-ncid", None, True, True),
        ("alice-ncid", None, False, False),
        ("", None, True, False),
        ("", SETUP, False, True),
        ("alice-ncid", SETUP, False, True),
    ],
)
def test_who_has_an_external_id_or_was_set_up_lives_in_the_directory(external_id, setup, directory, lives):
    account = a_dossier(account={"external_id": external_id, "setup": setup}).account
    for kind in OrganizationKind:
        sees = kind in (OrganizationKind.PARTNER, OrganizationKind.PROVIDER)
        assert lives_in_directory(account, kind, configured=directory) == (lives and sees)


@pytest.mark.parametrize(
    ("door", "dossier", "taken"),
    [
        (Door.SFTP, resident(), {CredentialKind.DIRECTORY}),
        (Door.SFTP, a_dossier(), OWN),
        (Door.PORTAL, resident(), OWN),
        (Door.PORTAL, a_dossier(), OWN),
        (Door.CLI, a_dossier(), set()),
    ],
)
def test_one_kind_of_password_counts_at_each_door(door, dossier, taken):
    assert {kind for kind in TYPED if counts(kind, door, in_directory=dossier.in_directory)} == taken
    assert all(counts(kind, door, in_directory=dossier.in_directory) for kind in set(CredentialKind) - TYPED)


def test_the_directorys_password_opens_sftp_and_the_portal_never():
    assert isinstance(verdict(resident(), SYNCED), Admit)
    assert verdict(resident(SYNCED, TOTP), SYNCED, TOTP, door=Door.PORTAL) == Refuse(Reason.WRONG_DOOR)


@pytest.mark.parametrize("own", [PASSWORD, TEMPORARY])
def test_ones_own_password_opens_the_portal_and_sftp_never_while_the_directorys_is_asked_for(own):
    assert verdict(resident(own), own) == Refuse(Reason.WRONG_DOOR)
    assert isinstance(verdict(resident(own), own, door=Door.PORTAL), AlsoNeeds | MustReplace)


def test_a_directorys_password_opens_nothing_for_somebody_who_does_not_live_there():
    assert verdict(a_dossier(SYNCED), SYNCED) == Refuse(Reason.WRONG_DOOR)


def test_an_own_password_is_not_compared_with_terms_it_knows_nothing_of():
    assert isinstance(verdict(a_dossier(PASSWORD, terms=AT_THE_DIRECTORY), PASSWORD), Admit)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (SetupState.UNATTESTED, Reason.SETUP_MISSING),
        (SetupState.STALE, Reason.SETUP_STALE),
        (SetupState.REVOKED, Reason.SETUP_REVOKED),
    ],
)
def test_a_setup_that_does_not_stand_is_the_reason_whatever_was_typed(state, reason):
    """Who typed the new password, and who typed the old one, need the same help."""
    for dossier, proven in ((set_up(state), {SYNCED}), (set_up(state), set()), (set_up(state, KEY), set())):
        assert decide(dossier, frozenset(proven), HOME, NOW, Door.SFTP, Method.PASSWORD) == Refuse(reason)


def test_who_was_never_set_up_is_refused_for_that():
    for held in ((PASSWORD,), ()):
        dossier = resident(*held, setup=None, **({"credentials": ()} if not held else {}))
        assert decide(dossier, frozenset(), HOME, NOW, Door.SFTP, Method.PASSWORD) == Refuse(Reason.SETUP_MISSING)


@pytest.mark.parametrize(
    ("state", "admitted"),
    [(SetupState.UNATTESTED, True), (SetupState.STALE, True), (SetupState.ACTIVE, True), (SetupState.REVOKED, False)],
)
def test_a_key_opens_sftp_however_the_password_stands_unless_it_was_revoked(state, admitted):
    dossier = set_up(state, KEY, checked_at=NOW - timedelta(days=30))
    assert isinstance(verdict(dossier, KEY), Admit) == admitted
    assert isinstance(decide(dossier, {KEY}, HOME, NOW, Door.SFTP, Method.PUBLIC_KEY), Admit) == admitted


def test_a_revoked_setup_does_not_close_the_portal():
    dossier = set_up(SetupState.REVOKED, PASSWORD, TOTP)
    assert isinstance(verdict(dossier, PASSWORD, TOTP, door=Door.PORTAL), Admit)


def test_a_session_whose_password_went_with_the_revocation_ends_for_that():
    assert verdict(set_up(SetupState.REVOKED, KEY), SYNCED) == Refuse(Reason.SETUP_REVOKED)
    assert verdict(set_up(SetupState.ACTIVE, KEY), SYNCED) == Refuse(Reason.CREDENTIAL_REVOKED)


@pytest.mark.parametrize(("ago", "admitted"), [(-SECOND, True), (timedelta(), False), (SECOND, False)])
def test_without_an_answer_a_known_password_works_for_a_day_to_the_second(ago, admitted):
    asked = NOW - timedelta(hours=24) - ago
    expected = None if admitted else Reason.SETUP_UNKNOWN
    answer = verdict(resident(setup=replace(SETUP, checked_at=asked)), SYNCED)
    assert (answer.reason if isinstance(answer, Refuse) else None) == expected
    assert too_old(replace(SETUP, checked_at=asked), NOW, SetupTerms()) is not admitted


def test_a_password_about_which_the_directory_was_never_asked_opens_nothing():
    assert verdict(resident(setup=replace(SETUP, checked_at=None)), SYNCED) == Refuse(Reason.SETUP_UNKNOWN)


@pytest.mark.parametrize(("ago", "due"), [(-SECOND, False), (timedelta(), True), (SECOND, True)])
def test_the_directory_is_asked_again_after_a_quarter_of_an_hour_to_the_second(ago, due):
    asked = NOW - timedelta(minutes=15) - ago
    assert look_due(replace(SETUP, checked_at=asked), NOW, SetupTerms()) is due
    assert awaits_directory(resident(setup=replace(SETUP, checked_at=asked)), {SYNCED}, HOME, NOW, Door.SFTP) is due


def an_hour_ago(**changes) -> Setup:
    return replace(SETUP, checked_at=NOW - timedelta(hours=1), **changes)


def test_the_directory_is_asked_about_nobody_who_could_not_come_in_anyhow():
    def awaits(dossier: Dossier, proven: set = frozenset({SYNCED}), source=HOME, door=Door.SFTP) -> bool:
        return awaits_directory(dossier, proven, source, NOW, door)

    known = resident(setup=an_hour_ago())
    assert awaits(known)
    assert awaits(resident(KEY, setup=an_hour_ago()), {KEY})
    assert awaits(resident(setup=replace(SETUP, checked_at=NOW - timedelta(days=9))))
    assert not awaits(known, frozenset())  # A wrong password.
    assert not awaits(known, source=ELSEWHERE)
    assert not awaits(known, door=Door.PORTAL)
    assert not awaits(resident(setup=an_hour_ago(), account={"state": AccountState.DISABLED}))
    assert not awaits(resident(setup=an_hour_ago(), account={"required": frozenset({Method.PUBLIC_KEY})}))
    assert not awaits(resident(setup=an_hour_ago(state=SetupState.STALE)))
    assert not awaits(resident(KEY, setup=None), {KEY})
    assert not awaits(resident(setup=an_hour_ago(), allowlist=(an_entry("8.8.4.4"),)))


def says(mark: str = "m1", *, enabled: bool = True) -> Standing:
    return Standing("alice-ncid", mark, enabled)


@pytest.mark.parametrize(
    ("before", "said", "after"),
    [
        (SetupState.ACTIVE, says(), SetupState.ACTIVE),
        (SetupState.ACTIVE, says("m0"), SetupState.STALE),  # Older or newer: marks are compared for being the same.
        (SetupState.ACTIVE, says("m2"), SetupState.STALE),
        (SetupState.ACTIVE, says(enabled=False), SetupState.REVOKED),
        (SetupState.ACTIVE, says("", enabled=False), SetupState.REVOKED),
        (SetupState.STALE, says(), SetupState.STALE),
        (SetupState.STALE, says(enabled=False), SetupState.REVOKED),
        (SetupState.UNATTESTED, says("m2"), SetupState.UNATTESTED),
        (SetupState.UNATTESTED, says(enabled=False), SetupState.REVOKED),
        (SetupState.REVOKED, says(), SetupState.REVOKED),
        (None, says(), SetupState.UNATTESTED),
        (None, says(enabled=False), SetupState.REVOKED),
        (None, says("", enabled=False), None),
    ],
)
def test_what_the_directory_says_moves_a_setup(before, said, after):
    setup = replace(SETUP, state=before) if before else None
    assert state_after(setup, said) is after


RENEWED = SetupTerms(text="sftp-setup-2", renew_by=NOW)


@pytest.mark.parametrize(("later", "admitted"), [(-SECOND, True), (timedelta(), False), (SECOND, False)])
def test_a_new_text_is_asked_for_by_its_date_to_the_second(later: timedelta, admitted):
    now: datetime = NOW + later
    dossier = replace(resident(setup=replace(SETUP, checked_at=now)), terms=replace(AT_THE_DIRECTORY, setup=RENEWED))
    answer = verdict(dossier, SYNCED, now=now)
    assert answer == Refuse(Reason.SETUP_MISSING) or (admitted and isinstance(answer, Admit))
    state = SetupState.ACTIVE if admitted else SetupState.UNATTESTED
    assert state_at(dossier.account.setup, now, RENEWED) is state


def test_only_who_agreed_to_another_text_renews_and_only_if_there_is_a_date():
    assert must_renew_by(SETUP, RENEWED) == NOW
    assert must_renew_by(replace(SETUP, text_version="sftp-setup-2"), RENEWED) is None
    assert must_renew_by(SETUP, replace(RENEWED, renew_by=None)) is None
    assert must_renew_by(None, RENEWED) is None
    stale = replace(SETUP, state=SetupState.STALE)
    assert state_at(stale, NOW, RENEWED) is SetupState.STALE
    assert state_at(None, NOW, RENEWED) is None


@pytest.mark.parametrize(
    ("typed", "external_id", "same"),
    [
        ("alice-ncid", "alice-ncid", True),
        (" Alice-NCID ", "alice-ncid", True),
        ("alice", "alice-ncid", False),
        ("alice-ncid2", "alice-ncid", False),
        ("", "", False),
        (" ", "", False),
    ],
)
def test_only_the_user_id_of_whoever_is_signed_in_is_theirs(typed, external_id, same):
    assert same_user(typed, external_id) is same


def test_nobody_is_asked_about_who_is_nobody_there_or_is_purged():
    account = resident().account
    assert may_be_looked_at(account, OrganizationKind.PARTNER)
    assert not may_be_looked_at(account, OrganizationKind.DELEGATE)
    assert not may_be_looked_at(replace(account, external_id=""), OrganizationKind.PARTNER)
    assert not may_be_looked_at(replace(account, state=AccountState.PURGED), OrganizationKind.PARTNER)
