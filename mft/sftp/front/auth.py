"""The keeper of one connection: takes its attempts to the sign-on room and the answers back.

It decides nothing about who comes in.  It counts: refused attempts, refused new passwords, channels;
and it sees to it that an attempt that was begun is finished, charged and written down even when the
caller has left meanwhile.
"""

import asyncio
from collections.abc import Callable, Coroutine
from ipaddress import IPv4Address
from typing import Any, Final

import asyncssh

from mft.accounts.charges import Charges
from mft.accounts.knock import Knock, Outcome, Unfit, cannot_tell
from mft.logs.metrics import FAILURES, SIGNONS
from mft.model.account import Method
from mft.model.ids import CredentialId, Reference
from mft.model.session import Door, Session
from mft.policy.penalties import Offence
from mft.policy.signon import SENTENCE, Admit, AlsoNeeds, MustReplace, Reason, Refuse
from mft.sftp.front.parts import Parts
from mft.sftp.front.patience import Patience
from mft.sftp.session.session import SftpSession
from mft.sftp.transport.connection import Channel, Connection
from mft.sftp.transport.keeper import too_many
from mft.vfs.workspace import Ended, Workspace

REPLACE: Final = "This password is temporary. Choose a new one to sign on: 15 to 256 characters, a few words will do."
"""What a person reads before typing a new password."""
TRY_ANOTHER: Final = "Your new password was not taken: {reason} Nothing has changed yet; choose another."

_OFFENCES: Final = {Reason.UNKNOWN_ACCOUNT: Offence.UNKNOWN_NAME, Reason.CANNOT_TELL: None}
"""What a refusal costs; Offence.REFUSED unless it says otherwise."""


