"""What sends a letter.  Two do: one through an SMTP server, one that only says that letters wait.

A notifier sends one letter to one recipient, or raises; it keeps nothing and tries nothing twice.
"""

from email.message import EmailMessage
from typing import Protocol

from mft.model.errors import MftError, Unavailable


class Refused(MftError):
    """The server will never take this letter: its recipient is not there, say.

    The text holds codes only and may be kept; *answer* is what the server said, which may name the recipient.
    """

    def __init__(self, text: str, answer: str = "") -> None:
        """Keep *text* and the server's whole *answer*."""
        super().__init__(text)
        self.answer = answer


class Deferred(Unavailable):
    """The server does not take this letter now; others it may.  The text and *answer* are as in ``Refused``."""

    def __init__(self, text: str, answer: str = "") -> None:
        """Keep *text* and the server's whole *answer*."""
        super().__init__(text)
        self.answer = answer


class Notifier(Protocol):
    """Hands letters over to whatever carries them."""

    def send(self, message: EmailMessage) -> str:
        """Hand *message* over and return what the other side answered.  Waits; for a thread that may.

        Raises Refused or Deferred about this letter, Unavailable when no letter can be sent at all.
        """
        ...
