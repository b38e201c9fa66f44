import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mft.crypto.keys import read_public_key
from mft.model.errors import Invalid

_GOOD = [("ed25519", 0, 256), ("ecdsa", 256, 256), ("ecdsa", 384, 384), ("ecdsa", 521, 521), ("rsa", 3072, 3072)]


def _public(path):
    return path.with_name(path.name + ".pub")


@pytest.mark.parametrize(("kind", "bits", "told"), _GOOD)
def test_a_key_that_ssh_keygen_made_is_read_as_ssh_keygen_tells_it(keygen, kind, bits, told):
    public = _public(keygen.make(kind, bits))
    key = read_public_key(public.read_text())
    assert key.fingerprint == keygen.fingerprint(public)
    assert key.line.split() == public.read_text().split()[:2]
    assert key.algorithm == key.line.split()[0]
    assert (key.comment, key.bits) == ("ann@desk", told)


def test_the_file_that_puttygen_saves_is_read(keygen):
    public = _public(keygen.make("ed25519"))
    text = keygen.run("-e", "-m", "RFC4716", "-f", str(public))
    assert read_public_key(text).line == read_public_key(public.read_text()).line


def test_a_weak_key_is_refused_with_the_reason(keygen):
    with pytest.raises(Invalid, match="2048 bits; 3072"):
        read_public_key(_public(keygen.make("rsa", 2048)).read_text())
    with pytest.raises(Invalid, match="ssh-dss"):
        read_public_key("ssh-dss AAAAB3NzaC1kc3MAAACBAM ann@desk")


@pytest.mark.parametrize("form", ["", "PEM"])
def test_a_private_key_is_refused_and_never_repeated(keygen, form):
    text = keygen.make("rsa", 3072, form=form).read_text()
    with pytest.raises(Invalid, match="private key") as refused:
        read_public_key(text)
    assert not any(line in str(refused.value) for line in text.splitlines())


def test_puttys_own_private_key_is_refused():
    with pytest.raises(Invalid, match="private key"):
        read_public_key("PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n")


def test_a_certificate_is_refused(keygen):
    authority, user = keygen.make("ed25519"), keygen.make("ecdsa", 256)
    keygen.run("-q", "-s", str(authority), "-I", "id", "-n", "ann", str(_public(user)))
    with pytest.raises(Invalid, match="certificate"):
        read_public_key(user.with_name(user.name + "-cert.pub").read_text())


def test_two_keys_are_one_too_many(keygen):
    text = _public(keygen.make("ed25519")).read_text()
    with pytest.raises(Invalid, match="one public key at a time"):
        read_public_key(text + text)


def test_blank_lines_and_remarks_are_no_keys(keygen):
    text = _public(keygen.make("ed25519")).read_text()
    assert read_public_key(f"\n# Ann's key\r\n\n{text}\n")
    with pytest.raises(Invalid, match="no public key"):
        read_public_key("\n# nothing\n")


@pytest.mark.parametrize("options", ['from="10.0.0.1" ', "command=/bin/sh ", "sk-ssh-ed25519@openssh.com "])
def test_options_and_other_formats_are_refused(keygen, options):
    with pytest.raises(Invalid, match="does not begin a public key"):
        read_public_key(options + _public(keygen.make("ed25519")).read_text())


def test_a_comment_cannot_reach_the_terminal(keygen):
    line = " ".join(_public(keygen.make("ed25519")).read_text().split()[:2])
    assert read_public_key(line + " Zoë \x1b[2J\u202e").comment == "Zoë [2J"


@settings(max_examples=300, deadline=None)
@given(which=st.sampled_from(_GOOD), changes=st.lists(st.tuples(st.integers(0, 999), st.integers(0, 255)), min_size=1))
def test_a_damaged_key_is_refused_and_nothing_else_happens(keygen, which, changes):
    kind, bits, _ = which
    algorithm, encoded = _public(keygen.make(kind, bits)).read_text().split()[:2]
    blob = bytearray(base64.b64decode(encoded))
    for at, byte in changes:
        blob[at % len(blob)] = byte
    try:
        key = read_public_key(f"{algorithm} {base64.b64encode(blob).decode()}")
    except Invalid:
        return
    assert key.line == f"{key.algorithm} {base64.b64encode(blob).decode()}"
