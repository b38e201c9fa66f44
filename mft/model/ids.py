"""Identifiers.  Random, never reused, and safe to print: an id opens nothing by itself."""

import secrets
from typing import Final, NewType

AccountId = NewType("AccountId", str)
OrganizationId = NewType("OrganizationId", str)
CredentialId = NewType("CredentialId", str)
AllowlistEntryId = NewType("AllowlistEntryId", str)
GrantId = NewType("GrantId", str)
SessionId = NewType("SessionId", str)
UploadId = NewType("UploadId", str)
TombstoneId = NewType("TombstoneId", str)
RequestId = NewType("RequestId", str)
ReviewId = NewType("ReviewId", str)
LetterId = NewType("LetterId", str)
BackupId = NewType("BackupId", str)
PlanId = NewType("PlanId", str)
"""What a retention plan is confirmed by: the moment it was made for, and a digest of what it would remove."""
EntryId = NewType("EntryId", int)
VersionId = NewType("VersionId", int)
BlobId = NewType("BlobId", str)
"""32 hexadecimal digits: the name of a file's bytes in the blob store."""
Reference = NewType("Reference", str)
"""What a refused caller is shown and an operator explains: ``XXXX-XXXX``, always nine characters."""

ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no letter that is mistaken for a digit."""


def new_id(prefix: str) -> str:
    """Return a fresh id such as ``acc_7k3m9qz2wd4h``: 60 random bits behind *prefix*."""
    return prefix + "_" + _letters(12)


def new_blob_id() -> BlobId:
    """Return a fresh blob id, 128 random bits."""
    return BlobId(secrets.token_hex(16))


def new_reference() -> Reference:
    """Return a fresh reference code, 40 random bits."""
    code = _letters(8).upper()
    return Reference(f"{code[:4]}-{code[4:]}")


def _letters(count: int) -> str:
    """Return *count* letters of the alphabet, five random bits each; asked of the system once, not letter by letter."""
    bits = secrets.randbits(5 * count)
    return "".join(ALPHABET[bits >> 5 * place & 31] for place in range(count))
