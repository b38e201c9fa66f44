"""Which backups were made, and which an operator says are destroyed: certificates of destruction name the others."""

from mft.audit.trail import Trail
from mft.clock import Clock
from mft.model.errors import NotFound
from mft.model.event import Action, DetailValue, Event
from mft.model.ids import BackupId, new_id
from mft.model.session import Actor
from mft.store import backups
from mft.store.backups import BackupRow
from mft.store.engine import Store


class Backups:
    """For operators, and for what makes a backup."""

    def __init__(self, store: Store, trail: Trail, clock: Clock) -> None:
        """Keep the parts."""
        self._store = store
        self._trail = trail
        self._clock = clock

    def listing(self) -> list[BackupRow]:
        """Return every backup, forgotten ones too, the newest first."""
        with self._store.read() as connection:
            return backups.listing(connection)

    def begin(self, actor: Actor, place: str) -> BackupId:
        """Note a backup before its first byte is written to *place*: from here on it may hold any key."""
        number = BackupId(new_id("bak"))
        with self._store.write() as connection:
            backups.add(connection, BackupRow(number, self._clock.now(), None, actor.name, place))
        return number

    def copied(self, number: BackupId) -> None:
        """Note that the backup's copy of the database is whole: it holds no key that is made from here on."""
        with self._store.write() as connection:
            backups.note_copied(connection, number, self._clock.now())

    def give_up(self, number: BackupId) -> None:
        """Drop a backup that came to nothing and left no file."""
        with self._store.write() as connection:
            backups.drop(connection, number)

    def made(self, actor: Actor, subject: str, detail: dict[str, DetailValue]) -> None:
        """Record that a backup is whole, under the name of its file."""
        with self._store.write() as connection:
            self._trail.record(connection, Event(Action.BACKUP_MADE, actor, subject, detail), self._clock.now())

    def forget(self, actor: Actor, number: BackupId) -> BackupRow:
        """Note that *actor* says the backup was destroyed: no later certificate names it.

        Raises NotFound if there is none of that id, or somebody said so before.
        """
        with self._store.write() as connection:
            now = self._clock.now()
            gone = backups.forget(connection, number, actor.name, now)
            if gone is None:
                raise NotFound(f"there is no backup {number} that is not forgotten already; see mft backup list")
            detail: dict[str, DetailValue] = {"made_at": gone.made_at.isoformat(), "place": gone.place}
            self._trail.record(connection, Event(Action.BACKUP_FORGOTTEN, actor, number, detail), now)
        return gone
