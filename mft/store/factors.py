"""Second factors, as rows: what of a TOTP credential changes, and recovery codes by their digest."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from mft.model.account import CredentialKind
from mft.model.ids import AccountId, CredentialId
from mft.store.tables import credential, recovery_code, totp


@dataclass(frozen=True, slots=True)
class Totp:
    """A second factor: its credential, and how far its codes were used."""

    credential: CredentialId
    verifier: str
    created_at: datetime
    confirmed_at: datetime | None
    """None until the first code was right."""
    last_step: int | None


def add(connection: Connection, one: CredentialId) -> None:
    """Keep what changes about the TOTP credential *one*, of which no code was right yet."""
    connection.execute(insert(totp).values(credential=one))


def of_account(connection: Connection, account: AccountId) -> list[Totp]:
    """Return the account's second factors, confirmed or not, oldest first."""
    columns = (credential.c.verifier, credential.c.created_at, totp.c.confirmed_at, totp.c.last_step)
    query = select(credential.c.id, *columns).join_from(credential, totp).where(credential.c.account == account)
    ordered = query.order_by(credential.c.created_at, credential.c.id)
    return [Totp(*row) for row in connection.execute(ordered)]


def confirm(connection: Connection, one: CredentialId, at: datetime) -> None:
    """Note that a first code was right."""
    connection.execute(update(totp).where(totp.c.credential == one).values(confirmed_at=at))


def use(connection: Connection, one: CredentialId, step: int) -> bool:
    """Use the code of *step* up.  Return False if it, or a later one, was used already."""
    unused = or_(totp.c.last_step.is_(None), totp.c.last_step < step)
    used = update(totp).where(totp.c.credential == one, unused).values(last_step=step)
    return connection.execute(used).rowcount == 1


def remove(connection: Connection, account: AccountId, spared: CredentialId | None = None) -> int:
    """Destroy the account's second factors, but not *spared*.  Return how many."""
    kind = credential.c.kind == CredentialKind.TOTP.value
    gone = delete(credential).where(credential.c.account == account, kind)
    if spared is not None:
        gone = gone.where(credential.c.id != spared)
    return connection.execute(gone).rowcount


def remove_unconfirmed(connection: Connection, account: AccountId) -> None:
    """Destroy what was begun and of which no code was right."""
    begun = select(totp.c.credential).where(totp.c.confirmed_at.is_(None))
    connection.execute(delete(credential).where(credential.c.account == account, credential.c.id.in_(begun)))


def all_verifiers(connection: Connection, after: CredentialId, limit: int) -> list[tuple[CredentialId, str]]:
    """Return up to *limit* second factors behind *after* and their verifiers, in order of their ids."""
    kind = credential.c.kind == CredentialKind.TOTP.value
    query = select(credential.c.id, credential.c.verifier).where(kind, credential.c.id > after)
    return [(CredentialId(one), text) for one, text in connection.execute(query.order_by(credential.c.id).limit(limit))]


def put_codes(connection: Connection, account: AccountId, digests: Iterable[bytes]) -> None:
    """Put recovery codes with these digests in the place of all that the account had."""
    drop_codes(connection, account)
    connection.execute(insert(recovery_code), [{"account": account, "sha256": digest} for digest in digests])


def drop_codes(connection: Connection, account: AccountId) -> None:
    """Destroy the account's recovery codes."""
    connection.execute(delete(recovery_code).where(recovery_code.c.account == account))


def use_code(connection: Connection, account: AccountId, digest: bytes, at: datetime) -> bool:
    """Use a recovery code up.  Return False if there is none of that digest, or it was used."""
    mine = (recovery_code.c.account == account, recovery_code.c.sha256 == digest, recovery_code.c.used_at.is_(None))
    return connection.execute(update(recovery_code).where(*mine).values(used_at=at)).rowcount == 1


def codes_left(connection: Connection, account: AccountId) -> int:
    """Return how many recovery codes were not used yet."""
    mine = (recovery_code.c.account == account, recovery_code.c.used_at.is_(None))
    return int(connection.execute(select(func.count()).select_from(recovery_code).where(*mine)).scalar_one())
