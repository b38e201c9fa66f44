"""Digests: one letter to a person lists the files that will go and that they have not taken.

Who may read a file is asked of the same policy and views as a sign-on's; nobody is told of what does
not exist for them.  A letter goes out once one of a person's files has reached its day, and names with
it what reaches its day before tomorrow's letter.  Never a letter for each file, never what is in one.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeVar

from mft.clock import Clock
from mft.lifecycle.account_letters import moment_text
from mft.model.account import Account
from mft.model.ids import AccountId, EntryId, OrganizationId, VersionId
from mft.model.letter import FieldValue, Letter
from mft.model.path import VirtualPath
from mft.model.rights import Grant
from mft.policy.access import Operation, permits
from mft.policy.dormancy import warning_due
from mft.policy.mail import FILE_DAYS, told_of_files, windows
from mft.policy.signon import Terms
from mft.store import accounts, catalog, grants, notices, organizations, outbox
from mft.store.engine import Connection, Store
from mft.store.notices import FileEnd, Reader
from mft.vfs.looking import quiet_of
from mft.vfs.view import View, view_of

_T = TypeVar("_T")

MOST_NAMES: Final = 200
"""Files that a letter names; of further ones it says how many they are."""
_PAGE: Final = 5000
_AT_A_TIME: Final = 500
_KEPT: Final = timedelta(days=30)
"""How long it is remembered that somebody was told of an end that has passed: a clock may be set back."""


@dataclass(frozen=True, slots=True)
class Digested:
    """What one run did."""

    letters: int
    files: int
    """Files that somebody was told of, each counted once for each person."""


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder with files that end soon."""

    id: EntryId
    path: VirtualPath
    numbers: Sequence[int]
    """Their versions: plain numbers, since there may be a million."""


@dataclass(frozen=True, slots=True)
class _Digest:
    """What one person is to be told."""

    account: Account
    organization: str
    view: View
    ends: Sequence[tuple[FileEnd, VirtualPath]]
    """Each file with its place in the catalog, the first to go first."""


@dataclass(frozen=True, slots=True)
class _Round:
    """What one run knows: the folders, and the quiet times it has looked up."""

    folders: Mapping[EntryId, _Folder]
    quiet: dict[EntryId, timedelta] = field(default_factory=dict)


