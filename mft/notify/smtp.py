"""Letters through an SMTP server, over a connection that is what the settings say or none.

It never falls back to clear text, never skips a certificate, and tries nothing twice.  An answer about
one recipient is told from a server that cannot be used at all; what refuses us for our name, our
password or the server's policy is never taken for the recipient's fault.
"""

import asyncio
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Final, Literal

from aiosmtplib import SMTP
from aiosmtplib.errors import (
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
)

from mft.crypto.secretfile import read_secret
from mft.model.errors import Invalid, Unavailable
from mft.notify.port import Deferred, Refused

Security = Literal["starttls", "tls", "none"]

_GOODBYE: Final = 5.0
"""Seconds for the parting; the letter is over there already."""
_ROUNDS: Final = 3
"""Turns of the event loop until what was closed is gone: TLS, its socket, and the note of it."""
_PERMANENT: Final = 500
_OURS: Final = frozenset({503, 530, 534, 535, 538})
"""Out of order, or about signing on (RFC 4954, 6): our fault whatever command it answers."""
_CLOSING: Final = 421
_ENHANCED: Final = re.compile(r"\s*([245]\.[0-9]{1,3}\.[0-9]{1,3})\b", re.ASCII)
_POLICY: Final = "5.7."
"""Security or policy (RFC 3463, 3.8): relaying denied, a name or signature that is missing."""


@dataclass(frozen=True, slots=True)
class Server:
    """The SMTP server and how to speak to it."""

    host: str
    port: int
    security: Security
    sender: str
    """The From address; its domain is also what we greet with, since it surely is a name in the DNS."""
    ca_file: Path | None = None
    """Certificates to trust instead of the system's."""
    user: str = ""
    """Whom to sign on as; empty: nobody."""
    password_file: Path | None = None
    timeout: timedelta = timedelta(seconds=30)
    """For one whole conversation."""


class SmtpNotifier:
    """Sends each letter in a conversation of its own, in an event loop of its own: call it in a worker thread."""

    def __init__(self, server: Server) -> None:
        """Keep *server*; nothing is read or opened before a letter is sent."""
        self._server = server

    def send(self, message: EmailMessage) -> str:
        """Send *message* and return the server's answer.  Raises Refused, Deferred or Unavailable."""
        password, trust = self._password(), self._trust()
        return asyncio.run(self._converse(message, password, trust))

    def _password(self) -> str | None:
        """Return the password as its file holds it now, so that a changed one needs no restart."""
        file = self._server.password_file
        if not self._server.user:
            return None
        if file is None:
            raise Unavailable("mail.user is set and mail.password_file is not; name the file that holds its password")
        try:
            return read_secret(file, "the SMTP password").decode().strip()
        except (Invalid, UnicodeDecodeError) as error:
            raise Unavailable(str(error)) from error

    def _trust(self) -> ssl.SSLContext | None:
        if self._server.security == "none":
            return None
        try:
            return ssl.create_default_context(cafile=self._server.ca_file)
        except OSError as error:  # ssl.SSLError is one.
            raise Unavailable(f"{self._server.ca_file} holds no certificates; check mail.ca_file: {error}") from error

    async def _converse(self, message: EmailMessage, password: str | None, trust: ssl.SSLContext | None) -> str:
        client = self._client(trust)
        line: asyncio.BaseTransport | None = None
        try:
            with self._unusable():
                async with asyncio.timeout(self._server.timeout.total_seconds()):
                    await client.connect()
                    line = client.transport
                    if self._server.security == "starttls":
                        await client.starttls()
                    if password is not None:
                        await client.login(self._server.user, password)
                    with _about_the_letter():
                        _, answer = await client.send_message(message)
            with suppress(SMTPException, OSError):
                # From here on nothing may fail the letter: it would be sent once more.
                await client.execute_command(b"QUIT", timeout=_GOODBYE)
            return answer
        finally:
            await _hang_up(client, line)

    def _client(self, trust: ssl.SSLContext | None) -> SMTP:
        server = self._server
        return SMTP(
            hostname=server.host,
            port=server.port,
            local_hostname=server.sender.rpartition("@")[2],
            timeout=server.timeout.total_seconds(),
            use_tls=server.security == "tls",
            start_tls=False,  # Asked for by us, in so many words: it is done or it fails.
            tls_context=trust,
        )

    @contextmanager
    def _unusable(self) -> Iterator[None]:
        """Turn whatever else goes wrong into Unavailable."""
        where = f"the mail server {self._server.host}:{self._server.port}"
        try:
            yield
        except TimeoutError as error:
            raise Unavailable(f"{where} did not answer in time; try mft mail test") from error
        except SMTPResponseException as error:
            said = f"{error.code} {error.message}"
            raise Unavailable(f"{where} answered {said}; check the [mail] settings") from error
        except (SMTPException, OSError) as error:
            raise Unavailable(f"{where} cannot be used: {error}; check the [mail] settings") from error


async def _hang_up(client: SMTP, line: asyncio.BaseTransport | None) -> None:
    """Close the connection at once, without waiting for the other side's TLS farewell."""
    client.close()
    if isinstance(line, asyncio.WriteTransport):
        line.abort()
    for _ in range(_ROUNDS):
        await asyncio.sleep(0)


@contextmanager
def _about_the_letter() -> Iterator[None]:
    """Tell apart what is said about this letter; the rest goes on as it is."""
    try:
        yield
    except SMTPRecipientsRefused as error:
        raise _verdict(error.recipients[0], "the recipient") from error
    except (SMTPRecipientRefused, SMTPDataError) as error:
        raise _verdict(error, "the letter") from error
    except SMTPNotSupported as error:
        raise Deferred("the server takes no address that is not ASCII", str(error)) from error
    except ValueError as error:
        raise Refused("the recipient is not a mail address", str(error)) from error


def _verdict(error: SMTPRecipientRefused | SMTPDataError, what: str) -> Exception:
    """Return what the server's refusal of *what* means."""
    if error.code == _CLOSING:
        return SMTPServerDisconnected(f"it is closing: {error.code} {error.message}")
    enhanced = _ENHANCED.match(error.message)
    codes = f"{error.code} {enhanced[1]}" if enhanced else str(error.code)
    answer = f"{error.code} {error.message}"
    ours = error.code in _OURS or (enhanced is not None and enhanced[1].startswith(_POLICY))
    if error.code < _PERMANENT or ours:
        return Deferred(f"the server puts off {what}: {codes}", answer)
    return Refused(f"the server refuses {what}: {codes}", answer)
