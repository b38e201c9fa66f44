import stat

import pytest

from mft.crypto.signer import Signer, key_id, verify
from mft.model.errors import Conflict, Invalid, Unavailable


@pytest.fixture
def path(tmp_path):
    return tmp_path / "audit.key"


def test_a_signature_verifies_after_a_restart(path):
    made = Signer.create(path)
    loaded = Signer.load(path)
    assert verify(made.public_bytes, loaded.sign(b"checkpoint"), b"checkpoint")
    assert loaded.key_id == made.key_id == key_id(made.public_bytes)
    assert len(made.key_id) == 16


def test_anything_altered_does_not_verify(path, tmp_path):
    signer = Signer.create(path)
    signature = signer.sign(b"checkpoint")
    other = Signer.create(tmp_path / "other.key")
    assert not verify(signer.public_bytes, signature, b"checkpoinT")
    assert not verify(signer.public_bytes, signature[:-1] + bytes([signature[-1] ^ 1]), b"checkpoint")
    assert not verify(other.public_bytes, signature, b"checkpoint")
    assert not verify(b"short", signature, b"checkpoint")
    assert not verify(signer.public_bytes, b"", b"checkpoint")


def test_the_key_is_its_owners_alone_and_never_overwritten(path):
    Signer.create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(Conflict):
        Signer.create(path)
    path.chmod(0o644)
    with pytest.raises(Invalid, match="chmod 600"):
        Signer.load(path)


def test_what_is_no_signing_key_is_refused(path):
    with pytest.raises(Unavailable):
        Signer.load(path)
    path.write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    path.chmod(0o600)
    with pytest.raises(Invalid):
        Signer.load(path)
