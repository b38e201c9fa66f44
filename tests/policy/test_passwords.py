"""What a password must measure up to."""

import pytest

from mft.policy.passwords import PasswordRules, Strength, judge_password, names_of

RULES = PasswordRules()
STRONG = Strength(4, "")
GOOD = "quiet harbour 91 lanterns"


def objection(password: str, names: tuple[str, ...] = (), strength: Strength = STRONG) -> str | None:
    return judge_password(password, names=names, strength=strength, rules=RULES)


@pytest.mark.parametrize(
    ("length", "fit"), [(0, False), (14, False), (15, True), (16, True), (256, True), (257, False)]
)
def test_a_password_has_15_to_256_characters(length, fit):
    assert (objection("x" * length) is None) == fit


def test_length_counts_characters_and_not_bytes():
    assert objection("é" * 15) is None
    assert objection("é" * 256) is None


@pytest.mark.parametrize(("score", "fit"), [(0, False), (1, False), (2, False), (3, True), (4, True)])
def test_what_is_easily_guessed_is_refused_with_advice(score, fit):
    said = objection(GOOD, strength=Strength(score, "Add another word."))
    assert (said is None) == fit
    assert fit or "Add another word." in said


@pytest.mark.parametrize("password", ["northwind-2026-spring!", "my NorthWind passphrase", "xxNORTHWINDxx 12345"])
def test_a_name_of_the_account_inside_is_refused_in_any_case(password):
    said = objection(password, names=("alice", "northwind"))
    assert said is not None
    assert "northwind" in said


def test_a_name_too_short_to_mean_anything_is_no_obstacle():
    assert objection("a bobsleigh through winter", names=("bob",)) is None


def test_the_names_are_those_of_account_organization_mail_and_titles():
    names = names_of("alice", "northwind", "alice.smith@example.org", "Northwind Clinic", "Example Health Plan")
    assert names == (
        "alice",
        "northwind",
        "alice.smith",
        "Northwind Clinic",
        "Example Health Plan",
        "NorthwindClinic",
        "ExampleHealthPlan",
    )


def test_empty_names_never_match():
    assert names_of("alice", "northwind", "", "", "") == ("alice", "northwind")
    assert objection(GOOD, names=("",)) is None


def test_the_sentence_never_repeats_the_password():
    for said in (objection("hunter2"), objection(GOOD, strength=Strength(0, "")), objection(GOOD * 20)):
        assert said is not None
        assert "hunter2" not in said
        assert GOOD not in said
