"""A certificate for a trial on this machine: made once, kept, and made anew before it ends.

Nobody trusts it but who looks at its fingerprint; a server for others is given a real one.
"""

import os
from datetime import datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mft.model.errors import Unavailable

_LASTS: Final = timedelta(days=365)
_RENEWED: Final = timedelta(days=30)
"""Before its end."""
_SLACK: Final = timedelta(hours=1)
"""For a browser whose clock is behind."""


def trial_files(folder: Path) -> tuple[Path, Path]:
    """Return where in *folder* certificate and key of a trial are kept."""
    return folder / "portal.crt", folder / "portal.key"


def trial_certificate(folder: Path, address: IPv4Address, now: datetime) -> tuple[Path, Path]:
    """Return the certificate and the key in *folder* for *address* and localhost, made if they are not there."""
    certificate, key = trial_files(folder)
    if not (certificate.exists() and key.exists() and _lasts(certificate, now)):
        _make(certificate, key, address, now)
    return certificate, key


def fingerprint(certificate: Path) -> str:
    """Return the SHA-256 fingerprint as browsers show it: ``AB:CD:…``."""
    digest = _read(certificate).fingerprint(hashes.SHA256())
    return digest.hex(":").upper()


def ends_at(certificate: Path, key: Path) -> datetime:
    """Return when *certificate*, a chain with the server's own first, ends.  Raises Unavailable if *key* is not its."""
    own = _read(certificate)
    try:
        secret = serialization.load_pem_private_key(key.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise Unavailable(f"{key} is no private key that can be read: {error}; name another") from error
    if secret.public_key() != own.public_key():
        raise Unavailable(f"{key} is not the key of {certificate}; name the two that were made together")
    return own.not_valid_after_utc


def der_of(certificate: Path) -> bytes:
    """Return the server's own certificate as it goes over the wire."""
    return _read(certificate).public_bytes(serialization.Encoding.DER)


def _read(certificate: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(certificate.read_bytes())
    except (OSError, ValueError) as error:
        raise Unavailable(
            f"{certificate} is no certificate: {error}; name another, or remove a trial's, and it is made anew"
        ) from error


def _lasts(certificate: Path, now: datetime) -> bool:
    return now < _read(certificate).not_valid_after_utc - _RENEWED


def _make(certificate: Path, key: Path, address: IPv4Address, now: datetime) -> None:
    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "MFT on trial")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SLACK)
        .not_valid_after(now + _LASTS)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(address), x509.DNSName("localhost")]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(secret, hashes.SHA256())
    )
    pem = secret.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    key.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(key, pem)
    _write(certificate, made.public_bytes(serialization.Encoding.PEM))


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as stream:
        stream.write(content)
    draft.rename(path)
