"""The one decision, reason by reason and to the microsecond."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mft.model.account import (
    SSH_METHODS,
    Account,
    AccountState,
    AllowlistEntry,
    Credential,
    CredentialKind,
    Method,
    Organization,
    OrganizationKind,
    Purpose,
)
from mft.model.directory import Setup, SetupState
from mft.model.ids import AccountId, AllowlistEntryId, CredentialId, OrganizationId
from mft.model.network import AddressRange
from mft.model.session import Door
from mft.policy.signon import (
    LONGEST_PAUSE,
    Admit,
    AlsoNeeds,
    Dossier,
    MustReplace,
    Reason,
    Refuse,
    Terms,
    bars,
    decide,
    pause_before_answer,
)

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
TICK = timedelta(microseconds=1)
HOME = IPv4Address("8.8.8.8")
ELSEWHERE = IPv4Address("9.9.9.9")
PASSWORD, KEY, TEMPORARY = CredentialId("cred_password"), CredentialId("cred_key"), CredentialId("cred_temporary")
TOTP, SYNCED = CredentialId("cred_totp"), CredentialId("cred_synced")
KINDS = {
    PASSWORD: CredentialKind.PASSWORD,
    KEY: CredentialKind.KEY,
    TEMPORARY: CredentialKind.TEMPORARY,
    TOTP: CredentialKind.TOTP,
    SYNCED: CredentialKind.DIRECTORY,
}
SETUP = Setup(SetupState.ACTIVE, "m1", NOW, "sftp-setup-1")


def a_credential(which: CredentialId, expires_at: datetime | None = None) -> Credential:
    return Credential(which, KINDS[which], "verifier", "", "", NOW - timedelta(days=1), "operator", expires_at)


def an_entry(text: str = "8.8.8.8", until: datetime | None = None, approved_by: str | None = "operator"):
    addresses = AddressRange.parse(text)
    return AllowlistEntry(AllowlistEntryId("ip_1"), addresses, "operator", NOW, "", until, approved_by, None)


def a_dossier(*held: CredentialId, account: dict | None = None, enabled: bool = True, **changes) -> Dossier:
    plain = Account(
        id=AccountId("acc_1"),
        name="alice",
        email="alice@example.org",
        organization=OrganizationId("org_1"),
        purpose=Purpose.PERSON,
        state=AccountState.ACTIVE,
        required=frozenset(),
        created_at=NOW - timedelta(days=1),
        created_by="operator",
        last_signon_at=None,
        failures=0,
    )
    house = Organization(
        OrganizationId("org_1"),
        "northwind",
        "Northwind",
        OrganizationKind.DELEGATE,
        enabled,
        NOW,
        "operator",
        None,
        None,
    )
    dossier = Dossier(
        replace(plain, **(account or {})),
        house,
        tuple(a_credential(which) for which in (held or (PASSWORD, KEY))),
        (an_entry(),),
        Terms(),
    )
    return replace(dossier, **changes)


def of_a_partner(dossier: Dossier) -> Dossier:
    return replace(dossier, organization=replace(dossier.organization, kind=OrganizationKind.PARTNER))


def set_up(state: SetupState, *held: CredentialId, checked_at: datetime = NOW) -> Dossier:
    setup = replace(SETUP, state=state, checked_at=checked_at)
    return of_a_partner(a_dossier(*(held or (SYNCED,)), account={"setup": setup}))


def verdict(
    dossier: Dossier | None,
    *proven: CredentialId,
    source: IPv4Address = HOME,
    now: datetime = NOW,
    door: Door = Door.SFTP,
):
    return decide(dossier, frozenset(proven), source, now, door)


def test_a_known_secret_from_a_listed_address_is_admitted():
    answer = verdict(a_dossier(), PASSWORD)
    assert answer == Admit((a_credential(PASSWORD),), an_entry())


REFUSALS = {
    Reason.UNKNOWN_ACCOUNT: (None, (PASSWORD,)),
    Reason.SECRET_MISMATCH: (a_dossier(), ()),
    Reason.CREDENTIAL_REVOKED: (a_dossier(KEY), (PASSWORD,)),
    Reason.CREDENTIAL_EXPIRED: (a_dossier(credentials=(a_credential(KEY, NOW),)), (KEY,)),
    Reason.KEY_WAITING: (a_dossier(credentials=(replace(a_credential(KEY), waiting=True),)), (KEY,)),
    Reason.TEMPORARY_EXPIRED: (a_dossier(credentials=(a_credential(TEMPORARY, NOW),)), (TEMPORARY,)),
    Reason.ACCOUNT_DISABLED: (a_dossier(account={"state": AccountState.DISABLED}), (PASSWORD,)),
    Reason.ACCOUNT_PURGED: (a_dossier(account={"state": AccountState.PURGED}, credentials=()), ()),
    Reason.ACCOUNT_LOCKED: (a_dossier(account={"failures": 100}), (PASSWORD,)),
    Reason.ACCOUNT_DORMANT: (a_dossier(account={"last_signon_at": NOW - timedelta(days=120)}), (PASSWORD,)),
    Reason.NOT_RECERTIFIED: (a_dossier(account={"recertify_by": NOW}), (PASSWORD,)),
    Reason.ORGANIZATION_DISABLED: (a_dossier(enabled=False), (PASSWORD,)),
    Reason.WRONG_DOOR: (set_up(SetupState.ACTIVE, PASSWORD), (PASSWORD,)),
    Reason.SETUP_MISSING: (set_up(SetupState.UNATTESTED), (SYNCED,)),
    Reason.SETUP_STALE: (set_up(SetupState.STALE), (SYNCED,)),
    Reason.SETUP_REVOKED: (set_up(SetupState.REVOKED, KEY), (KEY,)),
    Reason.SETUP_UNKNOWN: (set_up(SetupState.ACTIVE, checked_at=NOW - timedelta(hours=24)), (SYNCED,)),
    Reason.SOURCE_NOT_LISTED: (a_dossier(allowlist=(an_entry("8.8.4.4"),)), (PASSWORD,)),
}


@pytest.mark.parametrize("reason", REFUSALS)
def test_each_reason_is_told_apart(reason):
    dossier, proven = REFUSALS[reason]
    assert verdict(dossier, *proven) == Refuse(reason)


def test_every_reason_but_the_rooms_own_is_covered():
    of_the_provider = {Reason.PROVIDER_UNFIT, Reason.MFA_MISSING, Reason.NOT_LINKED}
    assert set(Reason) - set(REFUSALS) == {Reason.CANNOT_TELL, Reason.SESSION_ENDED, *of_the_provider}


@pytest.mark.fact("0.14")
def test_an_empty_list_admits_nobody():
    for source in (HOME, ELSEWHERE, IPv4Address("127.0.0.1"), IPv4Address(0)):
        assert verdict(a_dossier(allowlist=()), PASSWORD, source=source) == Refuse(Reason.SOURCE_NOT_LISTED)


@pytest.mark.fact("0.14")
def test_both_ends_of_a_range_are_inside_and_their_neighbours_outside():
    dossier = a_dossier(allowlist=(an_entry("8.8.8.8-8.8.8.11"),))
    for address, inside in (("8.8.8.7", 0), ("8.8.8.8", 1), ("8.8.8.11", 1), ("8.8.8.12", 0)):
        assert isinstance(verdict(dossier, PASSWORD, source=IPv4Address(address)), Admit) == bool(inside)


@pytest.mark.fact("0.10")
def test_any_of_several_entries_admits():
    dossier = a_dossier(allowlist=(an_entry("8.8.4.4"), an_entry("9.9.9.0/24"), an_entry("8.8.8.8")))
    for source in (HOME, ELSEWHERE, IPv4Address("8.8.4.4")):
        assert isinstance(verdict(dossier, PASSWORD, source=source), Admit)


def test_an_entry_that_waits_for_approval_admits_nobody():
    dossier = a_dossier(allowlist=(an_entry(approved_by=None),))
    assert verdict(dossier, PASSWORD) == Refuse(Reason.SOURCE_NOT_LISTED)


def test_an_entry_ends_on_its_moment():
    dossier = a_dossier(allowlist=(an_entry(until=NOW),))
    assert isinstance(verdict(dossier, PASSWORD, now=NOW - TICK), Admit)
    assert verdict(dossier, PASSWORD, now=NOW) == Refuse(Reason.SOURCE_NOT_LISTED)


@pytest.mark.fact("0.12")
def test_a_temporary_password_lives_48_hours_to_the_microsecond():
    issued = NOW
    dossier = a_dossier(credentials=(a_credential(TEMPORARY, issued + timedelta(hours=48)),))
    last = issued + timedelta(hours=47, minutes=59, seconds=59, microseconds=999_999)
    assert isinstance(verdict(dossier, TEMPORARY, now=last), MustReplace)
    assert verdict(dossier, TEMPORARY, now=last + TICK) == Refuse(Reason.TEMPORARY_EXPIRED)


@pytest.mark.fact("0.12")
def test_a_temporary_password_opens_nothing_but_its_replacement():
    for proven in ((TEMPORARY,), (TEMPORARY, KEY)):
        assert verdict(a_dossier(TEMPORARY, KEY), *proven) == MustReplace(a_credential(TEMPORARY))


@pytest.mark.fact("0.15")
@pytest.mark.parametrize("last_signon_at", [None, NOW], ids=["never signed on", "signed on"])
def test_dormancy_begins_at_120_days_to_the_microsecond(last_signon_at):
    dossier = a_dossier(account={"last_signon_at": last_signon_at, "created_at": NOW})
    assert isinstance(verdict(dossier, PASSWORD, now=NOW + timedelta(days=120) - TICK), Admit)
    assert verdict(dossier, PASSWORD, now=NOW + timedelta(days=120)) == Refuse(Reason.ACCOUNT_DORMANT)


def test_an_unattended_job_has_a_dormancy_term_of_its_own():
    terms = Terms(dormant_after_unattended=timedelta(days=400))
    dossier = a_dossier(account={"purpose": Purpose.UNATTENDED, "created_at": NOW}, terms=terms)
    assert isinstance(verdict(dossier, PASSWORD, now=NOW + timedelta(days=399)), Admit)
    assert verdict(dossier, PASSWORD, now=NOW + timedelta(days=400)) == Refuse(Reason.ACCOUNT_DORMANT)


def test_99_failures_do_not_lock_and_100_do():
    assert isinstance(verdict(a_dossier(account={"failures": 99}), PASSWORD), Admit)
    assert verdict(a_dossier(account={"failures": 100}), PASSWORD) == Refuse(Reason.ACCOUNT_LOCKED)


BOTH = {"required": frozenset({Method.PASSWORD, Method.PUBLIC_KEY})}


def test_two_required_methods_are_both_asked_for():
    dossier = a_dossier(account=BOTH)
    assert verdict(dossier, PASSWORD) == AlsoNeeds(Method.PUBLIC_KEY)
    assert verdict(dossier, KEY) == AlsoNeeds(Method.PASSWORD)
    assert isinstance(verdict(dossier, PASSWORD, KEY), Admit)


def test_a_temporary_password_does_not_spare_the_key():
    dossier = a_dossier(TEMPORARY, KEY, account=BOTH)
    assert verdict(dossier, TEMPORARY) == AlsoNeeds(Method.PUBLIC_KEY)
    assert verdict(dossier, TEMPORARY, KEY) == MustReplace(a_credential(TEMPORARY))


def test_one_required_method_is_not_satisfied_by_the_other():
    dossier = a_dossier(account={"required": frozenset({Method.PUBLIC_KEY})})
    assert verdict(dossier, PASSWORD) == AlsoNeeds(Method.PUBLIC_KEY)
    assert isinstance(verdict(dossier, KEY), Admit)


def test_a_half_proven_caller_from_elsewhere_learns_nothing():
    assert verdict(a_dossier(account=BOTH), PASSWORD, source=ELSEWHERE) == Refuse(Reason.SOURCE_NOT_LISTED)


def test_a_factor_removed_between_two_steps_is_refused():
    assert verdict(a_dossier(KEY, account=BOTH), PASSWORD, KEY) == Refuse(Reason.CREDENTIAL_REVOKED)


@given(
    proven=st.sets(st.sampled_from([*KINDS, CredentialId("cred_other")])),
    held=st.sets(st.sampled_from(list(KINDS))),
    door=st.sampled_from([Door.SFTP, Door.PORTAL]),
    state=st.sampled_from(AccountState),
    enabled=st.booleans(),
    failures=st.integers(0, 101),
    age=st.timedeltas(timedelta(0), timedelta(days=240)),
    listed=st.booleans(),
)
def test_nobody_is_let_further_past_any_bar(proven, held, door, state, enabled, failures, age, listed):
    dossier = a_dossier(
        account={"state": state, "failures": failures, "created_at": NOW - age},
        enabled=enabled,
        credentials=tuple(a_credential(which) for which in sorted(held)),
        allowlist=(an_entry(),) if listed else (),
    )
    barred = (
        state is not AccountState.ACTIVE or not enabled or failures >= 100 or age >= timedelta(days=120) or not listed
    )
    answer = decide(dossier, proven, HOME, NOW, door)
    assert isinstance(answer, Refuse) == (barred or not proven or not proven <= held or SYNCED in proven)
    assert isinstance(answer, Admit) <= (TEMPORARY not in proven)
    assert isinstance(answer, Admit) <= (proven != {TOTP})
    assert isinstance(answer, Admit) <= (door is Door.SFTP or {PASSWORD, TOTP} <= proven)


PORTAL = {
    "a password": ((PASSWORD,), {}, AlsoNeeds(Method.TOTP)),
    "a key": ((KEY,), {}, AlsoNeeds(Method.PASSWORD)),
    "an authenticator": ((TOTP,), {}, AlsoNeeds(Method.PASSWORD)),
    "an authenticator and a key": ((TOTP, KEY), {}, AlsoNeeds(Method.PASSWORD)),
    "a temporary password": ((TEMPORARY,), {}, MustReplace(a_credential(TEMPORARY))),
    "a password where a key is required": ((PASSWORD,), {"required": SSH_METHODS}, AlsoNeeds(Method.TOTP)),
}


@pytest.mark.parametrize("what", PORTAL)
def test_no_single_factor_opens_the_portal(what):
    proven, account, expected = PORTAL[what]
    assert verdict(a_dossier(*proven, account=account), *proven, door=Door.PORTAL) == expected


@pytest.mark.parametrize("account", [{}, {"required": SSH_METHODS}, {"required": frozenset({Method.PUBLIC_KEY})}])
def test_a_password_and_an_authenticator_open_the_portal(account):
    dossier = a_dossier(PASSWORD, KEY, TOTP, account=account)
    assert isinstance(verdict(dossier, PASSWORD, TOTP, door=Door.PORTAL), Admit)


def test_an_authenticator_opens_nothing_over_sftp():
    assert verdict(a_dossier(TOTP), TOTP) == AlsoNeeds(Method.PASSWORD)
    assert isinstance(verdict(a_dossier(PASSWORD, TOTP), PASSWORD, TOTP), Admit)


@pytest.mark.parametrize("allowed", [True, False])
def test_an_organization_may_let_the_list_be_in_the_portal_and_nowhere_else(allowed):
    plain = a_dossier(PASSWORD, TOTP)
    dossier = replace(plain, organization=replace(plain.organization, portal_any_address=allowed))
    answer = verdict(dossier, PASSWORD, TOTP, source=ELSEWHERE, door=Door.PORTAL)
    assert answer == (Admit(dossier.credentials, None) if allowed else Refuse(Reason.SOURCE_NOT_LISTED))
    assert verdict(dossier, PASSWORD, source=ELSEWHERE) == Refuse(Reason.SOURCE_NOT_LISTED)


def test_all_bars_are_named_at_once_for_those_who_help():
    dossier = a_dossier(account={"state": AccountState.DISABLED, "failures": 100}, enabled=False, allowlist=())
    assert set(bars(dossier, HOME, NOW, Door.SFTP)) == {
        Reason.ACCOUNT_DISABLED,
        Reason.ACCOUNT_LOCKED,
        Reason.ORGANIZATION_DISABLED,
        Reason.SOURCE_NOT_LISTED,
    }


def test_the_fourth_failure_waits_half_a_second_and_each_further_one_twice_as_long():
    waits = [pause_before_answer(failures).total_seconds() for failures in range(12)]
    assert waits == [0, 0, 0, 0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert pause_before_answer(10**9) == LONGEST_PAUSE
