"""Letters to a real SMTP server: the connection is what was asked for, or nothing is said over it."""

import socket
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from threading import Thread

import pytest
from structlog.testing import capture_logs

from mft.model.errors import Unavailable
from mft.notify.port import Deferred, Refused
from mft.notify.smtp import Security, SmtpNotifier
from mft.notify.waiting import LogNotifier
from tests.support.smtp import HOST, PASSWORD, SENDER, Certificate, Mailbox, certify, mail_server, to, write_password


def letter(recipient: str = "bob@example.org") -> EmailMessage:
    message = EmailMessage()
    message["From"] = SENDER
    message["To"] = recipient
    message["Subject"] = "Hello"
    message.set_content("Grüße\n")
    return message


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_letter_arrives_whole_over_tls(certificate: Certificate, security: Security):
    with mail_server(certificate, security=security) as (box, port):
        answer = SmtpNotifier(to(port, certificate, security=security)).send(letter())
    assert answer == "2.0.0 taken"
    (arrived,) = box.letters
    assert arrived.get_content().strip() == "Grüße"
    assert box.recipients == ["bob@example.org"]
    assert set(box.greeted) == {"plan.example"}


def test_a_server_on_this_machine_is_spoken_to_without_tls_where_that_was_asked_for():
    with mail_server(None) as (box, port):
        SmtpNotifier(to(port, None, security="none")).send(letter())
    assert len(box.letters) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_gets_nothing(
    certificate: Certificate, tmp_path: Path, security: Security
):
    other = certify(tmp_path, "other")
    with mail_server(other, security=security) as (box, port):
        for trusted in (certificate, None):
            with pytest.raises(Unavailable, match="certificate"):
                SmtpNotifier(to(port, trusted, security=security)).send(letter())
    assert box.recipients == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_of_another_host_gets_nothing(tmp_path: Path, security: Security):
    elsewhere = certify(tmp_path, "elsewhere", host="192.0.2.1")
    with mail_server(elsewhere, security=security) as (box, port), pytest.raises(Unavailable, match="certificate"):
        SmtpNotifier(to(port, elsewhere, security=security)).send(letter())
    assert box.recipients == []


def test_a_server_that_offers_no_starttls_gets_neither_a_letter_nor_a_password(
    certificate: Certificate, tmp_path: Path
):
    with mail_server(None) as (box, port), pytest.raises(Unavailable, match="STARTTLS"):
        SmtpNotifier(to(port, certificate, password_file=write_password(tmp_path))).send(letter())
    assert box.recipients == []
    assert box.signed_on == []


def test_it_signs_on_with_the_password_as_its_file_holds_it_now(certificate: Certificate, tmp_path: Path):
    file = write_password(tmp_path, "old")
    with mail_server(certificate, auth=True) as (box, port):
        notifier = SmtpNotifier(to(port, certificate, password_file=file))
        with pytest.raises(Unavailable, match="535") as refused:
            notifier.send(letter())
        write_password(tmp_path)
        notifier.send(letter())
    assert box.signed_on == ["mft"]
    assert len(box.letters) == 1
    assert PASSWORD not in str(refused.value)


def test_a_password_that_others_can_read_is_not_used(certificate: Certificate, tmp_path: Path):
    file = write_password(tmp_path, mode=0o640)
    with mail_server(certificate, auth=True) as (box, port), pytest.raises(Unavailable, match="chmod 600"):
        SmtpNotifier(to(port, certificate, password_file=file)).send(letter())
    assert box.greeted == []


def test_who_signs_on_nowhere_is_no_recipients_fault(certificate: Certificate):
    with mail_server(certificate, auth=True) as (box, port), pytest.raises(Unavailable, match="530"):
        SmtpNotifier(to(port, certificate)).send(letter())
    assert box.letters == []


@pytest.mark.parametrize(
    ("answer", "verdict", "kept"),
    [
        ("550 5.1.1 <bob@example.org> unknown here", Refused, "550 5.1.1"),
        ("553 no such name: bob", Refused, "553"),
        ("450 4.2.0 greylisted, come again", Deferred, "450 4.2.0"),
        ("452 bob has no room", Deferred, "452"),
        ("550 5.7.1 relaying denied", Deferred, "550 5.7.1"),
        ("530 5.7.0 sign on first", Deferred, "530 5.7.0"),
    ],
    ids=lambda value: str(value)[:9].strip(),
)
def test_an_answer_about_the_recipient_is_told_from_one_about_us(
    certificate: Certificate, answer: str, verdict: type[Exception], kept: str
):
    box = Mailbox(refuse={"bob@example.org": answer})
    with mail_server(certificate, mailbox=box) as (_, port), pytest.raises(verdict) as caught:
        SmtpNotifier(to(port, certificate)).send(letter())
    assert str(caught.value).endswith(f"the recipient: {kept}")
    assert "bob" not in str(caught.value)


@pytest.mark.parametrize(("answer", "verdict"), [("554 5.6.0 not that", Refused), ("451 later", Deferred)])
def test_an_answer_about_the_letter_is_one_about_this_letter(
    certificate: Certificate, answer: str, verdict: type[Exception]
):
    with mail_server(certificate, mailbox=Mailbox(answer=answer)) as (_, port), pytest.raises(verdict):
        SmtpNotifier(to(port, certificate)).send(letter())


def test_a_server_that_is_closing_is_no_letters_fault(certificate: Certificate):
    box = Mailbox(refuse={"bob@example.org": "421 4.3.2 shutting down"})
    with mail_server(certificate, mailbox=box) as (_, port), pytest.raises(Unavailable) as caught:
        SmtpNotifier(to(port, certificate)).send(letter())
    assert not isinstance(caught.value, Deferred)


def test_no_server_is_unavailable(certificate: Certificate):
    with mail_server(certificate) as (_, port):
        pass
    with pytest.raises(Unavailable, match="cannot be used"):
        SmtpNotifier(to(port, certificate)).send(letter())


def test_a_server_that_says_nothing_is_left_when_its_time_is_up(certificate: Certificate):
    with socket.create_server((HOST, 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(Unavailable, match="in time"):
            SmtpNotifier(to(port, certificate, timeout=timedelta(milliseconds=200))).send(letter())


def test_a_letter_that_was_taken_is_sent_though_the_parting_fails(certificate: Certificate):
    def serve(listening: socket.socket) -> None:
        """Speak as little SMTP as a letter needs, and hang up at QUIT."""
        connection, _ = listening.accept()
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 hello\r\n")
            inside = False
            for line in lines:
                word = line.strip().upper()
                if word == b"QUIT":
                    return
                if inside and word != b".":
                    continue
                inside = word == b"DATA"
                connection.sendall(b"354 go on\r\n" if inside else b"250 fine\r\n")

    with socket.create_server((HOST, 0)) as listening:
        thread = Thread(target=serve, args=(listening,))
        thread.start()
        port = listening.getsockname()[1]
        assert SmtpNotifier(to(port, certificate, security="none")).send(letter()) == "fine"
        thread.join(10)


def test_without_a_server_letters_wait_and_the_log_says_so_once():
    notifier = LogNotifier()
    with capture_logs() as said:
        for _ in range(3):
            with pytest.raises(Unavailable, match=r"\[mail\] host"):
                notifier.send(letter())
    assert [line["event"] for line in said] == ["letters.wait"]
