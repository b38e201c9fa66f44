"""What an approved request does: a new account, more addresses, the end of an account.

All of it happens in the transaction that decides the request, or none of it does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from mft.accounts.allowlists import Allowlists, Listed, NewAddress
from mft.accounts.credentials import Credentials, Prepared, TemporaryPassword
from mft.accounts.provisioning import Accounts, NewAccount
from mft.accounts.purging import purge
from mft.accounts.records import known_account
from mft.audit.trail import Trail
from mft.model.account import Account, AccountState, AllowlistEntry, Organization, Purpose
from mft.model.errors import Conflict
from mft.model.path import VirtualPath
from mft.model.request import AccessRequest, AskedAddress, RequestKind
from mft.model.rights import Grant, Right
from mft.model.session import Actor
from mft.policy.first_rights import first_rights
from mft.store.engine import Connection
from mft.vfs.grants import Grants

Rights = tuple[tuple[VirtualPath, Right], ...]
"""Folders of the catalog, and what somebody may do in each."""


@dataclass(frozen=True, slots=True)
class Approval:
    """What goes into the transaction that approves a request."""

    actor: Actor
    rights: Rights | None
    """What a new account may do where; None for what its organization's kind says."""
    prepared: Prepared | None
    """A new account's temporary password, hashed beforehand."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Approved:
    """What an approved request did."""

    account: Account
    """The new account; or the one that the request is about, as it was before."""
    password: TemporaryPassword | None = None
    entries: tuple[AllowlistEntry, ...] = ()
    grants: tuple[Grant, ...] = ()

    @property
    def waiting(self) -> tuple[AllowlistEntry, ...]:
        """The addresses that admit nobody until a second person approved them."""
        return tuple(entry for entry in self.entries if entry.approved_by is None)


_Way = Callable[[Connection, AccessRequest, Organization, Approval], Approved]


class Fulfilment:
    """Does what requests ask for, once they are approved."""

    def __init__(
        self, trail: Trail, accounts: Accounts, credentials: Credentials, grants: Grants, allowlists: Allowlists
    ) -> None:
        """Keep the parts."""
        self._trail = trail
        self._accounts = accounts
        self._credentials = credentials
        self._grants = grants
        self._allowlists = allowlists
        self._ways: Mapping[RequestKind, _Way] = {
            RequestKind.ADD: self._add,
            RequestKind.ADDRESSES: self._addresses,
            RequestKind.REMOVE: self._remove,
        }

    def prepare(self, request: AccessRequest, *, password: bool) -> Prepared | None:
        """Return a temporary password for *request* if it needs one, or *password* asks for one.

        Takes an Argon2 that must not hold the line of writers: call it outside a transaction.
        """
        if request.kind is not RequestKind.ADD:
            return None
        keys_only = request.purpose is Purpose.UNATTENDED and bool(request.keys)
        return self._credentials.prepare_temporary() if password or not keys_only else None

    def carry_out(
        self, connection: Connection, request: AccessRequest, organization: Organization, approval: Approval
    ) -> Approved:
        """Do what *request* asks for within the caller's transaction.

        Raises Conflict when its account, name or address is not what it was, Invalid when an address has
        ended or a folder is out of view, NotFound for a folder, Exhausted when no seat is left.
        """
        return self._ways[request.kind](connection, request, organization, approval)

    def _add(
        self, connection: Connection, request: AccessRequest, organization: Organization, approval: Approval
    ) -> Approved:
        actor, at = approval.actor, approval.at
        wanted = NewAccount(
            name=request.name,
            organization=organization.name,
            email=request.email,
            keys=request.keys,
            purpose=request.purpose,
            person=request.person,
            phone=request.phone,
            contact=request.contact,
        )
        account = self._accounts.put(connection, actor, wanted, at)
        listed = self._list(connection, account, request, approval)
        rights = first_rights(organization) if approval.rights is None else approval.rights
        grants = tuple(self._grants.put(connection, actor, path, account, right, at) for path, right in rights)
        password = None
        if approval.prepared is not None:
            password = self._credentials.put_temporary(connection, actor, account, approval.prepared, at)
        return Approved(account, password, listed, grants)

    def _addresses(
        self, connection: Connection, request: AccessRequest, _organization: Organization, approval: Approval
    ) -> Approved:
        account = known_account(connection, request.name)
        # What it asked for was destroyed with the account: nothing would be listed, and called done.
        if account.state is AccountState.PURGED:
            raise Conflict(f"{account.name} was purged; withdraw {request.id}")
        return Approved(account, entries=self._list(connection, account, request, approval))

    def _remove(
        self, connection: Connection, request: AccessRequest, _organization: Organization, approval: Approval
    ) -> Approved:
        account = known_account(connection, request.name)
        why = f"access removed, request {request.id}"
        if not purge(connection, self._trail, approval.actor, account, why, approval.at):
            raise Conflict(f"{account.name} was purged already; withdraw {request.id}")
        return Approved(account)

    def _list(
        self, connection: Connection, account: Account, request: AccessRequest, approval: Approval
    ) -> tuple[AllowlistEntry, ...]:
        """Add the addresses of *request* to the list; what is on it stays (fact 0.17)."""

        def put(one: AskedAddress) -> Listed:
            address = NewAddress(one.text, one.reason or f"request {request.id}", one.until)
            return self._allowlists.put(connection, approval.actor, account, address, approval.at)

        return tuple(put(one).entry for one in request.addresses)
