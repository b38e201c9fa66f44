"""Letters as they are written: the words are text and nothing else."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from mft.model.errors import Unavailable
from mft.model.ids import LetterId
from mft.model.letter import FieldValue, Letter
from mft.notify.port import Refused
from mft.notify.writing import Writer

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
NUMBER = LetterId("ltr_abc")


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    (tmp_path / "hello.txt").write_text("Subject: Hello $name\n\nDear $name of $payer,\n\n$lines\n")
    return tmp_path


def write(templates: Path, recipient: str = "bob@example.org", **words: FieldValue) -> EmailMessage:
    """Write a letter and read it again as its recipient's program does."""
    writer = Writer(templates, "mft@plan.example", {"payer": "Example Health"})
    fields = {"name": "bob", "lines": ["one", "two"]} | words
    made = writer.write(NUMBER, Letter("hello", recipient, fields), NOW)
    read = message_from_bytes(made.as_bytes(), policy=SMTP)
    assert isinstance(read, EmailMessage)
    return read


def body(letter: EmailMessage) -> str:
    return str(letter.get_content()).replace("\r\n", "\n")


def test_a_letter_has_its_words_and_says_who_wrote_it_when_and_that_nobody_need_answer(templates: Path):
    letter = write(templates)
    assert letter["Subject"] == "Hello bob"
    assert body(letter) == "Dear bob of Example Health,\n\none\ntwo\n"
    assert (letter["From"], letter["To"]) == ("mft@plan.example", "bob@example.org")
    assert letter["Date"].datetime == NOW
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter.get_content_charset() == "utf-8"


def test_the_same_letter_has_the_same_message_id_each_time(templates: Path):
    assert write(templates)["Message-ID"] == write(templates)["Message-ID"] == "<ltr_abc@plan.example>"


@pytest.mark.parametrize("break_", ["\n", "\r\n", "\r", "\u2028", "\x0b", "\x85"], ids=ascii)
def test_no_word_adds_a_header_or_a_line(templates: Path, break_: str):
    letter = write(templates, name=f"bob{break_}Bcc: eve@example.org{break_}{break_}Pay here", lines=[f"a{break_}b"])
    assert letter["Bcc"] is None
    assert set(letter.keys()) == {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "Content-Type",
        "Content-Transfer-Encoding",
        "MIME-Version",
    }
    assert "Bcc: eve@example.org" in letter["Subject"]
    assert len(body(letter).splitlines()) == 3


def test_no_word_names_another(templates: Path):
    assert "$payer ${payer}" in write(templates, name="$payer ${payer}")["Subject"]


def test_what_is_not_ascii_arrives_as_it_was(templates: Path):
    letter = write(templates, name="Zoë Łuk", lines=["Übersicht-№1.csv"] * 100)
    assert letter["Subject"] == "Hello Zoë Łuk"
    assert body(letter).count("Übersicht-№1.csv\n") == 100


def test_a_word_that_is_missing_is_named_with_its_template(templates: Path):
    writer = Writer(templates, "mft@plan.example", {"payer": "Example Health"})
    with pytest.raises(Unavailable, match=r"hello wants the word \$lines"):
        writer.write(NUMBER, Letter("hello", "bob@example.org", {"name": "bob"}), NOW)


@pytest.mark.parametrize("text", ["Hello\n\nno subject\n", "Subject: $ bad\n\nx\n", None])
def test_a_template_that_cannot_be_used_is_named(templates: Path, text: str | None):
    file = templates / "hello.txt"
    file.unlink() if text is None else file.write_text(text)
    with pytest.raises(Unavailable, match=r"hello\.txt"):
        write(templates)


@pytest.mark.parametrize("name", ["../hello", "/etc/passwd", "Hello", "", "hello.txt", "a/b"])
def test_no_name_leads_out_of_the_folder(templates: Path, name: str):
    with pytest.raises(Unavailable, match="cannot be the name"):
        Writer(templates, "mft@plan.example", {}).write(NUMBER, Letter(name, "bob@example.org"), NOW)


@pytest.mark.parametrize("recipient", ["", "bob", "bob@example.org\nBcc: eve@example.org", "a b@example.org", "<>"])
def test_what_is_no_address_is_refused(templates: Path, recipient: str):
    with pytest.raises(Refused):
        write(templates, recipient=recipient)
