"""ID tokens: one key of the provider's, one way to sign that we chose, for us, fresh; anything else is unfit."""

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey

from mft.directory.oidc_token import Unfit, UnknownKey, judge

ISSUER = "https://id.example.org"
CLIENT = "portal"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
RSA = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
OTHER = RSAKey.generate_key(2048, {"kid": "two", "use": "sig"})
KEYS = {
    "RS256": RSA,
    "PS256": RSA,
    "ES256": ECKey.generate_key("P-256", {"kid": "one", "use": "sig"}),
    "EdDSA": OKPKey.generate_key("Ed25519", {"kid": "one", "use": "sig"}),
}


def shown(key: Any = RSA) -> dict[str, Any]:
    """Return the keys as the provider shows them: their public halves."""
    return dict(KeySet([key]).as_dict(private=False))


def claims(**other: Any) -> dict[str, Any]:
    at = int(NOW.timestamp())
    plain = {"iss": ISSUER, "sub": "s-1", "aud": CLIENT, "exp": at + 300, "iat": at, "nonce": "n"}
    return {name: value for name, value in (plain | other).items() if value is not ...}


def signed(algorithm: str = "RS256", key: Any = None, header: dict[str, Any] | None = None, **other: Any) -> str:
    with pytest.warns() if algorithm == "EdDSA" else pytest.MonkeyPatch.context():
        said = {"alg": algorithm, "kid": "one", **(header or {})}
        return jwt.encode(said, claims(**other), key or KEYS[algorithm], algorithms=[algorithm])


def unsigned(**header: Any) -> str:
    """Return a token that says that it needs no signature."""
    return ".".join(packed(json.dumps(each).encode()) for each in (header, claims())) + "."


def packed(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_token_signed_in_a_way_that_we_chose_counts(algorithm: str):
    token = signed(algorithm)
    assert judge(token, shown(KEYS[algorithm]), ISSUER, CLIENT, NOW)["sub"] == "s-1"


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "", "RS1"])
def test_a_token_that_says_it_needs_no_signature_is_unfit(algorithm: str):
    with pytest.raises(Unfit):
        judge(unsigned(alg=algorithm, kid="one"), shown(), ISSUER, CLIENT, NOW)


def test_a_public_key_is_no_secret_to_sign_by():
    pem = RSA.as_pem(private=False)
    for secret in (pem, pem.strip(), json.dumps(RSA.as_dict(private=False)).encode()):
        # By hand: the library lets nobody sign so.
        token = unsigned(alg="HS256", kid="one")
        mac = hmac.digest(secret, token.removesuffix(".").encode(), "sha256")
        with pytest.raises(Unfit):
            judge(token + packed(mac), shown(), ISSUER, CLIENT, NOW)


def test_a_secret_among_the_keys_signs_nothing():
    secret = OctKey.generate_key(256, {"kid": "one"})
    listed = {"keys": [secret.as_dict(private=True), RSA.as_dict(private=False)]}
    with pytest.raises(Unfit):
        judge(signed("HS256", secret), listed, ISSUER, CLIENT, NOW)
    with pytest.raises(Unfit, match="shows no key"):
        judge(signed("HS256", secret), {"keys": listed["keys"][:1]}, ISSUER, CLIENT, NOW)


def test_a_stronger_or_another_way_that_we_did_not_choose_is_unfit():
    for algorithm in ("RS384", "RS512", "PS512"):
        with pytest.raises(Unfit):
            judge(signed(algorithm, RSA), shown(), ISSUER, CLIENT, NOW)


def test_a_key_of_somebody_else_is_unfit_whatever_it_is_called():
    with pytest.raises(Unfit):
        judge(signed(key=OTHER), shown(), ISSUER, CLIENT, NOW)
    with pytest.raises(UnknownKey):
        judge(signed(key=OTHER, header={"kid": "two"}), shown(), ISSUER, CLIENT, NOW)
    inside = {"jwk": OTHER.as_dict(private=False)}
    with pytest.raises(Unfit):
        judge(signed(key=OTHER, header=inside), shown(), ISSUER, CLIENT, NOW)


def test_a_key_for_packing_signs_nothing_and_one_of_a_kind_to_come_hides_no_other():
    packing = RSA.as_dict(private=False) | {"use": "enc"}
    with pytest.raises(Unfit, match="shows no key"):
        judge(signed(), {"keys": [packing]}, ISSUER, CLIENT, NOW)
    strange = [{"kty": "AKP", "kid": "x"}, {"kty": "EC", "crv": "P-999", "x": "", "y": ""}, 7, None]
    assert judge(signed(), {"keys": [*strange, RSA.as_dict(private=False)]}, ISSUER, CLIENT, NOW)


@pytest.mark.parametrize("keys", [{}, {"keys": None}, {"keys": []}, {"keys": {}}, {"keys": "x"}])
def test_no_keys_vouch_for_nothing(keys: dict[str, Any]):
    with pytest.raises(Unfit):
        judge(signed(), keys, ISSUER, CLIENT, NOW)


