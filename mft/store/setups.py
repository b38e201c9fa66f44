"""How synced directory passwords stand, as columns of their accounts; and what was agreed to, as rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from mft.model.account import Account, AccountState, OrganizationKind
from mft.model.directory import Attestation, Setup
from mft.model.ids import AccountId, new_id
from mft.store.accounts import account_of
from mft.store.tables import account, attestation, organization


@dataclass(frozen=True, slots=True)
class Living:
    """Somebody of the directory."""

    account: Account
    organization: str
    attested_at: datetime | None


def put(connection: Connection, one: AccountId, setup: Setup) -> None:
    """Write down how *setup* stands now."""
    columns = {
        "setup_state": setup.state.value,
        "setup_mark": setup.mark,
        "setup_checked_at": setup.checked_at,
        "setup_text": setup.text_version,
    }
    connection.execute(update(account).where(account.c.id == one).values(columns))


def to_look_at(connection: Connection, kinds: Iterable[OrganizationKind]) -> list[AccountId]:
    """Return the accounts that are in use, of organizations of *kinds*, and have somebody in the directory."""
    wanted = (
        account.c.external_id.is_not(None),
        account.c.state == AccountState.ACTIVE.value,
        organization.c.kind.in_([kind.value for kind in kinds]),
    )
    query = select(account.c.id).join(organization).where(*wanted).order_by(account.c.id)
    return list(connection.execute(query).scalars())


def unchecked(connection: Connection) -> None:
    """Forget when the directory last answered: before it is asked anew, no synced password is taken."""
    connection.execute(update(account).where(account.c.setup_state.is_not(None)).values(setup_checked_at=None))


def living(connection: Connection, kinds: Iterable[OrganizationKind]) -> list[Living]:
    """Return everybody of organizations of *kinds* who has an external id or was set up, by their account's name."""
    lately = select(attestation.c.account, func.max(attestation.c.at).label("at")).group_by(attestation.c.account)
    last = lately.subquery()
    query = (
        select(account, organization.c.name.label("house"), last.c.at.label("attested_at"))
        .join(organization, organization.c.id == account.c.organization)
        .outerjoin(last, last.c.account == account.c.id)
        .where(
            account.c.external_id.is_not(None) | account.c.setup_state.is_not(None),
            organization.c.kind.in_([kind.value for kind in kinds]),
        )
        .order_by(account.c.name)
    )
    rows = connection.execute(query).mappings()
    return [Living(account_of(row), row["house"], row["attested_at"]) for row in rows]


def attest(connection: Connection, one: AccountId, said: Attestation) -> None:
    """Keep what somebody agreed to."""
    connection.execute(
        insert(attestation).values(
            id=new_id("att"),
            account=one,
            text_version=said.text_version,
            text_sha256=said.text_sha256,
            directory_user=said.directory_user,
            at=said.at,
            source=int(IPv4Address(said.source)),
            session=said.session,
            factors=",".join(said.factors),
        )
    )


def attested_at(connection: Connection, one: AccountId) -> datetime | None:
    """Return when the account last agreed to a text."""
    found: datetime | None = connection.scalar(select(func.max(attestation.c.at)).where(attestation.c.account == one))
    return found


def attestations(connection: Connection, one: AccountId | None = None) -> list[tuple[str, str, Attestation]]:
    """Return what was agreed to, or what one account did, oldest first: account, organization, attestation."""
    query = (
        select(attestation, account.c.name.label("name"), organization.c.name.label("house"))
        .join(account, account.c.id == attestation.c.account)
        .join(organization, organization.c.id == account.c.organization)
        .order_by(attestation.c.at, attestation.c.id)
    )
    if one is not None:
        query = query.where(attestation.c.account == one)
    return [(row["name"], row["house"], _attestation(row)) for row in connection.execute(query).mappings()]


def _attestation(row: RowMapping) -> Attestation:
    return Attestation(
        text_version=row["text_version"],
        text_sha256=row["text_sha256"],
        directory_user=row["directory_user"],
        at=row["at"],
        source=str(IPv4Address(row["source"])),
        session=row["session"],
        factors=tuple(word for word in row["factors"].split(",") if word),
    )