class Digests:
    """Run every hour or so; several at a time tell nobody twice."""

    def __init__(self, store: Store, clock: Clock, terms: Terms) -> None:
        """Keep the parts; *terms* say whose account is dormant."""
        self._store = store
        self._clock = clock
        self._terms = terms

    def run(self) -> Digested:
        """Write to everybody whom it is time to tell, and forget what was told of ends long past."""
        now = self._clock.now()
        here = _Round(self._folders(now))
        told = [self._tell(here, account, folders) for account, folders in self._readers(here, now).items()]
        self._forget(now - _KEPT)
        return Digested(sum(1 for count in told if count), sum(told))

    def _folders(self, now: datetime) -> dict[EntryId, _Folder]:
        """Return the folders with files that end soon; reads an index over its part that matters."""
        numbers: dict[EntryId, array[int]] = {}
        for number, folder in self._ending(now):
            numbers.setdefault(folder, array("q")).append(number)
        found: dict[EntryId, _Folder] = {}
        for some in _chunks(list(numbers)):
            with self._store.read() as connection:
                for folder, where in catalog.whereabouts(connection, some).items():
                    found[folder] = _Folder(folder, where.path, numbers[folder])
        return found

    def _ending(self, now: datetime) -> Iterator[tuple[VersionId, EntryId]]:
        until = windows(now)[-1][1]
        after = (now, VersionId(0))
        while True:
            with self._store.read() as connection:
                page = notices.ending_files(connection, now, until, after, _PAGE)
            yield from ((number, folder) for _, number, folder in page)
            if len(page) < _PAGE:
                return
            after = page[-1][:2]

    def _readers(self, here: _Round, now: datetime) -> dict[AccountId, list[_Folder]]:
        """Return whom a grant leads to one of the folders; what it lets them do is asked when they are told."""
        with self._store.read() as connection:
            houses = {one.id: one for one in organizations.listing(connection)}
            people = [
                one
                for one in accounts.listing(connection)
                if told_of_files(one, houses[one.organization], self._terms, now)
            ]
            given = grants.all_grants(connection)
        by_holder: dict[AccountId | OrganizationId, list[AccountId]] = {one.id: [one.id] for one in people}
        for one in people:
            by_holder.setdefault(one.organization, []).append(one.id)
        by_place: dict[VirtualPath, list[Grant]] = {}
        for grant in given:
            by_place.setdefault(grant.folder, []).append(grant)
        found: dict[AccountId, dict[EntryId, _Folder]] = {}
        for folder in here.folders.values():
            for grant in (grant for above in folder.path.ancestors() for grant in by_place.get(above, ())):
                for account in by_holder.get(grant.account or grant.organization or OrganizationId(""), ()):
                    found.setdefault(account, {})[folder.id] = folder
        return {account: list(folders.values()) for account, folders in found.items()}

    def _tell(self, here: _Round, account: AccountId, folders: Sequence[_Folder]) -> int:
        """Write to *account* if it is time, and return of how many files."""
        with self._store.read() as connection:
            if self._digest(connection, here, account, folders, self._clock.now()) is None:
                return 0
        with self._store.write() as connection:
            now = self._clock.now()
            digest = self._digest(connection, here, account, folders, now)
            if digest is None:
                return 0
            notices.tell_files(connection, account, [end for end, _ in digest.ends], now)
            outbox.queue(connection, _letter(digest), now)
            return len(digest.ends)

    def _digest(
        self, connection: Connection, here: _Round, number: AccountId, folders: Sequence[_Folder], now: datetime
    ) -> _Digest | None:
        """Return what the account is to be told at *now*, or None if it is not time."""
        account = accounts.by_id(connection, number)
        organization = None if account is None else organizations.by_id(connection, account.organization)
        if account is None or organization is None or not told_of_files(account, organization, self._terms, now):
            return None
        view, held = view_of(organization), grants.in_force(connection, account.id, organization.id)
        readable = {one.id: one for one in folders if _may_read(view, held, one.path)}
        reader = Reader(account.id, account.name)
        ends = [
            end
            for some in _chunks([VersionId(each) for one in readable.values() for each in one.numbers])
            for end in notices.untold_files(connection, reader, some, now, windows(now))
            if end.folder in readable and now >= end.appeared_at + self._quiet(connection, here, end.folder)
        ]
        if not any(_is_time(end, now) for end in ends):
            return None
        placed = [(end, VirtualPath((*readable[end.folder].path.names, end.name))) for end in ends]
        placed.sort(key=lambda each: (each[0].expires_at, each[1]))
        return _Digest(account, organization.title, view, placed)

    @staticmethod
    def _quiet(connection: Connection, here: _Round, folder: EntryId) -> timedelta:
        """Return for how long a new file in *folder* is its creator's alone."""
        if folder not in here.quiet:
            found = catalog.resolve(connection, here.folders[folder].path)
            way = found.way if found.step is None else (*found.way, found.step)
            here.quiet[folder] = timedelta(seconds=quiet_of(way))
        return here.quiet[folder]

    def _forget(self, before: datetime) -> None:
        gone = _PAGE
        while gone == _PAGE:
            with self._store.write() as connection:
                gone = notices.forget_files(connection, before, _PAGE)


def _may_read(view: View, held: Iterable[Grant], folder: VirtualPath) -> bool:
    """Return whether files in the catalog's *folder* exist for, and may be fetched by, whoever has *view*."""
    return any(folder.within(top) for top in view.reach) and permits(held, Operation.READ, folder)


def _is_time(end: FileEnd, now: datetime) -> bool:
    told = () if end.told is None else (end.told,)
    return warning_due(end.expires_at, told, now, FILE_DAYS) is not None


def _letter(digest: _Digest) -> Letter:
    """Return the letter: what goes first is named first, and of what finds no room it says how much it is."""
    soon, later = (
        [
            f"{moment_text(end.expires_at)}  {place.relative_to(digest.view.base)}"
            for end, place in digest.ends[:MOST_NAMES]
            if end.days == days
        ]
        for days in FILE_DAYS
    )
    unnamed = len(digest.ends) - len(soon) - len(later)
    fields: dict[str, FieldValue] = {
        "name": digest.account.name,
        "organization": digest.organization,
        "total": len(digest.ends),
        "soon": soon or ["none"],
        "later": later or ["none"],
        "more": [f"and {unnamed} more that are not named here"] if unnamed else [],
    }
    return Letter("files-expiring", digest.account.warned_at, fields, digest.account.id)


def _chunks(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    return (items[at : at + _AT_A_TIME] for at in range(0, len(items), _AT_A_TIME))
