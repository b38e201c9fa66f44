"""The groups of an LDAP server: who says who is in them, and which of them count."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import mft.directory.conversation
from mft.directory.conversation import NoAnswer
from tests.directory.conftest import People
from tests.directory.test_ldap import directory, refused, talk
from tests.support.slapd import BASE, GROUPS, HOST, Slapd


@pytest.fixture
def grouped(slapd: Slapd, people: People) -> Iterator[Callable[..., None]]:
    """Make groups, maria in each, for the length of a test."""
    people.add("maria")
    made: list[tuple[str, str]] = []

    def make(cn: str, *, below: str = GROUPS, kind: str = "member", maria: bool = True, **other: str) -> None:
        slapd.add_group(cn, below=below, kind=kind, **other)
        made.append((cn, below))
        if maria:
            slapd.join(cn, "maria", below=below, kind=kind)

    yield make
    for cn, below in made:
        slapd.remove(cn, below)


def named(*groups: str) -> frozenset[str]:
    return frozenset(f"cn={cn},{GROUPS}" for cn in groups)


@pytest.mark.parametrize(
    ("attributes", "found"),
    [
        ({}, ["desk", "auditors"]),
        ({"person_groups": "memberOf"}, ["desk", "auditors"]),
        ({"group_members": ("uniqueMember",), "person_groups": ""}, ["auditors"]),
        ({"group_members": ("uniqueMember",), "person_groups": "memberOf"}, ["desk", "auditors"]),
        ({"group_members": ("nothingKnown", "member"), "person_groups": ""}, ["desk"]),
        ({"group_members": (), "person_groups": "memberOf"}, ["desk"]),
        ({"group_members": (), "person_groups": ""}, []),
    ],
    ids=str,
)
async def test_groups_are_found_by_what_they_say_and_by_what_the_person_says(
    slapd: Slapd, grouped: Callable[..., None], attributes: dict[str, Any], found: list[str]
):
    grouped("desk")  # The server tells the person of this one.
    grouped("auditors", kind="uniqueMember")
    grouped("others", maria=False)
    assert await directory(slapd, **attributes).groups("maria") == named(*found)


@pytest.mark.fact("0.18")
@pytest.mark.parametrize("person_groups", ["memberOf", ""])
async def test_a_group_elsewhere_does_not_count_whoever_says_it(
    slapd: Slapd, grouped: Callable[..., None], person_groups: str
):
    grouped("desk")
    grouped("auditors", below=f"ou=empty,{BASE}")
    assert await directory(slapd, person_groups=person_groups).groups("maria") == named("desk")
    assert await directory(slapd, person_groups=person_groups, group_base="").groups("maria") == frozenset()


async def test_a_server_that_keeps_no_groups_is_not_asked_for_them(slapd: Slapd):
    assert await directory(slapd, url=f"ldap://{HOST}:1", group_base="").groups("maria") == frozenset()


async def test_a_group_within_a_group_is_not_followed(slapd: Slapd, grouped: Callable[..., None]):
    grouped("desk")
    grouped("operators", group="desk", maria=False)
    assert await directory(slapd).groups("maria") == named("desk")


async def test_groups_need_no_password_and_no_mark(slapd: Slapd, people: People, grouped: Callable[..., None]):
    people.add("keyholder", password=None)
    grouped("desk")
    slapd.join("desk", "keyholder")
    assert await directory(slapd).groups("keyholder") == named("desk")
    assert await directory(slapd, mark="pwdLastSet").groups("maria") == named("desk")


async def test_whom_active_directory_disabled_is_in_no_group(slapd: Slapd, grouped: Callable[..., None]):
    grouped("desk")
    slapd.put("maria", "userAccountControl", "514")
    assert await directory(slapd).groups("maria") == frozenset()


async def test_where_groups_cannot_be_looked_for_there_is_no_answer(slapd: Slapd, grouped: Callable[..., None]):
    grouped("desk")
    await refused("check directory.group_base", directory(slapd, group_base=f"ou=nowhere,{BASE}").groups("maria"))


def test_more_groups_than_are_read_are_no_answer(
    slapd: Slapd, grouped: Callable[..., None], monkeypatch: pytest.MonkeyPatch
):
    grouped("desk")
    grouped("auditors")
    assert talk(slapd).groups("maria")["groups"] == sorted(named("desk", "auditors"))
    monkeypatch.setattr(mft.directory.conversation, "_MOST_GROUPS", 1)
    with pytest.raises(NoAnswer, match="more than 1 groups"):
        talk(slapd).groups("maria")
