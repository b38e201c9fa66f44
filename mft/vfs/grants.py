"""Who may do what where: operators give rights on folders and take them away."""

from datetime import datetime

from mft.model.account import Account, Organization, OrganizationKind
from mft.model.errors import Invalid, NotFound
from mft.model.event import Action, Event
from mft.model.ids import AccountId, GrantId, OrganizationId, new_id
from mft.model.path import VirtualPath
from mft.model.rights import Grant, Right, format_rights
from mft.model.session import Actor
from mft.store import grants
from mft.store import organizations as organization_rows
from mft.store.engine import Connection
from mft.vfs.folders import folder_at
from mft.vfs.parts import Parts

Grantee = Account | Organization
"""One account, or everyone of an organization."""


class Grants:
    """For operators.  Every change counts from the next request on, in sessions that are open too."""

    def __init__(self, parts: Parts) -> None:
        """Keep the parts of ``Files``."""
        self._parts = parts

    def give(self, actor: Actor, folder: VirtualPath, grantee: Grantee, rights: Right) -> Grant:
        """Give *grantee* exactly *rights* on the catalog's *folder* and below, in place of what it had there.

        Raises NotFound, and Invalid for a folder out of the grantee's view.
        """
        with self._parts.store.write() as connection:
            return self.put(connection, actor, folder, grantee, rights, self._parts.clock.now())

    def put(
        self, connection: Connection, actor: Actor, folder: VirtualPath, grantee: Grantee, rights: Right, at: datetime
    ) -> Grant:
        """Do what ``give`` does within the caller's transaction."""
        account, organization = _ids(grantee)
        _, step = folder_at(connection, folder)
        _demand_in_view(connection, folder, grantee)
        grant = Grant(GrantId(new_id("grt")), folder, rights, account, organization, actor.name, at)
        grants.put_grant(connection, step.id, grant)
        detail = {"to": grantee.name, "rights": format_rights(rights)}
        self._parts.trail.record(connection, Event(Action.GRANT_GIVEN, actor, str(folder), detail), at)
        return grant

    def revoke(self, actor: Actor, folder: VirtualPath, grantee: Grantee) -> None:
        """Take away what *grantee* was given on the catalog's *folder*.  Raises NotFound if that is nothing."""
        with self._parts.store.write() as connection:
            now = self._parts.clock.now()
            _, step = folder_at(connection, folder)
            if grants.remove_grant(connection, step.id, *_ids(grantee)) is None:
                raise NotFound(f"{grantee.name} has no grant on {folder} itself; see mft folder tree")
            event = Event(Action.GRANT_REVOKED, actor, str(folder), {"from": grantee.name})
            self._parts.trail.record(connection, event, now)

    def of(self, account: Account) -> tuple[Grant, ...]:
        """Return what *account* may do where, its own grants and its organization's."""
        with self._parts.store.read() as connection:
            return grants.held_by(connection, account.id, account.organization)

    def listing(self) -> tuple[Grant, ...]:
        """Return every grant."""
        with self._parts.store.read() as connection:
            return grants.all_grants(connection)

    def on(self, folder: VirtualPath) -> tuple[Grant, ...]:
        """Return the grants on the catalog's *folder* itself.  Raises NotFound."""
        with self._parts.store.read() as connection:
            _, step = folder_at(connection, folder)
            return grants.on_folder(connection, step.id)


def _ids(grantee: Grantee) -> tuple[AccountId | None, OrganizationId | None]:
    return (grantee.id, None) if isinstance(grantee, Account) else (None, grantee.id)


def _demand_in_view(connection: Connection, folder: VirtualPath, grantee: Grantee) -> None:
    """Raise Invalid if the grant would show the grantee nothing: the folder is somebody else's."""
    if isinstance(grantee, Account):
        organization = organization_rows.by_id(connection, grantee.organization)
    else:
        organization = grantee
    if organization is None:
        raise NotFound(f"{grantee.name} belongs to no organization")
    if organization.kind is not OrganizationKind.PAYER and not folder.within(organization.home):
        raise Invalid(f"{grantee.name} sees only {organization.home}; {folder} is not below it")
