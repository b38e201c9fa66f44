"""Codes of an authenticator: the RFC's own numbers, one step either way, and no step twice."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from mft.crypto.master import MasterKey
from mft.crypto.totp import (
    code_at,
    matching_step,
    new_recovery_code,
    new_totp_secret,
    opened_secret,
    provisioning_uri,
    recovery_digest,
    sealed_secret,
    typed_secret,
)
from mft.model.errors import Unavailable

RFC = b"12345678901234567890"
NOW = datetime(2026, 11, 22, 9, 0, 15, tzinfo=UTC)
STEP = int(NOW.timestamp()) // 30

# RFC 6238, appendix B, SHA-1; six digits are the last six of its eight.
VECTORS = {59: "287082", 1111111109: "081804", 1234567890: "005924", 2000000000: "279037"}


@pytest.mark.parametrize(("second", "code"), VECTORS.items())
def test_the_codes_are_those_of_the_rfc(second, code):
    at = datetime.fromtimestamp(second, UTC)
    assert code_at(RFC, at) == code
    assert matching_step(RFC, code, at, None) == second // 30


@pytest.mark.parametrize(("late", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_one_step_off(late, taken):
    code = code_at(RFC, NOW + late * timedelta(seconds=30))
    assert matching_step(RFC, code, NOW, None) == (STEP + late if taken else None)


def test_the_window_ends_with_its_step():
    begin = datetime.fromtimestamp(STEP * 30, UTC)
    code = code_at(RFC, begin)
    assert matching_step(RFC, code, begin + timedelta(seconds=59, microseconds=999_999), None) == STEP
    assert matching_step(RFC, code, begin + timedelta(seconds=60), None) is None
    assert matching_step(RFC, code, begin - timedelta(seconds=30), None) == STEP
    assert matching_step(RFC, code, begin - timedelta(seconds=30, microseconds=1), None) is None


@pytest.mark.parametrize("after", [STEP, STEP + 1])
def test_a_step_that_was_used_matches_nothing(after):
    assert matching_step(RFC, code_at(RFC, NOW), NOW, after) is None


@pytest.mark.parametrize("code", ["", "0", "28708", "2870822", "٢٨٧٠٨٢", "abcdef", "\x00", "é" * 6])
def test_what_is_no_code_matches_nothing(code):
    assert matching_step(RFC, code, NOW, None) is None


def test_an_authenticator_takes_the_address():
    parts = urlsplit(provisioning_uri(RFC, "alice", "Example Health Plan"))
    asked = parse_qs(parts.query)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert asked["secret"] == [typed_secret(RFC)]
    assert asked["issuer"] == ["Example Health Plan"]
    assert "alice" in parts.path


def test_secrets_and_recovery_codes_are_long_enough_and_no_two_are_the_same():
    assert len(new_totp_secret()) * 8 == 160
    codes = {new_recovery_code() for _ in range(200)}
    assert len(codes) == 200
    assert all(len(code.replace("-", "")) * 5 == 80 for code in codes)


def test_a_recovery_code_is_known_with_the_usual_slips():
    digest = recovery_digest("a1b0-cdef-ghjk-mnpq")
    assert recovery_digest(" AlBo cdef ghjk MNPQ ") == digest
    assert recovery_digest("a1b0-cdef-ghjk-mnpr") != digest


def test_a_sealed_secret_opens_under_its_generation_only(tmp_path):
    master = MasterKey.create(tmp_path / "one.key")
    text = sealed_secret(master, RFC)
    assert opened_secret(master, text) == RFC
    assert typed_secret(RFC) not in text
    assert RFC.hex() not in text
    with pytest.raises(Unavailable, match="is missing"):
        opened_secret(MasterKey.create(tmp_path / "other.key"), text)
