"""The post: takes letters from the outbox to the mail server, each once as far as that can be known.

Killed between the sending and the note of it, a letter goes out again under the same Message-ID.  A
server that is down costs no letter anything: the run ends, and the server is left alone for a while.
Nothing here decides who is written to.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from mft.clock import Clock
from mft.logs.metrics import LETTERS, LETTERS_WAITING
from mft.logs.setup import log
from mft.model.errors import NotFound, Unavailable
from mft.model.ids import LetterId, new_id
from mft.model.letter import Letter
from mft.notify.port import Deferred, Notifier, Refused
from mft.notify.writing import Writer
from mft.policy.mail import given_up, pause_after, pause_of_server
from mft.store import outbox
from mft.store.engine import Store
from mft.store.outbox import LetterState, Queued, Tracked

_LOG: Final = log("mft.post")
_PAGE: Final = 50
_MOST: Final = 500
"""Letters tried in one run; the next one goes on."""
_MARGIN: Final = timedelta(minutes=5)
"""How much longer than a conversation can take a letter is kept for who is sending it."""
_SENT: Final = "sent"
_PUT_OFF: Final = "put_off"
_GIVEN_UP: Final = "given_up"
_OUTAGE: Final = "outage"


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one run did."""

    sent: int
    waiting: int
    """Letters that wait afterwards, whatever for."""
    given_up: int

    @property
    def moved(self) -> dict[str, int]:
        """What a run's row and log line tell; that letters wait is a gauge's to say, or each minute would."""
        return {"sent": self.sent, "given_up": self.given_up}


class Post:
    """Run every minute or so; several at a time send no letter twice."""

    def __init__(self, store: Store, notifier: Notifier, writer: Writer, clock: Clock, timeout: timedelta) -> None:
        """Keep the parts; *timeout* is the longest that *notifier* takes for one letter."""
        self._store = store
        self._notifier = notifier
        self._writer = writer
        self._clock = clock
        self._claim = timeout + _MARGIN
        self._outages = 0
        self._quiet_until = timedelta.min

    def deliver(self) -> Delivered:
        """Send what is due, the oldest first, until nothing is or the server cannot be used."""
        ends: Counter[str] = Counter()
        while self._clock.elapsed() >= self._quiet_until and ends.total() < _MOST:
            with self._store.read() as connection:
                page = outbox.due(connection, self._clock.now(), _PAGE)
            if not page:
                break
            for queued in page:
                ends[self._deliver_one(queued.id)] += 1
                if ends[_OUTAGE]:
                    break
        with self._store.read() as connection:
            waiting = outbox.waiting(connection)
        LETTERS_WAITING.set(waiting)
        return Delivered(ends[_SENT], waiting, ends[_GIVEN_UP])

    def try_out(self, recipient: str, who: str) -> str:
        """Send one letter to *recipient* now, past the outbox, as *who* asked; return the server's answer.

        Raises Refused, Deferred or Unavailable.
        """
        letter = Letter("test", recipient, {"who": who})
        return self._notifier.send(self._writer.write(LetterId(new_id("ltr")), letter, self._clock.now()))

    def listing(self, state: LetterState | None, limit: int) -> list[Tracked]:
        """Return up to *limit* letters, or those in one state, the newest first."""
        with self._store.read() as connection:
            return outbox.listing(connection, state, limit)

    def hurry(self, number: LetterId | None) -> Delivered:
        """Let the waiting letter, or with None every one, be due now, and deliver.  Raises NotFound."""
        with self._store.write() as connection:
            found = outbox.hurry(connection, number, self._clock.now())
        if number is not None and not found:
            raise NotFound(f"no letter {number} waits; mft mail list --state waiting shows those that do")
        self._quiet_until = timedelta.min
        return self.deliver()

    def _deliver_one(self, number: LetterId) -> str:
        """Try one letter, unless somebody else has it, and return how that ended; empty if it was not tried."""
        with self._store.write() as connection:
            now = self._clock.now()
            queued = outbox.claim(connection, number, now, now + self._claim)
        if queued is None:
            return ""
        end = self._try(queued)
        LETTERS.labels(end).inc()
        return end

    def _try(self, queued: Queued) -> str:
        try:
            message = self._writer.write(queued.id, queued.letter, self._clock.now())
        except Refused as error:
            return self._give_up(queued, str(error))
        except Unavailable as error:
            # The template's fault: somebody mends it, and the letter goes then.
            _LOG.error("letter.unwritten", letter=queued.id, template=queued.letter.template, why=str(error))
            return self._put_off(queued, str(error))
        try:
            self._notifier.send(message)
        except Refused as error:
            return self._give_up(queued, str(error))
        except Deferred as error:
            over = given_up(queued.queued_at, self._clock.now())
            return self._give_up(queued, str(error)) if over else self._put_off(queued, str(error))
        except Unavailable as error:
            return self._leave_alone(queued, str(error))
        return self._note_sent(queued)

    def _note_sent(self, queued: Queued) -> str:
        self._outages = 0
        with self._store.write() as connection:
            outbox.sent(connection, queued.id, self._clock.now())
        return _SENT

    def _put_off(self, queued: Queued, why: str) -> str:
        with self._store.write() as connection:
            outbox.retry(connection, queued.id, self._clock.now() + pause_after(queued.attempts), why)
        return _PUT_OFF

    def _give_up(self, queued: Queued, why: str) -> str:
        with self._store.write() as connection:
            outbox.give_up(connection, queued.id, self._clock.now(), why)
        _LOG.warning("letter.given_up", letter=queued.id, template=queued.letter.template, why=why)
        return _GIVEN_UP

    def _leave_alone(self, queued: Queued, why: str) -> str:
        """Give the letter back, and leave the server alone for a while that nobody can shorten by setting a clock."""
        with self._store.write() as connection:
            outbox.release(connection, queued.id, why)
        if not self._outages:
            _LOG.warning("mail.down", why=why)
        self._outages += 1
        self._quiet_until = self._clock.elapsed() + pause_of_server(self._outages)
        return _OUTAGE
