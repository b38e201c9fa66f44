import stat

import pytest

from mft.crypto.hostkeys import import_host_key, list_host_keys, load_host_keys, make_host_key
from mft.model.errors import Conflict, Invalid, Unavailable


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "hostkeys"


def test_a_new_host_key_is_ed25519_and_its_owners_alone(folder, keygen):
    made = make_host_key(folder)
    assert (made.algorithm, made.bits) == ("ssh-ed25519", 256)
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert keygen.fingerprint(made.path) == made.fingerprint
    assert keygen.run("-y", "-f", str(made.path)).split()[:2] == made.line.split()


def test_a_host_key_that_partners_know_is_never_replaced(folder, keygen):
    made = make_host_key(folder)
    with pytest.raises(Conflict):
        make_host_key(folder)
    with pytest.raises(Conflict):
        import_host_key(folder, keygen.make("ed25519"))
    assert list_host_keys(folder) == [made]


@pytest.mark.parametrize(
    ("kind", "bits", "passphrase", "form"),
    [
        ("ed25519", 0, "", ""),
        ("ed25519", 0, "open sesame", ""),
        ("ecdsa", 521, "", ""),
        ("rsa", 3072, "", "PEM"),
        ("rsa", 3072, "open sesame", "PEM"),
    ],
)
def test_a_server_that_moves_here_keeps_its_fingerprint(folder, keygen, kind, bits, passphrase, form):
    source = keygen.make(kind, bits, passphrase, form=form)
    kept = import_host_key(folder, source, passphrase or None)
    assert kept.fingerprint == keygen.fingerprint(source.with_name(source.name + ".pub"))
    (key,) = load_host_keys(folder)
    assert key.get_fingerprint() == kept.fingerprint
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600


@pytest.mark.parametrize("passphrase", [None, "wrong"])
@pytest.mark.parametrize("form", ["", "PEM"])
def test_an_encrypted_key_wants_its_passphrase(folder, keygen, passphrase, form):
    with pytest.raises(Invalid, match="passphrase"):
        import_host_key(folder, keygen.make("rsa", 3072, "open sesame", form=form), passphrase)
    assert not folder.exists()


def test_a_weak_host_key_is_not_taken_over(folder, keygen):
    with pytest.raises(Invalid, match="2048 bits"):
        import_host_key(folder, keygen.make("rsa", 2048))
    assert not folder.exists()


def test_a_private_key_that_others_could_read_is_refused(folder, keygen, tmp_path):
    copy = tmp_path / "copied"
    copy.write_bytes(keygen.make("ecdsa", 384).read_bytes())
    copy.chmod(0o644)
    with pytest.raises(Invalid, match="chmod 600"):
        import_host_key(folder, copy)
    with pytest.raises(Unavailable):
        import_host_key(folder, tmp_path / "nowhere")


def test_ed25519_is_preferred_whatever_came_first(folder, keygen):
    import_host_key(folder, keygen.make("rsa", 3072))
    make_host_key(folder)
    assert [key.get_algorithm() for key in load_host_keys(folder)] == ["ssh-ed25519", "ssh-rsa"]


def test_a_server_without_host_key_does_not_start(folder):
    assert list_host_keys(folder) == []
    with pytest.raises(Invalid, match="mft keys hostkey new"):
        load_host_keys(folder)


def test_a_key_under_anothers_name_is_refused(folder, keygen):
    made = import_host_key(folder, keygen.make("ecdsa", 256))
    made.path.rename(folder / "ssh_host_ed25519_key")
    with pytest.raises(Invalid, match="move it to ssh_host_ecdsa_key"):
        load_host_keys(folder)
