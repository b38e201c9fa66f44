"""How people stand in the directory: asked of it, written down, told to them.

A directory says how somebody stands without their password.  What it said is applied to the setup as
it was when the question went out: a setup that changed meanwhile knows better.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import SystemRandom
from typing import Final

from sqlalchemy import Connection

from mft.accounts.notices import tell
from mft.audit.trail import Trail
from mft.clock import Clock
from mft.directory.port import Directory
from mft.model.account import Account, CredentialKind, OrganizationKind
from mft.model.directory import Setup, SetupState, Standing
from mft.model.errors import Conflict, NotFound, Unavailable
from mft.model.event import Action, DetailValue, Event
from mft.model.ids import AccountId
from mft.model.session import Actor, Door
from mft.offload import Offload
from mft.policy.portal import SETTING_UP
from mft.policy.setup import SetupTerms, may_be_looked_at, must_renew_by, state_after
from mft.store import accounts, credentials, notices, organizations, setups
from mft.store.engine import Store

SPARED_FOR: Final = timedelta(seconds=30)
"""After no answer about somebody their next sign-on waits for none, for so long."""
_AT_ONCE: Final = 4
"""Questions that the job puts at a time; sign-ons and the setup page need lines, too."""
_DOWN: Final = 8
"""So many without an answer in a row, among people in no order, and it is down for all of them."""
_AGREE: Final = -1
"""In the place of the days of a notice: that a text is to be agreed to by its end."""
_DIRECTORY: Final = Actor(Door.JOBS, "directory")
_ACTIONS: Final = {
    SetupState.UNATTESTED: Action.SETUP_AWAITED,
    SetupState.STALE: Action.SETUP_LAPSED,
    SetupState.REVOKED: Action.SETUP_REVOKED,
}
_LETTERS: Final = {SetupState.STALE: "setup-stale", SetupState.REVOKED: "setup-revoked"}
_WHY: Final = {
    SetupState.UNATTESTED: "the directory knows them",
    SetupState.STALE: "the password was changed in the directory",
    SetupState.REVOKED: "disabled, locked or gone in the directory",
}


@dataclass(slots=True)
class _Round:
    """One round among everybody."""

    asked: int = 0
    changed: int = 0
    unanswered: int = 0
    in_a_row: int = 0
    why: str = ""


class Standings:
    """Asks how people stand, one by one or all."""

    def __init__(
        self,
        store: Store,
        trail: Trail,
        clock: Clock,
        terms: SetupTerms,
        directory: Directory | None,
        offload: Offload,
    ) -> None:
        """Keep the parts."""
        self._store = store
        self._trail = trail
        self._clock = clock
        self._terms = terms
        self._directory = directory
        self._offload = offload
        self._spared: dict[AccountId, datetime] = {}
        self._over = False

    async def look(self, account: AccountId) -> SetupState | None:
        """Ask the directory how *account* stands, write it down, return the state.  Raises NotFound, Unavailable."""
        _, after = await self._looked(account)
        return after

    async def reopen(self, actor: Actor, account: Account) -> SetupState | None:
        """Do what ``look`` does as *actor* asked; who was revoked and is there is unattested from now on.

        Raises Conflict without a directory, and Unavailable.
        """
        if self._directory is None:
            raise Conflict("there is no directory to ask; name one in [directory]")
        said = await self._directory.standing(account.external_id)
        return await self._offload.write(self._apply_anew, actor, account, said)

    async def refresh(self, account: AccountId) -> None:
        """Do what ``look`` does, for a sign-on: no answer changes nothing and does not hold up the next one, too."""
        now = self._clock.now()
        self._spared = {each: until for each, until in self._spared.items() if now < until}
        if account in self._spared:
            return
        try:
            await self.look(account)
        except Unavailable:
            self._spared[account] = self._clock.now() + SPARED_FOR

    async def look_at_all(self) -> int:
        """Ask about everybody and return how many stand otherwise now.  Raises Unavailable about who had no answer."""
        if self._directory is None:
            return 0
        waiting = await self._offload.read(self._everybody)
        # In no order: some few about whom there is never an answer do not hide the others behind them.
        SystemRandom().shuffle(waiting)
        done = _Round()
        async with asyncio.TaskGroup() as tasks:
            for _ in range(_AT_ONCE):
                tasks.create_task(self._ask_on(waiting, done))
        if done.unanswered:
            raise Unavailable(f"{done.unanswered} of {done.asked} people had no answer, the last since {done.why}")
        return done.changed

    def stop(self) -> None:
        """End the round that is under way soon."""
        self._over = True

    def put(
        self,
        connection: Connection,
        actor: Actor,
        account: Account,
        after: SetupState,
        why: str,
    ) -> None:
        """Move the setup of *account* to *after* within the caller's transaction: written down, told to them."""
        before, now = account.setup, self._clock.now()
        kept = before or Setup(after, "", None, "")
        # What an operator says is not what the directory said.
        checked_at = now if actor is _DIRECTORY else kept.checked_at
        setups.put(connection, account.id, Setup(after, kept.mark, checked_at, kept.text_version))
        if after is (before.state if before else None):
            return
        if after is SetupState.REVOKED:
            credentials.remove_kinds(connection, account.id, (CredentialKind.DIRECTORY,))
        facts: dict[str, DetailValue] = {"before": before.state.value if before else "", "reason": why}
        self._trail.record(connection, Event(_ACTIONS[after], actor, account.name, facts), now)
        if after in _LETTERS:
            tell(connection, _LETTERS[after], account, now, {})

    async def _looked(self, account: AccountId) -> tuple[SetupState | None, SetupState | None]:
        """Do what ``look`` does; return the state before and after.  Raises NotFound, Unavailable."""
        found, kind = await self._offload.read(self._read, account)
        before = found.setup.state if found.setup else None
        if self._directory is None or not may_be_looked_at(found, kind):
            return before, before
        said = await self._directory.standing(found.external_id)
        return before, await self._offload.write(self._apply, found, said)

    async def _ask_on(self, waiting: list[AccountId], done: _Round) -> None:
        while waiting and not self._over and done.in_a_row < _DOWN:
            account = waiting.pop()
            done.asked += 1
            try:
                before, after = await self._looked(account)
                done.changed += after is not before
                done.in_a_row = 0
            except Unavailable as error:
                done.unanswered += 1
                done.in_a_row += 1
                done.why = str(error)

    def _apply(self, before: Account, said: Standing) -> SetupState | None:
        with self._store.write() as connection:
            account = accounts.by_id(connection, before.id)
            if account is None:
                return None
            same = (account.external_id, account.setup) == (before.external_id, before.setup)
            after = state_after(account.setup, said) if same else None
            if after is not None:
                self.put(connection, _DIRECTORY, account, after, _WHY.get(after, ""))
                self._ask_again(connection, account, after)
            return after or (account.setup.state if account.setup else None)

    def _ask_again(self, connection: Connection, account: Account, state: SetupState) -> None:
        """Write once to whom a new text is to be agreed to by: who reads mail need not wait until SFTP refuses."""
        by, now = must_renew_by(account.setup, self._terms), self._clock.now()
        if state is not SetupState.ACTIVE or by is None or _AGREE in notices.told(connection, account.id, by):
            return
        notices.tell(connection, account.id, by, _AGREE, now)
        tell(connection, "setup-renew", account, now, {"by": f"{by.astimezone(UTC):%Y-%m-%d %H:%M} UTC"})

    def _apply_anew(self, actor: Actor, before: Account, said: Standing) -> SetupState | None:
        with self._store.write() as connection:
            account = accounts.by_id(connection, before.id)
            if account is None or account.external_id != before.external_id:
                raise Conflict(f"{before.name} was changed meanwhile; try again")
            anew = account.setup is not None and account.setup.state is SetupState.REVOKED and said.enabled
            after = SetupState.UNATTESTED if anew else state_after(account.setup, said)
            if after is not None:
                self.put(connection, actor if anew else _DIRECTORY, account, after, _WHY.get(after, ""))
            return after

    def _read(self, account: AccountId) -> tuple[Account, OrganizationKind]:
        with self._store.read() as connection:
            found = accounts.by_id(connection, account)
            if found is None:
                raise NotFound("there is no such account")
            return found, organizations.by_id(connection, found.organization).kind

    def _everybody(self) -> list[AccountId]:
        with self._store.read() as connection:
            return setups.to_look_at(connection, SETTING_UP)