class Keeper(asyncssh.SSHServer):
    """Answers for one connection, from the greeting to the last channel."""

    def __init__(self, parts: Parts, charges: Charges, source: IPv4Address, patience: Patience) -> None:
        """Keep the parts.  *source* is where the caller really is, whoever passed the connection on."""
        self._parts = parts
        self._charges = charges
        self._patience = patience
        self.source = source
        self.connection: Connection | None = None
        self.session: Session | None = None
        """The session of an admitted caller."""
        self.tried = False
        """Whether anything at all was asked about signing on."""
        self.lost: Exception | None = None
        """What ended the connection; None after a goodbye."""
        self._name = ""
        self._proven: frozenset[CredentialId] = frozenset()
        self._attempts_left = parts.limits.attempts
        self._replacements_left = parts.limits.replacements
        self._prompted = False
        """Whether a new password was asked for."""
        self._workspace: Workspace | None = None
        self._asking: asyncio.Task[Any] | None = None
        self._channels: dict[Channel, SftpSession] = {}
        self._releasing: set[asyncio.Task[None]] = set()

    # What asyncssh calls.

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Make the connection ours before it has said a word."""
        self.connection = Connection.adopt(conn, self, self._parts.limits.queries)

    def connection_lost(self, exc: Exception | None) -> None:
        """Remember why."""
        self.lost = exc

    def begin_auth(self, username: str) -> bool:
        """Say that everybody has to sign on: False would let the caller in."""
        self._name = username
        self.tried = True
        self._patience.asked()
        return True

    def public_key_auth_supported(self) -> bool:
        """Offer keys to everybody."""
        return True

    def password_auth_supported(self) -> bool:
        """Offer passwords to everybody."""
        return True

    async def validate_password(self, username: str, password: str) -> bool:  # noqa: ARG002  (it cannot change)
        """Answer a password attempt."""
        outcome = await self._ask(self._parts.sign_on.by_password, password)
        return self._act_on(outcome, Method.PASSWORD)

    async def change_password(self, username: str, old_password: str, new_password: str) -> bool:  # noqa: ARG002
        """Answer a password change request (RFC 4252, 8)."""
        answer = await self._ask(self._parts.sign_on.replace_password, old_password, new_password)
        if isinstance(answer, Unfit):
            self._ask_for_another(answer.reason)
        return self._act_on(answer, Method.PASSWORD)

    def session_requested(self) -> Any:
        """Open a channel for SFTP, if there are not too many."""
        connection, limits = self.connection, self._parts.limits
        if connection is None or self._workspace is None or connection.channels() >= limits.channels:
            return False
        channel = connection.create_server_channel(encoding=None)
        session = SftpSession(
            self._workspace,
            self._parts.offload,
            limits.session,
            connection.backlog,
            self._parts.log,
            clock=self._parts.clock,
        )
        self._channels[channel] = session
        releasing = asyncio.create_task(session.released())
        self._releasing.add(releasing)
        releasing.add_done_callback(lambda task: self._forget(task, channel))
        return channel, session

    # What our connection calls.

    async def key_known(self, fingerprint: str) -> bool:
        """Return whether a signature by that key is worth making."""
        return await self._parts.sign_on.key_known(self._name, fingerprint)

    async def signed_key(self, fingerprint: str | None) -> bool:
        """Answer a signed attempt; a wrong signature is a key that nobody has."""
        outcome = await self._ask(self._parts.sign_on.by_key, fingerprint or "")
        return self._act_on(outcome, Method.PUBLIC_KEY)

    # What the visit calls.

    def quiet_for(self, seconds: float) -> bool:
        """Return whether no channel had an SFTP request for so long."""
        now = asyncio.get_running_loop().time()
        return all(
            channel.get_subsystem() is None or now - session.silent_since >= seconds
            for channel, session in self._channels.items()
        )

    def end(self, ended: Ended, reason: str) -> None:
        """End the channels, then the connection; *reason* is what the client may show."""
        for session in list(self._channels.values()):
            session.end(ended)
        if self.connection is not None:
            self.connection.disconnect(asyncssh.DISC_BY_APPLICATION, reason)

    def abandon(self) -> None:
        """Give up the attempt under way: the server stops, and nobody waits for its answer."""
        if self._asking is not None:
            self._asking.cancel()

    async def settled(self) -> None:
        """Wait until the attempt under way is written down and every channel has let go of its files."""
        for session in list(self._channels.values()):
            # One that was never told of the end would hold this up for ever.
            session.end(Ended.CUT)
        pending = {task for task in (self._asking, *self._releasing) if task is not None}
        if pending:
            await asyncio.wait(pending)

    # Attempts.

    async def _ask(self, room: Callable[..., Coroutine[Any, Any, Any]], *secrets: str) -> Any:
        """Take an attempt to the *room* and return its answer.

        asyncssh cancels us when the connection ends; the attempt goes on all the same, or hanging up
        in time would be a way to guess for nothing.
        """
        client = str(self.connection.get_extra_info("client_version", "")) if self.connection else ""
        knock = Knock(self._name, self.source, Door.SFTP, client, self._proven)
        self._asking = asyncio.create_task(self._asked(knock, room, secrets))
        return await asyncio.shield(self._asking)

    async def _asked(
        self, knock: Knock, room: Callable[..., Coroutine[Any, Any, Any]], secrets: tuple[str, ...]
    ) -> Outcome | Unfit:
        try:
            answer: Outcome | Unfit = await room(knock, *secrets)
        except Exception:
            # Whatever it was: what cannot be known is refused.
            FAILURES.labels(Door.SFTP.value).inc()
            self._parts.log.exception("signon.failed", source=str(self.source))
            answer = cannot_tell(knock)
        if isinstance(answer, Outcome):
            self.session = answer.session
            if isinstance(answer.verdict, Refuse):
                offence = _OFFENCES.get(answer.verdict.reason, Offence.REFUSED)
                if offence is not None:
                    self._charges.add(self.source, offence)
        return answer

    def _act_on(self, outcome: Outcome, method: Method) -> bool:
        """Do what the verdict says, and return whether the caller is in."""
        further = outcome.knock.proven != self._proven
        self._proven = outcome.knock.proven
        match outcome.verdict:
            case Admit():
                return self._admit(outcome, method)
            case Refuse(reason):
                _count(reason.value, method)
                self._tell(outcome.reference)
                return self._spend()
            case AlsoNeeds(missing):
                _count("also_needs", method)
                return self._go_on_with(missing) if further else self._spend()
            case MustReplace():
                _count("must_replace", method)
                return self._ask_to_replace(method, further=further)

    def _admit(self, outcome: Outcome, method: Method) -> bool:
        session, dossier = outcome.session, outcome.dossier
        if session is None or dossier is None or self.connection is None:
            return False
        self._workspace = self._parts.workspace(session, dossier.account, dossier.organization)
        _count("admitted", method)
        return True

    def _tell(self, reference: Reference | None) -> None:
        """Say the one sentence (fact 0.16) and the code by which an operator finds the reason."""
        if self.connection is not None and not self.connection.is_closed():
            self.connection.send_auth_banner(f"{SENTENCE}\r\nReference: {reference}\r\n")

    def _spend(self) -> bool:
        """Count an attempt that led nowhere; the last one ends the connection."""
        self._attempts_left -= 1
        if self._attempts_left <= 0:
            raise too_many("Too many authentication failures")
        return False

    def _go_on_with(self, missing: Method) -> bool:
        if self.connection is not None:
            self.connection.also_needs(missing.value)
        return False

    def _ask_to_replace(self, method: Method, *, further: bool) -> bool:
        """Ask for a new password, in answer to a password: RFC 4252 knows no such answer to a key."""
        if method is not Method.PASSWORD:
            return self._go_on_with(Method.PASSWORD) if further else self._spend()
        if self._prompted and not further:
            return self._spend()
        self._prompted = True
        self._patience.typing()
        raise asyncssh.PasswordChangeRequired(REPLACE)

    def _ask_for_another(self, reason: str) -> None:
        self._replacements_left -= 1
        if self._replacements_left <= 0:
            raise too_many("None of the new passwords was fit; the temporary one still is")
        self._patience.typing()
        raise asyncssh.PasswordChangeRequired(TRY_ANOTHER.format(reason=reason))

    def _forget(self, releasing: asyncio.Task[None], channel: Channel) -> None:
        self._releasing.discard(releasing)
        self._channels.pop(channel, None)


def _count(verdict: str, method: Method) -> None:
    SIGNONS.labels(verdict, method.value).inc()
