"""Accounts, as rows, and the dossier: all that a sign-on turns on, in one statement."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from ipaddress import IPv4Address
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    CompoundSelect,
    Connection,
    FromClause,
    Select,
    and_,
    bindparam,
    func,
    insert,
    null,
    or_,
    select,
    type_coerce,
    union_all,
    update,
)
from sqlalchemy.exc import IntegrityError

from mft.model.account import Account, AccountState, Method, Purpose
from mft.model.directory import Setup, SetupState
from mft.model.errors import Conflict
from mft.model.ids import AccountId, OrganizationId
from mft.model.session import Door
from mft.policy.signon import Dossier, Terms
from mft.store.allowlist import entry_of
from mft.store.credentials import credential_of
from mft.store.notices import ENDED
from mft.store.organizations import organization_of
from mft.store.prepared import Prepared
from mft.store.tables import account as table
from mft.store.tables import allowlist_entry, credential, notice, organization

_ACCOUNT: Final = "account_"
_ORGANIZATION: Final = "organization_"
_CREDENTIAL: Final = "credential_"
_ENTRY: Final = "entry_"

_OF_ID: Final = update(table).where(table.c.id == bindparam("account"))
_COUNT_FAILURE: Final = Prepared(_OF_ID.values(failures=table.c.failures + 1))
_SIGNED_ON: Final = Prepared(
    _OF_ID.values(
        last_signon_at=bindparam("at"),
        last_signon_door=bindparam("door"),
        last_signon_source=bindparam("source"),
        failures=0,
    )
)


def account_of(row: Mapping[Any, Any], prefix: str = "") -> Account:
    """Return the account in *row*, whose columns are named with *prefix*."""
    return Account(
        id=row[prefix + "id"],
        name=row[prefix + "name"],
        email=row[prefix + "email"] or "",
        organization=row[prefix + "organization"],
        purpose=Purpose(row[prefix + "purpose"]),
        state=AccountState(row[prefix + "state"]),
        required=frozenset(Method(word) for word in row[prefix + "required"].split(",") if word),
        created_at=row[prefix + "created_at"],
        created_by=row[prefix + "created_by"],
        last_signon_at=row[prefix + "last_signon_at"],
        failures=row[prefix + "failures"],
        person=row[prefix + "person"] or "",
        phone=row[prefix + "phone"] or "",
        contact=row[prefix + "contact"] or "",
        last_signon_door=Door(door) if (door := row[prefix + "last_signon_door"]) else None,
        last_signon_source=IPv4Address(source) if (source := row[prefix + "last_signon_source"]) is not None else None,
        recertify_by=row[prefix + "recertify_by"],
        purged_at=row[prefix + "purged_at"],
        purged_why=row[prefix + "purged_why"] or "",
        external_id=row[prefix + "external_id"] or "",
        setup=_setup(row, prefix),
    )


def _setup(row: Mapping[Any, Any], prefix: str) -> Setup | None:
    state = row[prefix + "setup_state"]
    if state is None:
        return None
    return Setup(
        state=SetupState(state),
        mark=row[prefix + "setup_mark"] or "",
        checked_at=row[prefix + "setup_checked_at"],
        text_version=row[prefix + "setup_text"] or "",
    )


def dossier(connection: Connection, name: str, terms: Terms) -> Dossier | None:
    """Return all that is known about the account *name*, or None for a stranger.  One statement."""
    rows = _DOSSIER.named(connection, name=name)
    if not rows:
        return None
    credentials = [credential_of(row, _CREDENTIAL) for row in rows if row[_CREDENTIAL + "id"]]
    entries = [entry_of(row, _ENTRY) for row in rows if row[_ENTRY + "id"]]
    return Dossier(
        account=account_of(rows[0], _ACCOUNT),
        organization=organization_of(rows[0], _ORGANIZATION),
        credentials=tuple(sorted(credentials, key=lambda c: (c.created_at, c.id))),
        # Narrowest first: the entry that names an address best is the one marked as seen.
        allowlist=tuple(sorted(entries, key=lambda e: (e.addresses.size, e.id))),
        terms=terms,
    )


def _dossier_query() -> CompoundSelect[Any]:
    """Return the statement: one row per credential and one per entry, and at least one for the account."""
    account, house = _labelled(table, _ACCOUNT), _labelled(organization, _ORGANIZATION)
    known, listed = _labelled(credential, _CREDENTIAL), _labelled(allowlist_entry, _ENTRY)
    named = table.c.name == bindparam("name")
    owned = table.join(organization)
    with_credentials: Select[Any] = select(*account, *house, *known, *_empty(allowlist_entry, _ENTRY))
    with_entries: Select[Any] = select(*account, *house, *_empty(credential, _CREDENTIAL), *listed)
    return union_all(
        with_credentials.select_from(owned.outerjoin(credential)).where(named),
        with_entries.select_from(owned.join(allowlist_entry)).where(named),
    )


def _labelled(source: FromClause, prefix: str) -> list[Any]:
    return [column.label(prefix + column.name) for column in source.c]


def _empty(source: FromClause, prefix: str) -> list[Any]:
    columns: Iterable[Column[Any]] = source.c  # type: ignore[assignment]  # tables hold Columns
    return [type_coerce(null(), column.type).label(prefix + column.name) for column in columns]


_DOSSIER: Final = Prepared(_dossier_query())


def by_name(connection: Connection, name: str) -> Account | None:
    """Return the account of that name."""
    row = connection.execute(select(table).where(table.c.name == name)).mappings().first()
    return account_of(row) if row else None


def by_id(connection: Connection, account: AccountId) -> Account | None:
    """Return the account of that id."""
    row = connection.execute(select(table).where(table.c.id == account)).mappings().first()
    return account_of(row) if row else None


def by_email(connection: Connection, email: str) -> Account | None:
    """Return the account of who reads mail at *email*, lower-cased (fact 1.15)."""
    row = connection.execute(select(table).where(table.c.email == email)).mappings().first()
    return account_of(row) if row else None


def listing(connection: Connection, within: OrganizationId | None = None) -> list[Account]:
    """Return every account, or those of one organization, by name."""
    query = select(table).order_by(table.c.name)
    if within is not None:
        query = query.where(table.c.organization == within)
    return [account_of(row) for row in connection.execute(query).mappings()]


def used_at() -> ColumnElement[datetime]:
    """Return the expression for ``Account.used_at``."""
    return func.coalesce(table.c.last_signon_at, table.c.created_at)


def due(connection: Connection, now: datetime, terms: Terms, limit: int) -> list[Account]:
    """Return accounts that went unused for their whole term at *now* and are not purged, the longest unused first."""
    query = select(table).where(_unused_at(now, terms)).order_by(used_at(), table.c.id).limit(limit)
    return [account_of(row) for row in connection.execute(query).mappings()]


def count_due(connection: Connection, now: datetime, terms: Terms) -> int:
    """Return how many ``due`` would return without a limit."""
    return connection.scalar(select(func.count()).select_from(table).where(_unused_at(now, terms))) or 0


def ending(
    connection: Connection, now: datetime, ahead: timedelta, terms: Terms, after: AccountId | None, limit: int
) -> list[Account]:
    """Return accounts not yet due at *now* whose term of disuse ends within *ahead*, by id behind *after*."""
    query = select(table).where(~_unused_at(now, terms), _unused_at(now + ahead, terms))
    if after is not None:
        query = query.where(table.c.id > after)
    return [account_of(row) for row in connection.execute(query.order_by(table.c.id).limit(limit)).mappings()]


def unanswered_for(connection: Connection, now: datetime, limit: int) -> list[Account]:
    """Return accounts that are refused at *now* because nobody kept them, and of which nobody was told yet."""
    known = notice.select().where(
        notice.c.account == table.c.id,
        notice.c.version.is_(None),
        notice.c.days == ENDED,
        notice.c.ends_at == table.c.recertify_by,
    )
    query = select(table).where(table.c.recertify_by <= now, ~known.exists()).order_by(table.c.id).limit(limit)
    return [account_of(row) for row in connection.execute(query).mappings()]


def suspend(connection: Connection, account: AccountId, since: datetime) -> bool:
    """Refuse a living account from *since* on until somebody keeps it.  Return False if it is so already."""
    sooner = or_(table.c.recertify_by.is_(None), table.c.recertify_by > since)
    suspended = update(table).where(table.c.id == account, table.c.state != AccountState.PURGED.value, sooner)
    return connection.execute(suspended.values(recertify_by=since)).rowcount == 1


def _unused_at(now: datetime, terms: Terms) -> ColumnElement[bool]:
    of_purpose = (
        and_(table.c.purpose == purpose.value, used_at() <= now - terms.disuse(purpose)) for purpose in Purpose
    )
    return and_(table.c.state != AccountState.PURGED.value, or_(*of_purpose))


def add(connection: Connection, account: Account) -> None:
    """Keep a new account.  Raises Conflict if its name or its e-mail address is taken (fact 1.15)."""
    try:
        connection.execute(
            insert(table).values(
                id=account.id,
                name=account.name,
                email=account.email,
                organization=account.organization,
                purpose=account.purpose.value,
                state=account.state.value,
                required=",".join(sorted(account.required)),
                created_at=account.created_at,
                created_by=account.created_by,
                last_signon_at=account.last_signon_at,
                failures=account.failures,
                person=account.person or None,
                phone=account.phone or None,
                contact=account.contact or None,
            )
        )
    except IntegrityError:
        raise Conflict(
            f"the name {account.name} or the address {account.email} belongs to an account already; "
            "names of purged accounts are never handed out again"
        ) from None


def set_state(connection: Connection, account: AccountId, before: AccountState, after: AccountState) -> bool:
    """Move an account from one state to another.  Return False if it was not in the first."""
    changed = update(table).where(table.c.id == account, table.c.state == before.value).values(state=after.value)
    return connection.execute(changed).rowcount == 1


def set_details(connection: Connection, account: Account) -> None:
    """Write down the personal fields of *account*.  Raises Conflict if its e-mail address is another's (fact 1.15)."""
    details = {
        "email": account.email,
        "person": account.person or None,
        "phone": account.phone or None,
        "contact": account.contact or None,
    }
    try:
        connection.execute(update(table).where(table.c.id == account.id).values(details))
    except IntegrityError:
        raise Conflict(f"the address {account.email} belongs to an account already; each has one of its own") from None


