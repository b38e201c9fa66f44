"""Setups and attestations as rows: the names that scripts read."""

from typing import Any, Final

from mft.accounts.setup_answers import AttestationRow, SetupRow

ATTESTATION_FIELDS: Final = (
    *("at", "account", "organization", "directory_user", "text_version", "text_sha256"),
    *("source", "factors", "session"),
)


def setup_row(one: SetupRow) -> dict[str, Any]:
    """Return how somebody of the directory stands; a state of None: they never set up."""
    return {
        "account": one.account,
        "person": one.person,
        "organization": one.organization,
        "external_id": one.external_id,
        "state": one.state,
        "checked_at": one.checked_at,
        "text_version": one.text_version,
        "attested_at": one.attested_at,
        "must_renew_by": one.must_renew_by,
    }


def attestation_row(one: AttestationRow) -> dict[str, Any]:
    """Return who agreed to which text."""
    return {
        "at": one.at,
        "account": one.account,
        "organization": one.organization,
        "directory_user": one.directory_user,
        "text_version": one.text_version,
        "text_sha256": one.text_sha256.hex(),
        "source": one.source,
        "factors": list(one.factors),
        "session": one.session,
    }
