"""No mail server is configured: letters wait, and the log says so once."""

from email.message import EmailMessage
from typing import Final

from mft.logs.setup import log
from mft.model.errors import Unavailable

_LOG: Final = log("mft.notify")
_WHY: Final = "no mail server is configured, so that letters wait; name one in [mail] host"


class LogNotifier:
    """Sends nothing and loses nothing."""

    def __init__(self) -> None:
        """Begin without having said anything."""
        self._said = False

    def send(self, message: EmailMessage) -> str:  # noqa: ARG002  (the port's signature)
        """Raise Unavailable: nothing can be sent."""
        if not self._said:
            self._said = True
            _LOG.warning("letters.wait", why=_WHY)
        raise Unavailable(_WHY)
