"""Reads the public keys that accounts bring.  Never decides whose they are."""

from dataclasses import dataclass
from typing import Final

import asyncssh

from mft.model.errors import Invalid

_BITS: Final = {
    "ssh-ed25519": 256,
    "ecdsa-sha2-nistp256": 256,
    "ecdsa-sha2-nistp384": 384,
    "ecdsa-sha2-nistp521": 521,
}
"""The algorithms whose keys have one size; RSA is the other."""
_RSA: Final = "ssh-rsa"  # The name of the key's format; signatures with SHA-1 are the transport's to refuse.
_RSA_BITS: Final = range(3072, 16384 + 1)  # NIST SP 800-57 part 1, table 2; above, one check costs milliseconds.
_RFC4716: Final = "---- BEGIN SSH2 PUBLIC KEY ----"
_LONGEST_COMMENT: Final = 128


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key that an account may sign on with."""

    line: str
    """``algorithm base64``, as OpenSSH writes it, without the comment."""
    algorithm: str
    fingerprint: str
    """``SHA256:…``, as ``ssh-keygen -l`` prints it."""
    comment: str
    bits: int


def read_public_key(text: str) -> PublicKey:
    """Return the one public key in *text*: an OpenSSH line, or the SSH2 file that PuTTYgen saves (RFC 4716).

    Raises Invalid, saying why, for anything but one ed25519, ecdsa nistp256/384/521 or rsa (3072 bits or more) key.
    """
    key = _imported(_only_key(text))
    bits = key_bits(key)
    return PublicKey(public_line(key), key.get_algorithm(), key.get_fingerprint(), _comment(key), bits)


def public_line(key: asyncssh.SSHKey) -> str:
    """Return the public half of *key* as an OpenSSH line without comment."""
    return b" ".join(key.export_public_key("openssh").split()[:2]).decode("ascii")


def key_bits(key: asyncssh.SSHKey) -> int:
    """Return the size of *key* in bits.  Raises Invalid, saying why, if it is of no kind or size that is used here."""
    algorithm = key.get_algorithm()
    if algorithm in _BITS:
        return _BITS[algorithm]
    if algorithm != _RSA:
        raise Invalid(f"{algorithm} keys are not used here; make one with: ssh-keygen -t ed25519")
    bits = int(key.pyca_key.key_size)  # type: ignore[union-attr]  # An RSA key has one.
    if bits not in _RSA_BITS:
        raise Invalid(f"the RSA key has {bits} bits; {_RSA_BITS[0]} to {_RSA_BITS[-1]} will do, or ed25519")
    return bits


def _only_key(text: str) -> str:
    """Return *text* if it can be one public key by its outside."""
    if "PRIVATE KEY" in text or text.startswith("PuTTY-User-Key-File"):
        raise Invalid("that is a private key: keep it to yourself and give the public one, the file that ends in .pub")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        raise Invalid("there is no public key in it")
    if lines[0] == _RFC4716 and lines.count(_RFC4716) == 1:
        return "\n".join(lines) + "\n"
    if len(lines) > 1:
        raise Invalid("there is more than one line; give one public key at a time")
    _check_first_word(lines[0].split()[0])
    return lines[0]


def _check_first_word(word: str) -> None:
    if "-cert-v0" in word:
        raise Invalid("that is a certificate; give the public key itself")
    if word not in _BITS and word != _RSA:
        raise Invalid(f"{word[:64]!r} does not begin a public key that is used here: {', '.join([*_BITS, _RSA])}")


def _imported(text: str) -> asyncssh.SSHKey:
    try:
        return asyncssh.import_public_key(text.encode())
    except (ValueError, OverflowError):  # KeyImportError, and what a key damaged inside makes of asyncssh 2.24.
        raise Invalid("the public key is damaged; copy it again, whole and on one line") from None


def _comment(key: asyncssh.SSHKey) -> str:
    text = (key.get_comment_bytes() or b"").decode("utf-8", "replace")
    return "".join(character for character in text if character.isprintable())[:_LONGEST_COMMENT]
