"""The settings' mail becomes the post: which server, which templates, which words every letter knows."""

from typing import Final

from mft.app.shipped import shipped
from mft.clock import Clock
from mft.lifecycle.post import Post
from mft.notify.port import Notifier
from mft.notify.smtp import Server, SmtpNotifier
from mft.notify.waiting import LogNotifier
from mft.notify.writing import Writer
from mft.settings.model import Mail, Settings
from mft.store.engine import Store

_NOBODY: Final = "mft@localhost"
"""The sender while no server is configured: letters are written, and wait."""


def post_of(settings: Settings, store: Store, clock: Clock) -> Post:
    """Return the post; opens and reads nothing."""
    mail = settings.mail
    writer = Writer(mail.templates or shipped("mail"), mail.sender or _NOBODY, {"payer": settings.payer})
    return Post(store, _notifier(mail), writer, clock, mail.timeout)


def _notifier(mail: Mail) -> Notifier:
    if not mail.host:
        return LogNotifier()
    return SmtpNotifier(
        Server(
            host=mail.host,
            port=mail.port,
            security=mail.security,
            sender=mail.sender,
            ca_file=mail.ca_file,
            user=mail.user,
            password_file=mail.password_file,
            timeout=mail.timeout,
        )
    )
