"""A browser of the demonstration: opens pages over TLS and fills their forms in, as one without scripts does."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import httpx2

from mft.model.errors import Unavailable

_PATIENCE: Final = 30.0
_CODE: Final = "mft-code"
"""The class of what the portal shows to be copied: a key, or recovery codes."""


@dataclass(frozen=True, slots=True)
class Page:
    """What was shown."""

    path: str
    status: int
    forms: dict[str, dict[str, str | None]] = field(default_factory=dict)
    """By where they go: each field with what stands in it; None is a box that is not ticked, and is not sent."""
    codes: tuple[str, ...] = field(default=(), repr=False)
    """What is shown to be copied."""
    said: str = ""
    """All words of the page."""


class Browser:
    """One window, with its cookie."""

    def __init__(self, client: httpx2.Client) -> None:
        """Keep the connection."""
        self._client = client
        self.page = Page("", 0)

    def open(self, path: str) -> Page:
        """Open *path* and return what is shown."""
        return self._read(self._client.get(path))

    def submit(self, action: str, **typed: str) -> Page:
        """Type into the form of this page that goes to *action*, send it, and return what is shown then.

        Raises Unavailable if there is no such form or field on the page.
        """
        form = self.page.forms.get(action)
        if form is None or not typed.keys() <= form.keys():
            raise Unavailable(f"{self.page.path} shows no form to {action} with {', '.join(typed) or 'a button'}")
        sent = {name: value for name, value in (form | typed).items() if value is not None}
        return self._read(self._client.post(action, data=sent))

    def _read(self, answer: httpx2.Response) -> Page:
        reader = _Reader()
        reader.feed(answer.text)
        said = " ".join(" ".join(reader.words).split())
        path = answer.url.raw_path.decode("ascii", "replace")
        self.page = Page(path, answer.status_code, reader.forms, tuple(reader.codes), said)
        return self.page


class _Reader(HTMLParser):
    """Finds the forms, the words and the codes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str | None]] = {}
        self.words: list[str] = []
        self.codes: list[str] = []
        self._form: dict[str, str | None] = {}
        self._shows_code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form, a field, or that a code follows."""
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = self.forms.setdefault(said.get("action", ""), {})
        elif tag == "input" and said.get("name"):
            self._form[said["name"]] = None if said.get("type") == "checkbox" else said.get("value", "")
        self._shows_code = _CODE in said.get("class", "").split()

    def handle_data(self, data: str) -> None:
        """Note words."""
        self.words.append(data)
        if self._shows_code:
            self.codes.append(data.strip())
            self._shows_code = False


@contextmanager
def browsing(url: str, certificate: Path) -> Iterator[Browser]:
    """Give a window onto the portal at *url*, which has to show *certificate*."""
    trust = ssl.create_default_context(cafile=certificate)
    with httpx2.Client(base_url=url, verify=trust, timeout=_PATIENCE, follow_redirects=True, trust_env=False) as client:
        yield Browser(client)
