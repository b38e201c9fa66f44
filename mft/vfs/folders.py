"""The folders that come with an organization, and what a folder says for all below it."""

from datetime import datetime, timedelta
from typing import Final

from mft.model.account import INBOUND, OUTBOUND, Organization, OrganizationKind
from mft.model.errors import Conflict, Invalid
from mft.model.event import Action, DetailValue, Event
from mft.model.file import EntryKind
from mft.model.path import VirtualPath
from mft.model.session import Actor
from mft.policy.retention import RetentionClass
from mft.store import catalog, terms
from mft.store.catalog import Found, Step
from mft.store.engine import Connection
from mft.vfs.classes import ClassChange, Share, folder_of, plan_change
from mft.vfs.parts import Parts

__all__ = ["ClassChange", "Folders", "Share", "folder_at", "make_home"]

_LONGEST_QUIET: Final = timedelta(days=1)


def make_home(connection: Connection, organization: Organization, creator: str, at: datetime) -> None:
    """Make the folders that *organization* has from the start; what is there already stays.

    ``/Distribution/<name>``, or ``/Partners/<name>`` with Inbound and Outbound.
    """
    catalog.ensure_root(connection, at)
    home = organization.home
    inner = (INBOUND, OUTBOUND) if organization.kind is OrganizationKind.PARTNER else ()
    for path in (home.parent, home, *(home / name for name in inner)):
        found = catalog.resolve(connection, path)
        if found.entry is not None:
            continue
        if found.parent is None:
            raise Conflict(f"{path.parent} is not a folder")
        owner = organization.id if path.within(home) else None
        catalog.add_entry(connection, found.parent.id, path.name, EntryKind.FOLDER, owner=owner, at=at, creator=creator)


def folder_at(connection: Connection, path: VirtualPath) -> tuple[Found, Step]:
    """Return what the catalog's *path* leads to, which is a folder.  Raises NotFound."""
    found = catalog.resolve(connection, path)
    return found, folder_of(found)


class Folders:
    """For operators: how long files in a folder stay, and when new ones are shown to others."""

    def __init__(self, parts: Parts) -> None:
        """Keep the parts of ``Files``."""
        self._parts = parts

    def plan_retention(self, path: VirtualPath, retention: RetentionClass | None) -> ClassChange:
        """Return what ``set_retention`` would do; nothing is touched.  Raises NotFound, Unavailable."""
        with self._parts.store.read() as connection:
            found, _ = folder_at(connection, path)
            return plan_change(connection, found, retention, self._parts.rules.terms, self._parts.clock.now())

    def set_retention(self, actor: Actor, path: VirtualPath, retention: RetentionClass | None) -> ClassChange:
        """Let the catalog's folder *path*, and all below that says nothing itself, be of the class *retention*.

        None leaves it to the folder above.  What is there already stays that long from its receipt.
        Returns what that did.  Raises NotFound, Unavailable.
        """
        with self._parts.store.write() as connection:
            now, rules = self._parts.clock.now(), self._parts.rules.terms
            found, step = folder_at(connection, path)
            done = plan_change(connection, found, retention, rules, now)
            catalog.set_rules(connection, step.id, retention, step.quiet_seconds)
            terms.reterm(connection, step.id, rules.of(done.becomes), now)
            self._changed(connection, actor, path, {"retention": retention, **done.detail()})
            return done

    def set_quiet(self, actor: Actor, path: VirtualPath, quiet: timedelta | None) -> None:
        """Let a new file in the catalog's folder *path*, and below, be its creator's alone for *quiet*.

        A client that closes after Ctrl-C looks like one that sent all; the quiet time gives it a
        moment to come back.  None leaves it to the folder above.  Raises NotFound, Invalid.
        """
        if quiet is not None and not timedelta(0) <= quiet <= _LONGEST_QUIET:
            raise Invalid("a quiet time is at most one day")
        seconds = None if quiet is None else int(quiet.total_seconds())
        with self._parts.store.write() as connection:
            _, step = folder_at(connection, path)
            catalog.set_rules(connection, step.id, step.retention_class, seconds)
            self._changed(connection, actor, path, {"quiet_seconds": seconds})

    def _changed(self, connection: Connection, by: Actor, path: VirtualPath, detail: dict[str, DetailValue]) -> None:
        event = Event(Action.FOLDER_CHANGED, by, str(path), detail)
        self._parts.trail.record(connection, event, self._parts.clock.now())
