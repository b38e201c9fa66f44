"""A letter's template and its words become a mail message.

Templates are plain text: a first line ``Subject: …``, an empty line, then what the letter says, with
``$words``.  A word is replaced once and as text: nothing that somebody typed can add a header, and no
word can name another.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from string import Template
from typing import Final

from mft.model.errors import Unavailable
from mft.model.ids import LetterId
from mft.model.letter import FieldValue, Letter
from mft.notify.port import Refused

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}", re.ASCII)
_SUBJECT: Final = "Subject:"
_LONGEST_SUBJECT: Final = 200


class Writer:
    """Writes letters from one folder of templates, in the name of one sender."""

    def __init__(self, folder: Path, sender: str, standing: Mapping[str, str]) -> None:
        """Keep the parts; *standing* are words that every letter knows, such as the health plan's name."""
        self._folder = folder
        self._sender = sender
        self._standing = dict(standing)

    def write(self, number: LetterId, letter: Letter, at: datetime) -> EmailMessage:
        """Return *letter* as a message of the moment *at*; the same number gives the same Message-ID.

        Raises Unavailable if the template is missing or wants a word that the letter has not, and
        Refused if its recipient is no mail address.
        """
        words = {name: _said(value) for name, value in (self._standing | dict(letter.fields)).items()}
        subject, body = self._filled(letter.template, words)
        message = EmailMessage(SMTP)
        message["From"] = Address(addr_spec=self._sender)
        message["To"] = _address(letter.recipient)
        message["Subject"] = _line(subject)[:_LONGEST_SUBJECT]
        message["Date"] = at
        message["Message-ID"] = f"<{number}@{self._sender.rpartition('@')[2]}>"
        # RFC 3834: no holiday notice comes back to us.
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(body, charset="utf-8")
        return message

    def _filled(self, name: str, words: Mapping[str, str]) -> tuple[str, str]:
        subject, body = self._template(name)
        try:
            return Template(subject).substitute(words), Template(body).substitute(words)
        except KeyError as error:
            raise Unavailable(f"the letter {name} wants the word ${error.args[0]}, which it is not given") from None
        except ValueError as error:
            raise Unavailable(f"the template {self._folder / name}.txt is malformed: {error}; write $$ for $") from None

    def _template(self, name: str) -> tuple[str, str]:
        """Return the subject and the body of the template *name*, read anew: an edited one counts at once."""
        file = self._folder / f"{name}.txt"
        if not _NAME.fullmatch(name):
            raise Unavailable(f"{name!r} cannot be the name of a template; see mft mail list")
        try:
            first, _, rest = file.read_text("utf-8").partition("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise Unavailable(f"the template {file} cannot be read: {error}; see mail.templates") from error
        if not first.startswith(_SUBJECT):
            raise Unavailable(f"the template {file} does not begin with a line {_SUBJECT} …; put one there")
        return first.removeprefix(_SUBJECT).strip(), rest.lstrip("\n")


def _said(value: FieldValue) -> str:
    """Return a word as it stands in the letter: one line, or one line for each member of a list."""
    if isinstance(value, str | int):
        return _line(str(value))
    return "\n".join(_line(str(each)) for each in value)


def _line(text: str) -> str:
    """Return *text* on one line, without what would end it or change how it is read."""
    return "".join(" " if unicodedata.category(ch)[0] in "CZ" else ch for ch in text).strip()


def _address(text: str) -> Address:
    try:
        return Address(addr_spec=text)
    except (HeaderParseError, ValueError, IndexError) as error:
        raise Refused("the recipient is not a mail address", str(error)) from None
