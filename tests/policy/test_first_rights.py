"""What newcomers may do where, before anybody says otherwise."""

from datetime import UTC, datetime

import pytest

from mft.model.account import Organization, OrganizationKind
from mft.model.ids import OrganizationId
from mft.model.rights import format_rights
from mft.policy.first_rights import first_rights

FETCHES, SENDS = "list,read,delete", "all"
EXPECTED = {
    OrganizationKind.DELEGATE: {"/Distribution/northwind": FETCHES},
    OrganizationKind.PROVIDER: {"/Distribution/northwind": FETCHES},
    OrganizationKind.PARTNER: {"/Partners/northwind/Inbound": SENDS, "/Partners/northwind/Outbound": FETCHES},
    OrganizationKind.PAYER: {},
}


@pytest.mark.fact("0.2")
@pytest.mark.parametrize("kind", list(OrganizationKind))
def test_each_kind_fetches_and_deletes_and_only_partners_send(kind):
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    one = Organization(OrganizationId("o"), "northwind", "N", kind, True, moment, "olga", None, None)
    found = {str(folder): format_rights(rights) for folder, rights in first_rights(one)}
    assert found == EXPECTED[kind]
    assert all(folder.within(one.home) for folder, _ in first_rights(one))
