"""What a person or job may do in their organization's folders from the first day, if nobody says otherwise.  Pure."""

from collections.abc import Mapping
from typing import Final

from mft.model.account import INBOUND, OUTBOUND, Organization, OrganizationKind
from mft.model.path import VirtualPath
from mft.model.rights import Right

# Information is downloaded and deleted once viewed (fact 0.2).
_FETCHES: Final = Right.LIST | Right.READ | Right.DELETE
_SENDS: Final = Right.LIST | Right.CREATE | Right.REPLACE | Right.READ | Right.DELETE

FIRST_RIGHTS: Final[Mapping[OrganizationKind, Mapping[str, Right]]] = {
    OrganizationKind.DELEGATE: {"": _FETCHES},
    OrganizationKind.PROVIDER: {"": _FETCHES},
    OrganizationKind.PARTNER: {INBOUND: _SENDS, OUTBOUND: _FETCHES},
    # The plan's own people come for very different work: somebody has to say for which.
    OrganizationKind.PAYER: {},
}
"""For each kind, the folders below its home (empty: the home itself) and the rights there."""


def first_rights(organization: Organization) -> tuple[tuple[VirtualPath, Right], ...]:
    """Return the folders of the catalog that a new account of *organization* may use, and how."""
    home = organization.home
    return tuple((home / name if name else home, rights) for name, rights in FIRST_RIGHTS[organization.kind].items())
