import stat

import pytest

from mft.crypto import secretfile
from mft.crypto.master import MasterKey
from mft.crypto.segments import new_file_key
from mft.model.errors import Conflict, Invalid, Unavailable
from mft.model.file import SealedKey


@pytest.fixture
def path(tmp_path):
    return tmp_path / "master.key"


def test_a_wrapped_key_comes_back_after_a_restart(path):
    key = new_file_key()
    sealed = MasterKey.create(path).wrap(key)
    assert key not in sealed.wrapped
    assert MasterKey.load(path).unwrap(sealed) == key


def test_the_file_is_its_owners_alone(path):
    MasterKey.create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660, 0o644])
def test_a_file_that_others_could_read_is_refused_with_the_mend(path, mode):
    MasterKey.create(path)
    path.chmod(mode)
    with pytest.raises(Invalid, match=f"chmod 600 {path}"):
        MasterKey.load(path)


def test_a_systemd_credential_is_guarded_by_systemd(path, monkeypatch):
    MasterKey.create(path)
    path.chmod(0o440)
    monkeypatch.setattr(secretfile, "_CREDENTIALS", path.parent)
    assert MasterKey.load(path).generations


def test_an_existing_master_key_is_never_overwritten(path):
    MasterKey.create(path)
    before = path.read_bytes()
    with pytest.raises(Conflict):
        MasterKey.create(path)
    assert path.read_bytes() == before


def test_after_rotation_new_keys_use_the_new_generation_and_old_ones_still_open(path):
    old = MasterKey.create(path)
    sealed = old.wrap(b"k" * 32)
    rotated = old.rotate(path)
    assert rotated.generations == (old.current, rotated.current)
    loaded = MasterKey.load(path)
    assert loaded.current == rotated.current != old.current
    assert loaded.wrap(b"k" * 32).master == rotated.current
    assert loaded.unwrap(sealed) == b"k" * 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_rotating_what_another_rotated_meanwhile_loses_no_generation(path):
    first = MasterKey.create(path)
    second = first.rotate(path)
    with pytest.raises(Conflict):
        first.rotate(path)
    assert MasterKey.load(path).generations == second.generations


def test_a_key_of_a_missing_generation_is_unavailable(path, tmp_path):
    sealed = MasterKey.create(tmp_path / "other.key").wrap(b"k" * 32)
    with pytest.raises(Unavailable, match=sealed.master):
        MasterKey.create(path).unwrap(sealed)


def test_a_damaged_wrapped_key_is_unavailable(path):
    master = MasterKey.create(path)
    sealed = master.wrap(b"k" * 32)
    with pytest.raises(Unavailable, match="damaged"):
        master.unwrap(SealedKey(sealed.wrapped[:-1] + bytes([sealed.wrapped[-1] ^ 1]), sealed.master))


@pytest.mark.parametrize("content", [b"", b"# only words\n", b"mk_0123456789ab 00ff\n", b"\xff\xfe", b"{}"])
def test_a_damaged_file_is_refused_and_no_key_is_told(path, content):
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(Invalid):
        MasterKey.load(path)


def test_a_generation_named_twice_is_refused(path):
    MasterKey.create(path)
    path.write_bytes(path.read_bytes() + path.read_bytes())
    with pytest.raises(Invalid, match="damaged"):
        MasterKey.load(path)


def test_a_file_that_is_not_there_is_unavailable(path):
    with pytest.raises(Unavailable):
        MasterKey.load(path)


def test_no_key_shows_when_one_is_printed(path):
    master = MasterKey.create(path)
    secret = path.read_text().split()[-1]
    assert secret not in repr(master) + str(master)
