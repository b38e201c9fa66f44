"""A real SMTP server on this machine, with a certificate of its own, that keeps what it is sent."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from ipaddress import IPv4Address
from pathlib import Path
from threading import Event
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mft.notify.smtp import Security, Server

HOST = "127.0.0.1"
SENDER = "mft@plan.example"
USER = "mft"
PASSWORD = "correct horse"


@dataclass
class Mailbox:
    """What a server was sent, and how it is to answer."""

    letters: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    """Every RCPT that was asked for, whatever the answer."""
    refuse: dict[str, str] = field(default_factory=dict)
    """Answers to RCPT, by recipient; others are taken."""
    answer: str = "250 2.0.0 taken"
    """The answer to DATA."""
    greeted: list[str] = field(default_factory=list)
    signed_on: list[str] = field(default_factory=list)
    arrived: Event = field(default_factory=Event)
    """Set when a letter's content is here, before it is answered."""
    go_on: Event | None = None
    """If set, DATA is answered only once this is."""

    async def handle_EHLO(  # noqa: N802  (aiosmtpd's hook, as those below)
        self, _server: Any, session: Any, _envelope: Any, hostname: str, said: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.greeted.append(hostname)
        return said

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        self.recipients.append(address)
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 fine"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.arrived.set()
        if self.go_on is not None:
            await server.loop.run_in_executor(None, self.go_on.wait, 30)
        if self.answer.startswith("2"):
            letter = message_from_bytes(envelope.content, policy=POLICY)
            assert isinstance(letter, EmailMessage)
            self.letters.append(letter)
        return self.answer

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        fits = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        if fits:
            self.signed_on.append(data.login.decode())
        return AuthResult(success=fits, handled=False)

    @property
    def subjects(self) -> list[str]:
        return [str(letter["Subject"]) for letter in self.letters]


@dataclass(frozen=True)
class Certificate:
    """A certificate for this machine that is its own authority."""

    file: Path
    """Key and certificate, as a server reads them; a client trusts it as its CA file."""

    def context(self) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(self.file)
        return made


def certify(folder: Path, name: str = "mail", host: str = HOST) -> Certificate:
    """Make a certificate for *host*, valid now."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pkcs8 = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / f"{name}.pem"
    file.write_bytes(key.private_bytes(*pkcs8) + made.public_bytes(serialization.Encoding.PEM))
    return Certificate(file)


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextmanager
def mail_server(
    certificate: Certificate | None,
    *,
    port: int = 0,
    security: Security = "starttls",
    auth: bool = False,
    mailbox: Mailbox | None = None,
) -> Iterator[tuple[Mailbox, int]]:
    """Give a running server's mailbox and port; STARTTLS is demanded where there is a certificate."""
    box = mailbox or Mailbox()
    chosen = port or free_port()
    tls = None if certificate is None else certificate.context()
    words: dict[str, Any] = {"ssl_context": tls} if security == "tls" else {}
    if security == "starttls" and tls is not None:
        words = {"tls_context": tls, "require_starttls": True}
    if auth:
        words |= {"auth_required": True, "authenticator": box.authenticate}
    # Its own look-up of the machine's name would ask the DNS.
    controller = Controller(box, hostname=HOST, port=chosen, server_hostname="mail.plan.example", **words)
    controller.start()
    try:
        yield box, chosen
    finally:
        controller.stop()


def to(
    port: int,
    certificate: Certificate | None,
    *,
    security: Security = "starttls",
    password_file: Path | None = None,
    timeout: timedelta = timedelta(seconds=10),
) -> Server:
    """Return how a client speaks to the server at *port*."""
    return Server(
        host=HOST,
        port=port,
        security=security,
        sender=SENDER,
        ca_file=None if certificate is None else certificate.file,
        user=USER if password_file else "",
        password_file=password_file,
        timeout=timeout,
    )


def write_password(folder: Path, password: str = PASSWORD, mode: int = 0o600) -> Path:
    """Write the password's file."""
    file = folder / "smtp-password"
    file.write_text(f"{password}\n")
    file.chmod(mode)
    return file