AT = int(NOW.timestamp())
WRONG: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": ISSUER + "/"},
    "no issuer": {"iss": ...},
    "another party": {"aud": "other"},
    "several, none of them us": {"aud": ["other", "more"]},
    "no party": {"aud": ...},
    "several, and not made for us": {"aud": [CLIENT, "other"], "azp": "other"},
    "several, and nobody knows for whom": {"aud": [CLIENT, "other"]},
    "made for another": {"azp": "other"},
    "nobody": {"sub": ...},
    "nobody in words": {"sub": ""},
    "a number of a person": {"sub": 7},
    "no end": {"exp": ...},
    "no end in words": {"exp": "never"},
    "no end in numbers": {"exp": float("nan")},
    "over": {"exp": AT - 60},
    "no beginning": {"iat": ...},
    "not begun": {"iat": AT + 61, "exp": AT + 600},
    "begun long ago": {"iat": AT - 86401},
    "to begin": {"nbf": AT + 61},
    "no question": {"nonce": ...},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_what_it_says_must_be_for_us_and_now(wrong: dict[str, Any]):
    with pytest.raises(Unfit):
        judge(signed(**wrong), shown(), ISSUER, CLIENT, NOW)


@pytest.mark.parametrize(
    "right",
    [{"aud": [CLIENT]}, {"aud": [CLIENT, "other"], "azp": CLIENT}, {"exp": AT - 59}, {"iat": AT + 60}],
)
def test_what_it_says_may_be_said_otherwise(right: dict[str, Any]):
    assert judge(signed(**right), shown(), ISSUER, CLIENT, NOW)


def test_it_ends_to_the_second():
    token = signed()
    assert judge(token, shown(), ISSUER, CLIENT, NOW + timedelta(seconds=359))
    with pytest.raises(Unfit):
        judge(token, shown(), ISSUER, CLIENT, NOW + timedelta(seconds=360))


@pytest.mark.parametrize("text", ["", "x", "a.b", "a.b.c", "." * 5, "é.é.é", "x" * 100_000])
def test_what_is_no_token_is_unfit(text: str):
    with pytest.raises(Unfit):
        judge(text, shown(), ISSUER, CLIENT, NOW)


@pytest.mark.parametrize(
    "header",
    [
        *([], 7, None, "x", {}, {"alg": 7}, {"alg": ["RS256"]}, {"alg": {}}, {"alg": "RS256", "kid": 7}),
        *({"alg": "RS256", "kid": []}, {"alg": "RS256", "crit": 7}, {"alg": "RS256", "kid": "one", "crit": ["x"]}),
    ],
)
def test_a_head_of_another_kind_is_unfit_and_breaks_nothing(header: Any):
    for body in (b"{}", b"[]", b"\xff", b'{"iss": [], "sub": {}, "aud": [7], "exp": [], "iat": {}, "nonce": 7}'):
        with pytest.raises(Unfit):
            judge(f"{packed(json.dumps(header).encode())}.{packed(body)}.eA", shown(), ISSUER, CLIENT, NOW)


@pytest.mark.parametrize(
    "key",
    [
        *({"kty": ["RSA"]}, {"kty": "RSA"}, {"kty": "RSA", "n": 7, "e": []}, {"kty": "OKP", "crv": 7, "x": "A"}),
        *({"kty": "RSA", "n": "AQ", "e": "AQ"}, {"kty": "RSA", "n": "!!", "e": "AQAB", "kid": 7}),
    ],
)
def test_a_key_of_another_kind_breaks_nothing(key: Any):
    with pytest.raises(Unfit):
        judge(signed(), {"keys": [key]}, ISSUER, CLIENT, NOW)
    assert judge(signed(), {"keys": [key, RSA.as_dict(private=False)]}, ISSUER, CLIENT, NOW)


def test_a_token_that_was_changed_is_unfit():
    head, body, signature = signed().split(".")
    other = signed(sub="s-2").split(".")[1]
    for changed in (f"{head}.{other}.{signature}", f"{head}.{body}.", f"{head}.{body}"):
        with pytest.raises(Unfit):
            judge(changed, shown(), ISSUER, CLIENT, NOW)


def test_a_token_of_brackets_within_brackets_is_unfit():
    head = packed(json.dumps({"alg": "RS256", "kid": "one"}).encode())
    for text in (f"{head}.{packed(b'[' * 5000)}.x", f"{packed(b'[' * 1500)}.e30.x"):
        with pytest.raises(Unfit):
            judge(text, shown(), ISSUER, CLIENT, NOW)
    deep = jws.serialize_compact({"alg": "RS256", "kid": "one"}, b"[" * 5000, RSA)
    with pytest.raises(Unfit):
        judge(deep, shown(), ISSUER, CLIENT, NOW)
