"""What counts as a user's signature."""

import asyncssh
import pytest
from asyncssh.packet import String

from mft.sftp.transport.signatures import SIGNATURES, fingerprint_of, is_signed

ALGORITHMS = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"]
KEYS = {algorithm: asyncssh.generate_private_key(algorithm) for algorithm in ALGORITHMS}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_fingerprint_is_the_one_that_people_compare(algorithm: str):
    key = KEYS[algorithm]
    assert fingerprint_of(key.public_data) == key.get_fingerprint()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_signature_counts_for_its_message_and_its_key_only(algorithm: str):
    key = KEYS[algorithm]
    name = b"rsa-sha2-256" if algorithm == "ssh-rsa" else algorithm.encode()
    signature = key.sign(b"message", name)
    assert is_signed(key.public_data, b"message", signature)
    assert not is_signed(key.public_data, b"another", signature)
    assert not is_signed(KEYS["ssh-ed25519"].public_data, b"message", signature) or algorithm == "ssh-ed25519"
    assert not is_signed(key.public_data, b"message", signature[:-1] + bytes([signature[-1] ^ 1]))


def test_an_rsa_signature_with_sha1_does_not_count():
    key = KEYS["ssh-rsa"]
    signature = key.sign(b"message", b"ssh-rsa")
    assert key.convert_to_public().verify(b"message", signature)
    assert not is_signed(key.public_data, b"message", signature)


@pytest.mark.parametrize(
    ("key_data", "signature"),
    [(b"", b""), (b"junk", b"junk"), (String("ssh-ed25519") + String(b"short"), String("ssh-ed25519") + String(b""))],
)
def test_what_is_no_key_or_no_signature_proves_nothing(key_data: bytes, signature: bytes):
    assert not is_signed(key_data, b"message", signature)


def test_the_signatures_taken_are_the_ones_offered():
    assert set(SIGNATURES) == {
        "ssh-ed25519",
        *(f"ecdsa-sha2-nistp{bits}" for bits in (256, 384, 521)),
        "rsa-sha2-256",
        "rsa-sha2-512",
    }
