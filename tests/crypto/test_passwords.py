import re
import time

import pytest

from mft.crypto.passwords import Passwords, new_temporary_password, prepare
from mft.model.errors import Invalid

_CHEAP = Passwords(memory_kib=64, passes=1)
# The reference implementation's own test vector (phc-winner-argon2, src/test.c).
_REFERENCE = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"


def test_a_secret_matches_its_own_verifier_only():
    verifier = _CHEAP.seal("correct horse")
    assert _CHEAP.matches("correct horse", verifier)
    assert not _CHEAP.matches("correct horsf", verifier)
    assert not _CHEAP.matches("", verifier)


def test_the_reference_implementation_agrees():
    assert _CHEAP.matches("password", _REFERENCE)
    assert not _CHEAP.matches("passwore", _REFERENCE)


def test_the_default_cost_is_the_one_that_was_decided():
    assert Passwords().seal("x").startswith("$argon2id$v=19$m=65536,t=3,p=1$")


def test_two_verifiers_of_one_secret_differ():
    assert _CHEAP.seal("same") != _CHEAP.seal("same")


def test_a_stranger_never_matches():
    assert not _CHEAP.matches("", None)
    assert not _CHEAP.matches("anything", None)


def test_a_stranger_costs_as_much_as_an_account():
    passwords = Passwords(memory_kib=16384, passes=3)
    verifier = passwords.seal("right")

    def cost(verifier):
        spent = []
        for _ in range(7):
            start = time.process_time()
            passwords.matches("wrong", verifier)
            spent.append(time.process_time() - start)
        return min(spent)

    assert 0.5 < cost(None) / cost(verifier) < 2


@pytest.mark.parametrize(
    "verifier", ["", "x", "$argon2id$", "$2b$12$abcdefghijklmnopqrstuv", _REFERENCE[:-5] + "!!!!!"]
)
def test_a_damaged_verifier_admits_nobody(verifier):
    assert not _CHEAP.matches("password", verifier)


def test_a_verifier_of_another_cost_is_to_be_made_anew():
    verifier = _CHEAP.seal("x")
    assert not _CHEAP.needs_rehash(verifier)
    assert Passwords(memory_kib=64, passes=2).needs_rehash(verifier)
    assert Passwords(memory_kib=128, passes=1).needs_rehash(verifier)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("plain ASCII, as it is!", "plain ASCII, as it is!"),
        ("\uff41\uff4c\uff49\uff43\uff45", "alice"),  # Full width.
        ("al\u00adice", "alice"),  # A soft hyphen.
        ("\ufb01sh", "fish"),  # The fi ligature.
        ("no\u00a0break", "no break"),
        ("Zu\u0308rich", "Zürich"),
    ],
)
def test_every_door_means_the_same_password(typed, meant):
    assert prepare(typed) == meant
    assert prepare(prepare(typed)) == meant


@pytest.mark.parametrize("typed", ["bell\a", "\udcff", "\ue000", "a\u0627", "\U000e0001"])
def test_what_cannot_be_in_a_password_is_refused_and_not_repeated(typed):
    with pytest.raises(Invalid) as refused:
        prepare(typed)
    assert typed not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_temporary_password_has_a_hundred_bits_that_nobody_misreads():
    made = {new_temporary_password() for _ in range(500)}
    assert len(made) == 500
    assert all(re.fullmatch(r"[0-9a-hjkmnp-tv-z]{5}(-[0-9a-hjkmnp-tv-z]{5}){3}", one) for one in made)
    assert {character for one in made for character in one} == set("0123456789abcdefghjkmnpqrstvwxyz-")
    assert all(prepare(one) == one for one in made)
