"""A second factor is what the provider says in words that an operator chose; that it says nothing is not one."""

import pytest

from mft.policy.provider import MfaTerms, second_factor

TERMS = MfaTerms(acr=("urn:mfa", "urn:a,b"), amr=("mfa", "hwk"))


@pytest.mark.parametrize(
    ("acr", "amr", "factor"),
    [
        ("urn:mfa", (), "oidc:urn:mfa"),
        ("", ("pwd", "mfa"), "oidc:mfa"),
        ("urn:plain", ("hwk",), "oidc:hwk"),
        ("urn:a,b", (), "oidc:urn:a b"),
        ("", (), None),
        ("urn:plain", ("pwd",), None),
        ("mfa", (), None),
        ("", ("urn:mfa",), None),
        ("URN:MFA", ("MFA",), None),
        ("urn:mf", ("mfa ",), None),
        ("", ("",), None),
    ],
)
def test_what_vouches_for_two_factors(acr: str, amr: tuple[str, ...], factor: str | None):
    assert second_factor(acr, amr, TERMS) == factor


@pytest.mark.parametrize("said", ["", "urn:mfa"])
def test_where_nothing_was_named_nothing_vouches(said: str):
    assert second_factor(said, (said,), MfaTerms()) is None
    assert second_factor(said, (said,), MfaTerms(acr=("",), amr=("",))) is None
