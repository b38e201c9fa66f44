"""What every directory keeps to: the trial file, and a real LDAP server over StartTLS and over TLS."""

import pytest

from mft.model.directory import Person, Wrong
from mft.model.errors import Unavailable
from mft.policy.groups import is_meant
from tests.directory.conftest import Known

pytestmark = pytest.mark.fact("2.3")

METACHARACTERS = [
    "*",
    "a*",
    "(a)",
    "a)(uid=*",
    "a\\b",
    "a\\2ab",
    "#a",
    "a,b=c",
    "a+b",
    'a"b',
    "a;b<c>d",
    "ä ö",
    "a\\20b",
]
PASSWORDS = {
    "255 characters": "x" * 254 + "Y",
    "unicode": "Grüße, 世界 🔑",
    "not normalized": "e\u0301\u00aa\u00ad",
    "blanks around": "  two words  ",
    "metacharacters": "*()\\,#+\"';--",
}


async def test_the_right_password_is_answered_with_the_person_and_the_mark(known: Known):
    known.add("maria", "correct horse")
    said = await known.directory.verify("maria", "correct horse")
    standing = await known.directory.standing("maria")
    assert said == Person("maria", standing.mark)
    assert standing.mark
    assert standing.enabled


@pytest.mark.parametrize("typed", ["Correct horse", "correct hors", "correct horse ", " correct horse", "*"])
async def test_any_other_password_is_wrong(known: Known, typed: str):
    known.add("maria", "correct horse")
    assert await known.directory.verify("maria", typed) == Wrong()


async def test_somebody_unknown_is_wrong_and_does_not_stand(known: Known):
    assert await known.directory.verify("nobody", "correct horse") == Wrong()
    standing = await known.directory.standing("nobody")
    assert (standing.user, standing.mark, standing.enabled) == ("nobody", "", False)


async def test_names_are_compared_without_their_case_as_ldap_does(known: Known):
    known.add("Maria", "correct horse")
    assert await known.directory.verify("mARIA", "correct horse") == Person(
        "mARIA", (await known.directory.standing("Maria")).mark
    )


@pytest.mark.parametrize("typed", ["", "\0", "\0x", "correct horse\0", "correct horse\0more", "\ud800"])
async def test_no_password_and_what_is_none_below_us_is_wrong(known: Known, typed: str):
    known.add("maria", "correct horse")
    assert await known.directory.verify("maria", typed) == Wrong()


@pytest.mark.parametrize("typed", ["", "\0", "maria\0", "maria\0x", "\ud800"])
async def test_no_name_and_what_is_none_below_us_is_nobody(known: Known, typed: str):
    known.add("maria", "correct horse")
    assert await known.directory.verify(typed, "correct horse") == Wrong()
    assert not (await known.directory.standing(typed)).enabled


@pytest.mark.fact("2.2")
async def test_the_mark_changes_with_the_password_and_with_nothing_else(known: Known):
    known.add("maria", "correct horse")
    before = (await known.directory.standing("maria")).mark
    assert await known.directory.verify("maria", "wrong") == Wrong()
    assert (await known.directory.standing("maria")).mark == before
    known.set_password("maria", "battery staple")
    assert (await known.directory.standing("maria")).mark != before
    assert await known.directory.verify("maria", "correct horse") == Wrong()
    assert isinstance(await known.directory.verify("maria", "battery staple"), Person)


async def test_somebody_disabled_is_wrong_and_does_not_stand(known: Known):
    known.add("maria", "correct horse")
    known.disable("maria")
    assert await known.directory.verify("maria", "correct horse") == Wrong()
    assert not (await known.directory.standing("maria")).enabled


@pytest.mark.parametrize("user", METACHARACTERS)
async def test_a_name_means_itself_whatever_is_in_it(known: Known, user: str):
    known.add("a", "another password")
    assert await known.directory.verify(user, "another password") == Wrong()
    assert not (await known.directory.standing(user)).enabled
    known.add(user, "correct horse")
    assert isinstance(await known.directory.verify(user, "correct horse"), Person)
    assert (await known.directory.standing(user)).enabled
    assert await known.directory.verify(user, "another password") == Wrong()


@pytest.mark.parametrize("password", PASSWORDS.values(), ids=PASSWORDS)
async def test_a_password_is_taken_exactly_as_it_was_typed(known: Known, password: str):
    known.add("maria", password)
    assert isinstance(await known.directory.verify("maria", password), Person)
    for other in (password[:-1], password + "x", password.strip() + "!", password.swapcase() + "x"):
        assert await known.directory.verify("maria", other) == Wrong()


async def groups_of(known: Known, user: str, *among: str) -> set[str]:
    """Return which groups *among* these somebody is in; they are in no other."""
    said = await known.directory.groups(user)
    found = {name for name in among if any(is_meant(known.called(name), one) for one in said)}
    assert len(found) == len(said)
    return found


@pytest.mark.fact("0.18")
async def test_the_groups_of_a_person_are_those_they_are_in_now(known: Known):
    known.add("maria", "correct horse")
    known.add("bob", "battery staple")
    assert await known.directory.groups("maria") == frozenset()
    known.put_into("maria", "desk", "auditors")
    known.put_into("bob", "desk")
    assert await groups_of(known, "maria", "desk", "auditors") == {"desk", "auditors"}
    assert await groups_of(known, "MARIA", "desk", "auditors") == {"desk", "auditors"}
    assert await groups_of(known, "bob", "desk", "auditors") == {"desk"}
    known.put_into("maria", "auditors")
    assert await groups_of(known, "maria", "desk", "auditors") == {"auditors"}


async def test_somebody_unknown_or_disabled_is_in_no_group(known: Known):
    known.add("maria", "correct horse")
    known.put_into("maria", "desk")
    known.disable("maria")
    assert await known.directory.groups("maria") == frozenset()
    for user in ("nobody", "", "\0", "maria\0", "\ud800", "*"):
        assert await known.directory.groups(user) == frozenset()


@pytest.mark.parametrize("name", METACHARACTERS)
async def test_people_and_groups_mean_themselves_whatever_is_in_their_names(known: Known, name: str):
    known.add("a", "another password")
    known.put_into("a", "auditors")
    known.add(name, "correct horse")
    assert await known.directory.groups(name) == frozenset()
    known.put_into(name, name)
    assert await groups_of(known, name, name, "auditors") == {name}
    assert await groups_of(known, "a", name, "auditors") == {"auditors"}


async def test_a_directory_that_is_down_knows_no_groups(known: Known):
    known.add("maria", "correct horse")
    with pytest.raises(Unavailable):
        await known.down.groups("maria")


async def test_a_directory_that_is_down_answers_nothing(known: Known):
    known.add("maria", "correct horse")
    with pytest.raises(Unavailable) as verifying:
        await known.down.verify("maria", "correct horse")
    with pytest.raises(Unavailable):
        await known.down.standing("maria")
    assert "correct horse" not in str(verifying.value)
    assert verifying.value.__cause__ is None or "correct horse" not in repr(verifying.value.__cause__)


async def test_no_answer_shows_a_password_or_a_verifier(known: Known):
    known.add("maria", "correct horse")
    said = await known.directory.verify("maria", "correct horse")
    shown = f"{said!r} {await known.directory.standing('maria')!r} {known.directory!r}"
    assert "correct horse" not in shown
    assert "argon2" not in shown
