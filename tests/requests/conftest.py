"""A bureau with real parts: requests come in, are decided, and what they ask for is really done."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from mft.accounts.agreements import Agreements
from mft.accounts.provisioning import Accounts, Organizations
from mft.app.shipped import shipped
from mft.blobs.local import LocalBlobs
from mft.crypto.master import MasterKey
from mft.model.account import OrganizationKind
from mft.model.request import AccessRequest, AskedAddress, RequestKind
from mft.policy.requests import RequestTerms
from mft.requests.addresses import AddressRules
from mft.requests.desk import AccessRequests
from mft.requests.form import RequestForm
from mft.requests.fulfilment import Fulfilment
from mft.store.engine import Store
from mft.store.tables import letter
from mft.vfs.grants import Grants
from mft.vfs.workspace import Files, Rules
from tests.support.gate import OLGA, Gate, build_gate

AGREEMENT = "confidentiality-2026-01"
JANE = RequestForm(
    RequestKind.ADD,
    name="jdoe",
    organization="northwind",
    person="Jane Doe",
    email="jane@northwind.example",
    phone="+1 555 010 4477",
    reason="care coordination",
    addresses=(AskedAddress("8.8.8.8"),),
    agreement=AGREEMENT,
)


@dataclass
class Bureau:
    """Who takes requests in and decides upon them, and everything that this touches."""

    gate: Gate
    organizations: Organizations
    accounts: Accounts
    grants: Grants
    texts: Path
    requests: AccessRequests

    def submit(self, form: RequestForm = JANE, **changes: Any) -> AccessRequest:
        return self.requests.submit(OLGA, replace(form, **changes), source="cli")

    def about(self, kind: RequestKind, name: str = "jdoe", **changes: Any) -> AccessRequest:
        return self.submit(RequestForm(kind, name=name, reason="on leave"), **changes)

    def letters(self) -> list[Any]:
        """Return the letters that were queued, oldest first."""
        with self.gate.store.read() as connection:
            return list(connection.execute(select(letter).order_by(letter.c.queued_at, letter.c.id)))

    def listed(self, name: str) -> list[str]:
        return [str(entry.addresses) for entry in self.gate.allowlists.listing(name)]

    def actions(self) -> list[str]:
        return [line.event.action.value for line in self.gate.lines()]


def build_bureau(store: Store, folder: Path) -> Bureau:
    gate = build_gate(store)
    trail, clock = gate.trail, gate.clock
    organizations = Organizations(store, trail, clock)
    organizations.add(OLGA, "northwind", "Northwind Clinic", OrganizationKind.DELEGATE)
    organizations.add(OLGA, "acme", "Acme Clearing", OrganizationKind.PARTNER)
    organizations.add(OLGA, "plan", "Example Health Plan", OrganizationKind.PAYER)
    accounts = Accounts(store, trail, clock, gate.allowlists, gate.credentials)
    files = Files(store, LocalBlobs(folder), MasterKey.create(folder / "master.key"), trail, clock, Rules(), "node-1")
    grants = Grants(files.parts)
    texts = folder / "agreements"
    texts.mkdir()
    (texts / f"{AGREEMENT}.txt").write_bytes((shipped("agreements") / f"{AGREEMENT}.txt").read_bytes())
    requests = AccessRequests(
        store,
        trail,
        clock,
        RequestTerms(),
        AddressRules(),
        Agreements(texts, AGREEMENT),
        Fulfilment(trail, accounts, gate.credentials, grants, gate.allowlists),
    )
    return Bureau(gate, organizations, accounts, grants, texts, requests)


@pytest.fixture
def bureau(store: Store, tmp_path: Path) -> Iterator[Bureau]:
    """The bureau over a SQLite file."""
    made = build_bureau(store, tmp_path)
    yield made
    made.gate.offload.close()


@pytest.fixture
def any_bureau(any_store: Store, tmp_path: Path) -> Iterator[Bureau]:
    """The bureau over each of the two databases."""
    made = build_bureau(any_store, tmp_path)
    yield made
    made.gate.offload.close()
