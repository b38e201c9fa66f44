"""The post, against a real mail server: every letter once, none lost, the oldest first."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from mft.lifecycle.post import Delivered, Post
from mft.model.account import Account
from mft.model.errors import NotFound
from mft.model.ids import LetterId
from mft.model.letter import Letter
from mft.notify.port import Notifier
from mft.notify.smtp import SmtpNotifier
from mft.notify.waiting import LogNotifier
from mft.notify.writing import Writer
from mft.store import outbox
from mft.store.engine import Store
from mft.store.outbox import LetterState
from mft.store.tables import letter as table
from tests.support.clock import MovingClock
from tests.support.smtp import Certificate, Mailbox, certify, free_port, mail_server, to
from tests.support.world import World

TIMEOUT = timedelta(seconds=10)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certify(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


class Office:
    """A store with letters, and posts that take them to a server at one port."""

    def __init__(self, store: Store, clock: MovingClock, folder: Path, certificate: Certificate) -> None:
        self.store = store
        self.clock = clock
        self.certificate = certificate
        self.port = free_port()
        self.templates = folder / "templates"
        self.templates.mkdir()
        (self.templates / "hello.txt").write_text("Subject: $name\n\nHello.\n")
        self.post = self.another()

    def another(self, notifier: Notifier | None = None) -> Post:
        """Return the post as another process has it."""
        writer = Writer(self.templates, "mft@plan.example", {})
        smtp = SmtpNotifier(to(self.port, self.certificate, timeout=TIMEOUT))
        return Post(self.store, notifier or smtp, writer, self.clock, TIMEOUT)

    def queue(self, *names: str, account: Account | None = None) -> list[LetterId]:
        """Queue a letter for each name, one second after the other."""
        numbers = []
        for name in names:
            self.clock.advance(seconds=1)
            letter = Letter("hello", f"{name}@example.org", {"name": name}, account and account.id)
            with self.store.write() as connection:
                numbers.append(outbox.queue(connection, letter, self.clock.now()))
        return numbers

    def serving(self, mailbox: Mailbox | None = None):
        return mail_server(self.certificate, port=self.port, mailbox=mailbox)

    def row(self, number: LetterId):
        with self.store.read() as connection:
            return connection.execute(table.select().where(table.c.id == number)).one()


@pytest.fixture
def office(store: Store, clock: MovingClock, tmp_path: Path, certificate: Certificate) -> Office:
    return Office(store, clock, tmp_path, certificate)


def test_what_is_due_goes_out_the_oldest_first_and_is_forgotten(office: Office):
    numbers = office.queue("one", "two", "three")
    with office.serving() as (box, _):
        assert office.post.deliver() == Delivered(sent=3, waiting=0, given_up=0)
        assert office.post.deliver() == Delivered(0, 0, 0)
    assert box.subjects == ["one", "two", "three"]
    row = office.row(numbers[0])
    assert (row.recipient, row.fields, row.next_try_at) == (None, None, None)
    assert (row.sent_at, row.attempts) == (office.clock.now(), 1)


def test_a_letter_of_a_transaction_that_came_to_nothing_never_goes_out(office: Office):
    def fail() -> None:
        with office.store.write() as connection:
            outbox.queue(connection, Letter("hello", "one@example.org", {"name": "one"}), office.clock.now())
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with office.serving():
        assert office.post.deliver() == Delivered(0, 0, 0)


def test_nothing_is_lost_while_the_server_is_down_and_the_order_is_kept(office: Office):
    office.queue("one", "two", "three")
    for _ in range(4):
        assert office.post.deliver() == Delivered(sent=0, waiting=3, given_up=0)
        office.clock.advance(hours=1)
    office.clock.advance(days=6)
    office.queue("four")
    with office.serving() as (box, _):
        assert office.post.deliver() == Delivered(sent=4, waiting=0, given_up=0)
    assert box.subjects == ["one", "two", "three", "four"]


def test_a_server_that_is_down_is_asked_once_a_run_and_then_left_alone(office: Office):
    first, second = office.queue("one", "two")
    office.post.deliver()
    office.post.deliver()
    assert (office.row(first).attempts, office.row(second).attempts) == (1, 0)
    assert "cannot be used" in office.row(first).last_error
    office.clock.advance(seconds=59)
    office.post.deliver()
    assert office.row(first).attempts == 1
    office.clock.advance(seconds=1)
    office.post.deliver()
    assert office.row(first).attempts == 2
    with office.serving() as (box, _):
        office.clock.advance(minutes=5)
        assert office.post.deliver().sent == 2
    assert box.subjects == ["one", "two"]


def test_setting_the_wall_clock_neither_hurries_nor_delays_the_server(office: Office):
    office.queue("one")
    office.post.deliver()
    office.clock.jump(days=-300)
    office.clock.advance(minutes=1)
    with office.serving():
        # What was queued in a future that is no more is not kept back until then.
        assert office.post.deliver().sent == 1


def test_a_recipient_who_is_not_there_is_given_up_at_once_and_holds_up_nobody(office: Office):
    gone, _ = office.queue("gone", "here")
    with office.serving(Mailbox(refuse={"gone@example.org": "550 5.1.1 <gone@example.org>: no such user"})) as (box, _):
        assert office.post.deliver() == Delivered(sent=1, waiting=0, given_up=1)
    assert box.subjects == ["here"]
    row = office.row(gone)
    assert (row.recipient, row.fields, row.next_try_at, row.given_up_at) == (None, None, None, office.clock.now())
    assert row.last_error == "the server refuses the recipient: 550 5.1.1"


def test_a_letter_that_is_put_off_is_tried_later_and_holds_up_nobody(office: Office):
    late, _ = office.queue("late", "here")
    box = Mailbox(refuse={"late@example.org": "451 4.7.1 late@example.org is greylisted"})
    with office.serving(box):
        assert office.post.deliver() == Delivered(sent=1, waiting=1, given_up=0)
        assert office.row(late).next_try_at == office.clock.now() + timedelta(minutes=1)
        assert office.row(late).last_error == "the server puts off the recipient: 451 4.7.1"
        box.refuse.clear()
        office.clock.advance(seconds=59)
        assert office.post.deliver().sent == 0
        office.clock.advance(seconds=1)
        assert office.post.deliver() == Delivered(sent=1, waiting=0, given_up=0)
    assert box.subjects == ["here", "late"]


def test_a_letter_that_is_put_off_for_five_days_is_given_up(office: Office):
    (late,) = office.queue("late")
    queued_at = office.clock.now()
    given = 0
    with office.serving(Mailbox(refuse={"late@example.org": "450 not now"})) as (box, _):
        while not given:
            given = office.post.deliver().given_up
            office.clock.advance(hours=1)
    ended = office.row(late).given_up_at
    assert timedelta(days=5) <= ended - queued_at < timedelta(days=5, hours=5)
    assert 30 <= len(box.recipients) <= 40
    assert office.row(late).recipient is None


def test_a_letter_that_cannot_be_written_stays_until_its_template_is_mended(office: Office):
    (bad,) = office.queue("bad")
    template = office.templates / "hello.txt"
    whole = template.read_text()
    template.write_text("Subject: $nonsense\n\nHello.\n")
    with office.serving() as (box, _):
        for _ in range(40):
            assert office.post.deliver() == Delivered(0, 1, 0)
            office.clock.advance(hours=4)
        assert "hello wants the word $nonsense" in office.row(bad).last_error
        template.write_text(whole)
        assert office.post.deliver().sent == 1
    assert box.subjects == ["bad"]


def test_without_a_server_letters_wait_and_go_once_there_is_one(office: Office):
    office.queue("one", "two")
    waiting = office.another(LogNotifier())
    for _ in range(30):
        assert waiting.deliver() == Delivered(0, 2, 0)
        office.clock.advance(days=1)
    with office.serving() as (box, _):
        assert office.post.deliver() == Delivered(2, 0, 0)
    assert box.subjects == ["one", "two"]


def test_several_runners_at_once_send_each_letter_once(office: Office):
    names = [f"n{number}" for number in range(24)]
    office.queue(*names)
    with office.serving() as (box, _), ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda _: office.another().deliver(), range(4)))
    assert sorted(box.subjects) == sorted(names)
    assert sum(one.sent for one in told) == 24


def test_a_letter_that_somebody_is_sending_is_nobody_elses(office: Office):
    office.queue("one")
    box = Mailbox(go_on=Event())
    with office.serving(box), ThreadPoolExecutor(1) as pool:
        first = pool.submit(office.post.deliver)
        assert box.arrived.wait(10)
        assert office.another().deliver() == Delivered(sent=0, waiting=1, given_up=0)
        box.go_on.set()
        assert first.result().sent == 1
    assert box.subjects == ["one"]


@pytest.mark.parametrize("jump", [timedelta(0), timedelta(days=400)], ids=["steady", "a clock set back"])
def test_a_letter_whose_runner_was_killed_goes_again_under_the_same_message_id(
    office: Office, monkeypatch: pytest.MonkeyPatch, jump: timedelta
):
    office.clock.jump(days=jump.days)
    office.queue("one")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with office.serving() as (box, _):
        with monkeypatch.context() as patched:
            patched.setattr(outbox, "sent", killed)
            with pytest.raises(KeyboardInterrupt):
                office.post.deliver()
        office.clock.jump(days=-jump.days)
        if not jump:
            assert office.another().deliver().sent == 0
        office.clock.advance(minutes=6)
        assert office.another().deliver() == Delivered(1, 0, 0)
    assert len({letter["Message-ID"] for letter in box.letters}) == 1
    assert len(box.letters) == 2


def test_a_letter_about_an_account_that_was_purged_meanwhile_never_goes_out(office: Office, tmp_path: Path):
    world = World(office.store, tmp_path / "world", office.clock)
    world.add_organization("northwind")
    office.queue("about", account=world.add_account("alice", "northwind"))
    with office.store.write() as connection:
        connection.execute(table.delete().where(table.c.account == world.accounts["alice"].id))
    with office.serving() as (box, _):
        assert office.post.deliver() == Delivered(0, 0, 0)
    assert box.letters == []


def test_who_is_told_to_hurry_waits_for_no_pause(office: Office):
    late, other = office.queue("late", "other")
    box = Mailbox(refuse=dict.fromkeys(("late@example.org", "other@example.org"), "450 not now"))
    with office.serving(box):
        office.post.deliver()
        box.refuse.clear()
        assert office.post.hurry(late) == Delivered(sent=1, waiting=1, given_up=0)
        assert office.post.hurry(None) == Delivered(sent=1, waiting=0, given_up=0)
    with pytest.raises(NotFound):
        office.post.hurry(other)


def test_a_list_tells_the_state_of_each_letter_and_nothing_of_whom_it_is_for(office: Office):
    gone, here = office.queue("gone", "here")
    with office.serving(Mailbox(refuse={"gone@example.org": "550 no"})):
        office.post.deliver()
    (late,) = office.queue("late")
    states = {LetterState.GIVEN_UP: gone, LetterState.SENT: here, LetterState.WAITING: late}
    for state, number in states.items():
        (one,) = office.post.listing(state, 10)
        assert (one.id, one.state) == (number, state)
    everything = office.post.listing(None, 10)
    assert [one.id for one in everything] == [late, here, gone]
    assert "example.org" not in str(everything)


def test_the_outbox_is_the_same_on_both_databases(any_store: Store, clock: MovingClock):
    with any_store.write() as connection:
        number = outbox.queue(connection, Letter("hello", "bob@example.org", {"lines": ["a", "b"]}), clock.now())
    clock.advance(minutes=1)
    now = clock.now()
    with any_store.write() as connection:
        (due,) = outbox.due(connection, now, 10)
        claimed = outbox.claim(connection, number, now, now + timedelta(minutes=5))
        assert claimed is not None
        assert (due.id, claimed.attempts, claimed.letter.fields) == (number, 1, {"lines": ["a", "b"]})
        assert outbox.claim(connection, number, now, now + timedelta(minutes=5)) is None
        assert outbox.due(connection, now, 10) == []
        outbox.release(connection, number, "down")
        assert outbox.waiting(connection) == 1
        assert outbox.hurry(connection, number, now) == 1
        outbox.give_up(connection, number, now, "no")
        assert outbox.hurry(connection, None, now) == 0
        assert [one.state for one in outbox.listing(connection, None, 10)] == [LetterState.GIVEN_UP]
