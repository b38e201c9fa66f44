"""The certificate of a trial, and judging one that is named."""

import ssl
from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from mft.crypto.tls import der_of, ends_at, fingerprint, trial_certificate
from mft.model.errors import Unavailable
from tests.support.clock import MovingClock

HERE = IPv4Address("127.0.0.1")


def test_a_trial_has_one_certificate_for_a_year_less_a_month_and_then_a_new_one(tmp_path: Path):
    clock = MovingClock()
    made = fingerprint(trial_certificate(tmp_path / "keys", HERE, clock.now())[0])
    clock.advance(days=335, seconds=-1)
    assert fingerprint(trial_certificate(tmp_path / "keys", HERE, clock.now())[0]) == made
    clock.advance(seconds=1)
    assert fingerprint(trial_certificate(tmp_path / "keys", HERE, clock.now())[0]) != made


def test_only_the_owner_reads_the_key(tmp_path: Path):
    for file in trial_certificate(tmp_path / "keys", HERE, MovingClock().now()):
        assert file.stat().st_mode & 0o077 == 0


def test_a_client_that_trusts_it_takes_it_for_this_machine(tmp_path: Path):
    certificate, key = trial_certificate(tmp_path, HERE, MovingClock().now())
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    text = ssl.DER_cert_to_PEM_cert(der_of(certificate))
    assert text.split() == certificate.read_text().split()


def test_a_certificate_ends_when_it_says_and_only_with_its_own_key(tmp_path: Path):
    now = MovingClock().now()
    certificate, key = trial_certificate(tmp_path / "a", HERE, now)
    _, other = trial_certificate(tmp_path / "b", HERE, now)
    assert ends_at(certificate, key) == now + timedelta(days=365)
    with pytest.raises(Unavailable, match="is not the key of"):
        ends_at(certificate, other)


@pytest.mark.parametrize("content", [b"", b"-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n"])
def test_what_is_no_certificate_is_named_with_what_to_do(content: bytes, tmp_path: Path):
    certificate, key = trial_certificate(tmp_path, HERE, MovingClock().now())
    certificate.write_bytes(content)
    with pytest.raises(Unavailable, match=r"portal\.crt is no certificate: .*; name another"):
        ends_at(certificate, key)
    with pytest.raises(Unavailable, match=r"portal\.crt is no certificate"):
        trial_certificate(tmp_path, HERE, MovingClock().now())


def test_what_is_no_key_is_named_with_what_to_do(tmp_path: Path):
    certificate, key = trial_certificate(tmp_path, HERE, MovingClock().now())
    key.write_text("no key")
    with pytest.raises(Unavailable, match=r"portal\.key is no private key that can be read: .*; name another"):
        ends_at(certificate, key)
