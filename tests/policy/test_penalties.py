"""Penalties: what they cost, when they bite, how they run off."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mft.model.network import AddressRange
from mft.policy.penalties import COSTS, LISTED_COSTS, Offence, Penalty, PenaltyRules, charge

SOURCE = IPv4Address("8.8.4.4")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
RULES = PenaltyRules()


def after(*offences: Offence, every: float = 0.0, listed: bool = False, rules: PenaltyRules = RULES) -> Penalty:
    """Return what is owed after *offences*, one each *every* seconds from noon on."""
    owes: Penalty | None = None
    for number, offence in enumerate(offences):
        now = NOON + timedelta(seconds=every * number)
        owes = charge(owes, SOURCE, offence, now, rules, listed=listed)
    assert owes is not None
    return owes


def test_the_table_is_openssh_s():
    seconds = {offence: cost.total_seconds() for offence, cost in COSTS.items()}
    assert seconds == {"crash": 90, "refused": 5, "unknown_name": 5, "too_slow": 10, "no_attempt": 1}
    assert (RULES.minimum, RULES.maximum) == (timedelta(seconds=15), timedelta(minutes=10))
    assert RULES.tracked == 65_536


def test_every_offence_has_a_cost():
    assert set(COSTS) == set(LISTED_COSTS) == set(Offence)


def test_an_unknown_name_costs_what_a_wrong_password_costs():
    for costs in (COSTS, LISTED_COSTS):
        assert costs[Offence.UNKNOWN_NAME] == costs[Offence.REFUSED]


def test_two_wrong_passwords_keep_nobody_out():
    owes = after(Offence.REFUSED, Offence.REFUSED)
    assert not owes.enforced
    assert not owes.stands(NOON)
    assert owes.until == NOON + timedelta(seconds=10)


def test_three_at_once_keep_a_stranger_out_until_the_debt_has_run_off():
    owes = after(Offence.REFUSED, Offence.REFUSED, Offence.REFUSED)
    assert owes.stands(NOON)
    assert owes.stands(NOON + timedelta(seconds=14.999))
    assert not owes.stands(NOON + timedelta(seconds=15))


def test_a_person_who_mistypes_four_times_slowly_is_not_kept_out():
    assert not after(*[Offence.REFUSED] * 4, every=5).enforced


def test_a_crash_keeps_out_at_once():
    owes = after(Offence.CRASH)
    assert owes.stands(NOON)
    assert owes.until == NOON + timedelta(seconds=90)


def test_further_offences_make_the_penalty_longer_and_leave_its_beginning():
    owes = after(Offence.CRASH, Offence.REFUSED, every=10)
    assert (owes.since, owes.until) == (NOON, NOON + timedelta(seconds=95))
    assert (owes.reason, owes.offences) == (Offence.REFUSED, 2)


def test_no_penalty_is_longer_than_ten_minutes():
    owes = after(*[Offence.CRASH] * 50)
    assert owes.until == NOON + timedelta(minutes=10)


def test_a_debt_that_has_run_off_is_forgotten():
    owes = after(Offence.CRASH)
    later = owes.until
    again = charge(owes, SOURCE, Offence.NO_ATTEMPT, later, RULES, listed=False)
    assert again == Penalty(
        SOURCE, later + timedelta(seconds=1), later + timedelta(seconds=1), Offence.NO_ATTEMPT, offences=1
    )


def test_an_office_is_not_kept_out_by_one_laptop_with_an_old_password():
    laptop = [Offence.REFUSED] * 4
    assert after(*laptop).enforced
    assert not after(*laptop, listed=True).enforced
    assert not after(*laptop * 10, listed=True, every=1).enforced


def test_an_office_that_guesses_without_end_is_kept_out_too():
    assert after(*[Offence.REFUSED] * 15, listed=True).enforced


@pytest.mark.parametrize("offence", [Offence.CRASH, Offence.TOO_SLOW, Offence.NO_ATTEMPT])
def test_nothing_but_a_refused_attempt_is_cheaper_for_an_office(offence: Offence):
    assert COSTS[offence] == LISTED_COSTS[offence]


def test_an_exempt_source_is_never_charged():
    rules = PenaltyRules(exempt=(AddressRange.parse("8.8.4.0/24"),))
    assert charge(None, SOURCE, Offence.CRASH, NOON, rules, listed=False) is None
    assert charge(None, IPv4Address("8.8.5.4"), Offence.CRASH, NOON, rules, listed=False) is not None


@given(
    st.lists(
        st.tuples(st.sampled_from(Offence), st.floats(0, 700), st.booleans()),
        min_size=1,
        max_size=40,
    )
)
def test_whatever_comes_the_debt_stays_between_now_and_the_maximum(run: list[tuple[Offence, float, bool]]):
    owes: Penalty | None = None
    now = NOON
    for offence, pause, listed in run:
        now += timedelta(seconds=pause)
        before = owes
        owes = charge(before, SOURCE, offence, now, RULES, listed=listed)
        assert owes is not None
        assert now < owes.until <= now + RULES.maximum
        assert owes.since <= owes.until
        if before is not None and before.stands(now):
            assert owes.stands(now)
            assert owes.until >= before.until
        if owes.stands(now) and not (before is not None and before.stands(now)):
            assert owes.until - now >= RULES.minimum
