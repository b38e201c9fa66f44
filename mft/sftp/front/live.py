"""Live sessions: each is decided upon anew every few seconds, and ended when it would not be let in now.

So a disabled account, a removed address or key, a reset password and an operator's word end it
within a minute, whichever process they were said in.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from mft.accounts.signon import Leaving
from mft.model.errors import MftError
from mft.model.ids import SessionId
from mft.model.session import Session
from mft.policy.signon import Admit, Reason, Refuse, Verdict
from mft.sftp.front.auth import Keeper
from mft.sftp.front.parts import Parts
from mft.vfs.workspace import Ended

_UNANSWERED: Final = 3
"""Re-checks in a row without an answer from the database, after which what cannot be known is refused."""

_FAREWELLS: Final = {
    Leaving.NOT_ADMITTED: (Ended.KILLED, "Your sign-on is no longer valid"),
    Leaving.END_REQUESTED: (Ended.KILLED, "The session was ended by an operator"),
    Leaving.TOO_MANY: (Ended.KILLED, "This account has too many connections"),
    Leaving.IDLE: (Ended.IDLE, "The connection was not used"),
    Leaving.SERVER_STOPPED: (Ended.STOPPED, "The server is stopping"),
}
"""What becomes of the files, and what the client may show."""


@dataclass(slots=True, eq=False)
class Guest:
    """An admitted connection."""

    keeper: Keeper
    session: Session
    leaving: Leaving | None = None
    """Why we ended it, if we did."""
    unanswered: int = 0
    unused_since: float | None = None

    def send_away(self, why: Leaving) -> None:
        """End the connection.  The first reason counts."""
        if self.leaving is None:
            self.leaving = why
            self.keeper.end(*_FAREWELLS[why])


class Live:
    """The admitted connections of this process."""

    def __init__(self, parts: Parts, *, has_siblings: bool = False) -> None:
        """Keep the parts; *has_siblings*: other processes have guests of the same accounts."""
        self._parts = parts
        self._has_siblings = has_siblings
        self._guests: dict[SessionId, Guest] = {}

    @contextmanager
    def holding(self, guest: Guest) -> Iterator[None]:
        """Count *guest* among the live for as long as the block lasts; one too many is sent away."""
        self._guests[guest.session.id] = guest
        account = guest.session.account
        if sum(other.session.account == account for other in self.guests()) > self._parts.limits.per_account:
            guest.send_away(Leaving.TOO_MANY)
        try:
            yield
        finally:
            del self._guests[guest.session.id]

    async def count_elsewhere(self, guest: Guest) -> None:
        """Send *guest* away if the account has as many older sessions as it may, whichever process has them."""
        if not self._has_siblings:
            return
        try:
            older = await self._parts.offload.read(self._parts.sessions.older, guest.session)
        except MftError as error:
            self._parts.log.exception("sessions.uncounted", why=str(error))
            guest.send_away(Leaving.NOT_ADMITTED)
            return
        if older >= self._parts.limits.per_account:
            guest.send_away(Leaving.TOO_MANY)

    def guests(self) -> list[Guest]:
        """Return everybody who is in."""
        return list(self._guests.values())

    async def watch(self) -> None:
        """Decide anew, again and again, until cancelled."""
        while True:
            await asyncio.sleep(self._parts.limits.recheck)
            try:
                await self.round()
            except Exception:
                # A watch that ended would leave everybody in.
                self._parts.log.exception("sessions.unwatched")

    async def round(self) -> None:
        """Decide anew about everybody who is in, and mark those who stay as seen."""
        for guest in self.guests():
            verdict = await self._parts.offload.read(self._parts.sign_on.recheck, guest.session)
            self._act_on(verdict, guest)
            self._notice_disuse(guest)
            await asyncio.sleep(0)  # A thousand sessions must not hold up one packet.
        ids = [session for session, guest in self._guests.items() if guest.leaving is None]
        if not ids:
            return
        try:
            await self._parts.offload.write(self._parts.sessions.seen, ids)
        except MftError as error:
            self._parts.log.exception("sessions.unwritten", why=str(error))

    def send_all_away(self) -> None:
        """End every session because the server stops."""
        for guest in self.guests():
            guest.send_away(Leaving.SERVER_STOPPED)

    def _act_on(self, verdict: Verdict, guest: Guest) -> None:
        match verdict:
            case Admit():
                guest.unanswered = 0
            case Refuse(Reason.CANNOT_TELL):
                guest.unanswered += 1
                if guest.unanswered >= _UNANSWERED:
                    guest.send_away(Leaving.NOT_ADMITTED)
            case Refuse(Reason.SESSION_ENDED):
                guest.send_away(Leaving.END_REQUESTED)
            case _:
                guest.send_away(Leaving.NOT_ADMITTED)

    def _notice_disuse(self, guest: Guest) -> None:
        """End a connection that keeps no channel open: none counts its silence."""
        connection = guest.keeper.connection
        if connection is None or connection.serves():
            guest.unused_since = None
            return
        now = asyncio.get_running_loop().time()
        guest.unused_since = guest.unused_since or now
        if now - guest.unused_since >= self._parts.limits.unused:
            guest.send_away(Leaving.IDLE)
