"""mft mail, through the real settings and a real mail server."""

from pathlib import Path

import pytest

from mft.app.build import open_house
from mft.model.letter import Letter
from mft.settings.load import load
from mft.store import outbox
from tests.cli.conftest import Desk
from tests.support.smtp import HOST, SENDER, USER, Certificate, Mailbox, certify, mail_server, write_password


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certify(tmp_path_factory.mktemp("certificate"))


def point(desk: Desk, port: int, certificate: Certificate) -> None:
    """Name the mail server in the configuration, as an operator does; paths start at its folder."""
    write_password(desk.folder)
    (desk.folder / "ca.pem").write_bytes(certificate.file.read_bytes())
    lines = {
        "host": HOST,
        "sender": SENDER,
        "user": USER,
        "password_file": "smtp-password",
        "ca_file": "ca.pem",
    }
    said = "".join(f'{key} = "{value}"\n' for key, value in lines.items())
    configure(desk, f"port = {port}\n{said}")


def configure(desk: Desk, lines: str) -> None:
    """Put *lines* into the configuration's table of mail."""
    config = desk.folder / "mft.toml"
    config.write_text(config.read_text().replace("[mail]\n", f"[mail]\n{lines}"))


def queue(desk: Desk, *recipients: str) -> None:
    with open_house(load(desk.folder / "mft.toml", {}).settings) as house:
        for recipient in recipients:
            with house.store.write() as connection:
                letter = Letter("account-purged", recipient, {"name": "bob", "organization": "N", "purged_on": "today"})
                outbox.queue(connection, letter, house.clock.now())


def test_a_test_letter_goes_through_the_real_settings_and_the_answer_is_told(desk: Desk, certificate: Certificate):
    with mail_server(certificate, auth=True, mailbox=Mailbox(answer="250 2.0.0 queued as 4711")) as (box, port):
        point(desk, port, certificate)
        assert "queued as 4711" in desk.said("mail", "test", "Somebody@example.org")
    assert box.signed_on == [USER]
    (letter,) = box.letters
    assert letter["To"] == "somebody@example.org"
    assert "maria" in letter.get_content()


def test_a_test_letter_that_is_refused_says_what_the_server_said(desk: Desk, certificate: Certificate):
    box = Mailbox(refuse={"bob@example.org": "550 5.1.1 bob@example.org is unknown"})
    with mail_server(certificate, auth=True, mailbox=box) as (_, port):
        point(desk, port, certificate)
        assert "bob@example.org is unknown" in desk.fails(1, "mail", "test", "bob@example.org")


def test_without_a_server_a_test_letter_says_what_to_set(desk: Desk):
    assert "[mail] host" in desk.fails(6, "mail", "test", "bob@example.org")
    assert "e-mail address" in desk.fails(2, "mail", "test", "bob")


def test_letters_are_listed_without_whom_they_are_for_and_sent_when_hurried(desk: Desk, certificate: Certificate):
    queue(desk, "bob@example.org", "eve@example.org")
    rows = desk.json("mail", "list", "--state", "waiting")
    assert [row["template"] for row in rows] == ["account-purged"] * 2
    assert "example.org" not in str(rows) + desk.said("mail", "list")
    with mail_server(certificate, auth=True) as (box, port):
        point(desk, port, certificate)
        assert desk.json("mail", "retry", rows[0]["id"]) == {"sent": 2, "given_up": 0, "waiting": 0}
    assert len(box.letters) == 2
    assert [row["state"] for row in desk.json("mail", "list")] == ["sent", "sent"]
    assert desk.said("mail", "list", "--state", "given-up") == "There are no such letters.\n"
    desk.fails(4, "mail", "retry", rows[0]["id"])


def test_one_letter_or_all_is_hurried_and_it_must_be_said_which(desk: Desk):
    desk.fails(2, "mail", "retry")
    desk.fails(2, "mail", "retry", "ltr_1", "--all")
    assert desk.json("mail", "retry", "--all") == {"sent": 0, "given_up": 0, "waiting": 0}


@pytest.mark.parametrize("sender", ["mft", "mft@plan.example\\nBcc: eve@example.org", "mft @plan.example"])
def test_a_sender_that_is_no_address_stops_the_start(desk: Desk, sender: str):
    configure(desk, f'host = "mail.plan.example"\nsender = "{sender}"\n')
    assert "mail addresses" in desk.fails(3, "config", "check")


def test_the_templates_are_files_that_an_operator_can_replace(desk: Desk, certificate: Certificate, tmp_path: Path):
    own = tmp_path / "letters"
    own.mkdir()
    (own / "test.txt").write_text("Subject: Ours\n\nFrom $who at $payer.\n")
    with mail_server(certificate, auth=True) as (box, port):
        point(desk, port, certificate)
        configure(desk, f'templates = "{own}"\n')
        desk.said("mail", "test", "bob@example.org")
    assert box.subjects == ["Ours"]
