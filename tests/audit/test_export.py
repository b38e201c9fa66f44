"""What leaves the house: lines for scripts and auditors, rows for spreadsheets."""

import csv
import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from mft.audit.checkpoint import Checkpoints
from mft.audit.export import export_csv, export_jsonl
from mft.crypto.signer import Signer
from mft.model.errors import Unavailable
from mft.model.event import Action
from mft.store.engine import Store
from tests.support.trails import START, an_event, record

LATER = START + timedelta(hours=1)


def test_an_export_holds_its_key_the_checkpoints_and_each_event_as_one_object(store: Store, tmp_path: Path) -> None:
    signer = Signer.create(tmp_path / "audit.key")
    record(store, an_event("alice", note="ž"), an_event("bob"))
    Checkpoints(store, signer, tmp_path).make(LATER)
    header, checkpoint, first, _ = (json.loads(line) for line in export_jsonl(store, signer.public_bytes, LATER))
    assert header == {
        "export": 1,
        "at": "2026-11-22T10:00:00.000000Z",
        "public": signer.public_bytes.hex(),
        "ends": {"main": 2},
    }
    assert (checkpoint["checkpoint"], checkpoint["number"]) == ("main", 2)
    assert (first["action"], first["subject"], first["detail"]) == ("account.enabled", "alice", {"note": "ž"})
    assert (first["actor"]["name"], first["at"]) == ("olga", "2026-11-22T09:00:00.000000Z")


def test_an_exported_checkpoint_is_the_same_line_as_the_one_kept_outside(store: Store, tmp_path: Path) -> None:
    signer = Signer.create(tmp_path / "audit.key")
    record(store, an_event())
    Checkpoints(store, signer, tmp_path).make(LATER)
    exported = list(export_jsonl(store, signer.public_bytes, LATER))
    assert exported[1] == (tmp_path / "checkpoints.jsonl").read_text().rstrip("\n")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_the_table_is_computed_by_a_spreadsheet(store: Store, start: str) -> None:
    record(store, an_event(f'{start}HYPERLINK("http://x.example","a")', Action.SIGNON_REFUSED))
    header, row = csv.reader(export_csv(store))
    cells = dict(zip(header, row, strict=True))
    assert cells["subject"] == f'\'{start}HYPERLINK("http://x.example","a")'
    assert cells["action"] == "signon.refused"
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in row)


def test_a_damaged_line_stops_the_export_and_is_named(store: Store) -> None:
    record(store, an_event(), an_event())
    with store.write() as connection:
        connection.execute(text("UPDATE audit_event SET body = 'x' WHERE number = 2"))
    for export in (export_csv(store), export_jsonl(store, bytes(32), LATER)):
        with pytest.raises(Unavailable, match="line 2 of chain main"):
            list(export)
