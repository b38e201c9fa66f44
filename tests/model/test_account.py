"""Names, addresses and what a credential proves."""

from datetime import UTC, datetime, timedelta

import pytest

from mft.model.account import (
    METHOD_OF,
    AllowlistEntry,
    CredentialKind,
    Organization,
    OrganizationKind,
    checked_account_name,
    checked_email,
    checked_organization_name,
)
from mft.model.errors import Invalid
from mft.model.ids import AllowlistEntryId, OrganizationId
from mft.model.network import AddressRange

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize("name", ["bob", "a.b", "___", "alice-2", "x" * 64, "0.1"])
def test_plain_small_letters_name_an_account(name):
    assert checked_account_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "ab",
        "x" * 65,
        "Alice",
        "al ice",
        "alice\n",
        "al\u00adice",
        "\uff41lice",
        "ali\u0441e",
        "a/b",
        "a@b.c",
        "é" * 3,
        "alice\x00",
        "\u0663\u0663\u0663",
    ],
)
def test_nothing_else_names_an_account(name):
    with pytest.raises(Invalid):
        checked_account_name(name)


@pytest.mark.parametrize("name", ["northwind", "north-wind", "a1b", "x" * 64])
def test_an_organization_is_named_like_a_folder(name):
    assert checked_organization_name(name) == name


@pytest.mark.parametrize("name", ["", "a", "..", "...", ".north", "north.", "-north", "North", "a/b", "x" * 65, "a b"])
def test_an_organization_is_never_named_like_a_path(name):
    with pytest.raises(Invalid):
        checked_organization_name(name)


def test_mail_addresses_are_compared_in_small_letters():
    assert checked_email(" Alice.Smith@Example.ORG ") == "alice.smith@example.org"


@pytest.mark.parametrize("text", ["\uff41lice@example.org", "alice@example\uff0eorg"])
def test_an_address_in_other_letters_that_look_the_same_is_the_same(text):
    assert checked_email(text) == "alice@example.org"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alice",
        "@example.org",
        "alice@",
        "alice@example",
        "a b@example.org",
        "a@b.c,d@e.f",
        "a@b@example.org",
        "a\x1b[31m@example.org",
        "a\x00@example.org",
        "a\u200b@example.org",
        "a@example.org.",
        "a@example..org",
        '"a"@example.org',
        "a" * 250 + "@example.org",
    ],
    ids=ascii,
)
def test_what_is_no_mail_address_is_refused(text):
    with pytest.raises(Invalid):
        checked_email(text)


def test_every_kind_of_credential_proves_one_method():
    assert set(METHOD_OF) == set(CredentialKind)


@pytest.mark.parametrize(
    ("kind", "home"),
    [
        (OrganizationKind.DELEGATE, "/Distribution/northwind"),
        (OrganizationKind.PROVIDER, "/Distribution/northwind"),
        (OrganizationKind.PAYER, "/Distribution/northwind"),
        (OrganizationKind.PARTNER, "/Partners/northwind"),
    ],
)
def test_an_organization_is_at_home_where_its_kind_says(kind, home):
    made = Organization(OrganizationId("org_1"), "northwind", "Northwind", kind, True, NOW, "operator", None, None)
    assert str(made.home) == home


@pytest.mark.parametrize(
    ("approved_by", "until", "stands"),
    [
        ("bob", None, True),
        (None, None, False),
        ("bob", NOW, False),
        ("bob", NOW + timedelta(microseconds=1), True),
        (None, NOW + timedelta(days=1), False),
    ],
)
def test_an_entry_stands_when_approved_and_not_over(approved_by, until, stands):
    entry = AllowlistEntry(AllowlistEntryId("ip_1"), AddressRange(1, 1), "al", NOW, "", until, approved_by, None)
    assert entry.stands(NOW) == stands
