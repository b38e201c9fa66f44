"""When two names mean one group of a directory, and which group stands where."""

import pytest

from mft.policy.groups import is_below, is_meant

OPS = "cn=ops,ou=groups,dc=plan,dc=example"


@pytest.mark.parametrize(
    ("name", "group"),
    [
        (OPS, OPS),
        (OPS, "CN=Ops, OU=Groups,DC=plan , dc=EXAMPLE"),
        ("cn=ops\\, north,dc=plan", "CN=ops\\2C north,DC=plan"),
        ("cn=Größe,dc=plan", "cn=Gr\\c3\\b6\\c3\\9fe,dc=plan"),
        ("cn=a\\\\,dc=plan", "cn=a\\5c,dc=plan"),
        ("ops", OPS),
        ("OPS", OPS),
        ("ops, north", "cn=ops\\, north,dc=plan"),
        ("ops", "Ops"),
    ],
)
def test_spellings_of_one_group_mean_it(name: str, group: str):
    assert is_meant(name, group)


@pytest.mark.parametrize(
    ("name", "group"),
    [
        (OPS, "cn=ops,ou=groups,dc=plan"),
        (OPS, f"cn=x,{OPS}"),
        (OPS, "cn=ops,ou=other,dc=plan,dc=example"),
        (OPS, "ops"),
        ("cn=ops,dc=plan", "cn=ops\\,dc=plan"),
        ("cn=ops,dc=plan", "ou=ops,dc=plan"),
        ("cn=ops,dc=plan", "2.5.4.3=ops,dc=plan"),
        ("ops", "cn=ops north,dc=plan"),
        ("ops", "cn=x,cn=ops,dc=plan"),
        ("ops", "cn=ops+ou=x,dc=plan"),
        ("ops", ""),
        ("groups", OPS),
        ("cn=\\ff,dc=plan", "cn=\\fe,dc=plan"),
    ],
)
def test_another_group_is_not_meant(name: str, group: str):
    assert not is_meant(name, group)


def test_a_group_stands_below_a_base_and_not_beside_it():
    assert is_below(OPS, "OU=Groups, dc=plan,dc=example")
    assert is_below(OPS, "dc=example")
    assert not is_below(OPS, "ou=people,dc=plan,dc=example")
    assert not is_below(OPS, "oups,dc=plan,dc=example")
    assert not is_below(OPS, "")
    assert not is_below(OPS, OPS)
    assert not is_below("cn=ops,ou=x\\,ou=groups,dc=plan", "ou=groups,dc=plan")
