"""Which part of the catalog a caller's paths lead to.  Knows no rights: a place in view may still be unseen."""

from dataclasses import dataclass
from typing import Final

from mft.model.account import INBOUND, OUTBOUND, Organization, OrganizationKind
from mft.model.path import ROOT, VirtualPath

_PARTNERS: Final = "Partners"
_ORGANIZATION_DEPTH: Final = 2


@dataclass(frozen=True, slots=True)
class View:
    """A caller's paths start at *base*; of the catalog nothing exists but *reach* and the way to it."""

    base: VirtualPath
    reach: tuple[VirtualPath, ...]

    def catalog(self, path: VirtualPath) -> VirtualPath | None:
        """Return the catalog's path for the caller's *path*; None when it is out of view."""
        place = self.base.joined(path)
        return place if any(place.within(top) or top.within(place) for top in self.reach) else None


EVERYTHING: Final = View(ROOT, (ROOT,))
"""What operators see."""


def view_of(organization: Organization) -> View:
    """Return the view of *organization*'s accounts.

    A partner's root is its own folder, with Inbound and Outbound.  The payer's people see the
    catalog as far as grants go, since its folders are theirs to fill.
    """
    home = organization.home
    if organization.kind is OrganizationKind.PARTNER:
        return View(home, (home / INBOUND, home / OUTBOUND))
    if organization.kind is OrganizationKind.PAYER:
        return EVERYTHING
    return View(ROOT, (home,))


def is_fixed(place: VirtualPath) -> bool:
    """Return whether the catalog's *place* is part of the house: made with its organization, never moved."""
    names = place.names
    if len(names) <= _ORGANIZATION_DEPTH:
        return True
    return len(names) == _ORGANIZATION_DEPTH + 1 and names[0] == _PARTNERS and names[2] in {INBOUND, OUTBOUND}