def set_external_id(connection: Connection, account: AccountId, external_id: str) -> None:
    """Write down who the account is elsewhere, empty for nobody; how a directory's password stood is forgotten.

    Raises Conflict if another account is that one.
    """
    setup = dict.fromkeys(("setup_state", "setup_mark", "setup_checked_at", "setup_text"))
    changed = update(table).where(table.c.id == account).values(external_id=external_id or None, **setup)
    try:
        connection.execute(changed)
    except IntegrityError:
        raise Conflict("another account has that external id already; a person has one account") from None


def by_external_id(connection: Connection, external_id: str) -> Account | None:
    """Return the account whose external id is exactly *external_id*."""
    row = connection.execute(select(table).where(table.c.external_id == external_id)).mappings().first()
    return account_of(row) if row else None


def external_ids(connection: Connection) -> dict[str, str]:
    """Return the names of the accounts that have an external id, by it."""
    query = select(table.c.external_id, table.c.name).where(table.c.external_id.is_not(None))
    return {row.external_id: row.name for row in connection.execute(query)}


def set_required(connection: Connection, account: AccountId, methods: frozenset[Method]) -> None:
    """Set the methods that must all be proven."""
    connection.execute(update(table).where(table.c.id == account).values(required=",".join(sorted(methods))))


def count_failure(connection: Connection, account: AccountId | None) -> None:
    """Count a wrong password.  For None, a stranger, the same statement runs and finds nothing."""
    _COUNT_FAILURE.run(connection, account=account or "")


def clear_failures(connection: Connection, account: AccountId) -> None:
    """Forget the wrong passwords, which unlocks the account."""
    connection.execute(update(table).where(table.c.id == account).values(failures=0))


def signed_on(connection: Connection, account: AccountId, at: datetime, door: Door, source: IPv4Address) -> None:
    """Note a sign-on: the dormancy term starts anew and the wrong passwords are forgotten."""
    _SIGNED_ON.run(connection, account=account, at=at, door=door.value, source=int(source))
