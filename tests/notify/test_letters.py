"""The letters that come with the program: each can be written from the words it is queued with, and says enough."""

import ast
import re
from datetime import UTC, datetime
from pathlib import Path
from string import Template

import pytest

from mft.app.shipped import shipped
from mft.model.ids import LetterId
from mft.model.letter import FieldValue, Letter
from mft.notify.writing import Writer

STANDING = {"payer": "Example Health"}
ACCOUNT = {"name": "bob", "organization": "Northwind"}
REQUEST = ACCOUNT | {"request": "req_1", "what": "a new account"}
REVIEW: dict[str, FieldValue] = {"organization": "Northwind", "month": "2026-11", "due_on": "2026-12-22 09:00 UTC"}
CHANGE: dict[str, FieldValue] = {"name": "bob", "at": "2026-11-22 09:00 UTC"}
PORTAL = CHANGE | {"source": "127.0.0.1"}
KEY: dict[str, FieldValue] = {"fingerprint": "SHA256:abc", "label": "laptop"}
LINK: dict[str, FieldValue] = {"name": "bob", "minutes": 30, "link": "https://files.example.org/forgot/token"}
WORDS: dict[str, dict[str, FieldValue]] = {
    "account-dormant": ACCOUNT | {"days": 7, "ends_on": "2026-11-29 09:00 UTC"},
    "account-dormant-admin": ACCOUNT | {"days": 7, "ends_on": "2026-11-29 09:00 UTC"},
    "account-purged": ACCOUNT | {"purged_on": "2026-11-29 09:00 UTC"},
    "account-suspended": ACCOUNT | {"since": "2026-11-29 09:00 UTC"},
    "request-received": REQUEST | {"due_on": "2026-12-06 09:00 UTC"},
    "request-approved": REQUEST | {"next": ["Sign on.", "Replace the password."]},
    "request-denied": REQUEST | {"reason": "no agreement"},
    "review-opened": REVIEW | {"accounts": ["bob", "eve"]},
    "review-reminder": REVIEW | {"accounts": ["bob", "eve"]},
    "files-expiring": ACCOUNT | {"total": 3, "soon": ["a"], "later": ["b", "c"], "more": []},
    "retention-halted": {"cause": "clock", "why": "it jumped", "node": "main", "since": "2026-11-29T09:00:00+00:00"},
    "file-damaged": {"files": 3, "node": "main"},
    "password-changed": PORTAL,
    "email-changed": PORTAL,
    "factor-changed": CHANGE | {"what": "recovery codes were made anew"},
    "key-added": PORTAL | KEY | {"means": "It may be used from now on."},
    "key-waiting": PORTAL | KEY,
    "key-approved": CHANGE | KEY,
    "setup-done": PORTAL,
    "setup-stale": CHANGE,
    "setup-renew": CHANGE | {"by": "2027-01-01 00:00 UTC"},
    "setup-revoked": CHANGE,
    "recovery-used": PORTAL | {"left": 9},
    "password-link": LINK,
    "email-link": LINK,
    "test": {"who": "maria"},
}
"""Every letter and the words that the program gives it."""

SOURCES = Path(__file__).parents[2] / "mft"


def text_of(name: str) -> str:
    return (shipped("mail") / f"{name}.txt").read_text("utf-8")


def test_every_letter_that_is_shipped_is_known_here():
    assert {file.stem for file in shipped("mail").glob("*.txt")} == set(WORDS)


@pytest.mark.parametrize("name", sorted(WORDS))
def test_a_letter_is_written_whole_from_the_words_it_is_given(name: str):
    writer = Writer(shipped("mail"), "mft@plan.example", STANDING)
    made = writer.write(
        LetterId("ltr_1"), Letter(name, "bob@example.org", WORDS[name]), datetime(2026, 11, 22, tzinfo=UTC)
    )
    assert "$" not in made["Subject"] + made.get_content()


@pytest.mark.parametrize("name", sorted(WORDS))
def test_a_letter_uses_every_word_that_it_is_given(name: str):
    used = set(Template(text_of(name)).get_identifiers())
    assert used - set(STANDING) == set(WORDS[name])


@pytest.mark.parametrize("name", sorted(set(WORDS) - {"test"}))
def test_a_letter_says_what_to_do_and_whom_to_ask_in_lines_that_fit(name: str):
    text = text_of(name)
    assert re.search(r"[Ww]hat to (do|know)", text)
    assert "Whom to ask:" in text or "Whom to ask" in text
    assert max(map(len, text.splitlines())) <= 80


def names_in_the_program() -> set[str]:
    """Return every word of the program's code that is spelled like one of the letters."""
    spelled = (
        node.value
        for file in SOURCES.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    return {word for word in spelled if word in WORDS}


def test_every_letter_is_one_that_the_program_writes():
    assert names_in_the_program() == set(WORDS)
