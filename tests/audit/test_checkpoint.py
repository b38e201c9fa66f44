"""Checkpoints: signed, kept twice, and none for nothing."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from mft.audit.checkpoint import Checkpoints
from mft.crypto.signer import Signer, verify
from mft.model.errors import Unavailable
from mft.policy.trail import canonical
from mft.store.engine import Store
from mft.store.tables import audit_checkpoint
from tests.support.trails import START, an_event, record

LATER = START + timedelta(hours=1)


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer.create(tmp_path / "audit.key")


def kept(store: Store) -> int:
    with store.read() as connection:
        return int(connection.execute(select(func.count()).select_from(audit_checkpoint)).scalar_one())


def test_a_checkpoint_is_a_signed_line_outside_the_database(any_store: Store, signer: Signer, tmp_path: Path) -> None:
    record(any_store, an_event(), an_event())
    (made,) = Checkpoints(any_store, signer, tmp_path / "audit").make(LATER)
    file = tmp_path / "audit" / "checkpoints.jsonl"
    (line,) = file.read_text().splitlines()
    fields = json.loads(line)
    signature = bytes.fromhex(fields.pop("signature"))
    assert fields.pop("key") == signer.key_id
    assert verify(signer.public_bytes, signature, canonical(fields).encode())
    assert (fields["number"], fields["digest"]) == (2, made.digest.hex())
    assert file.stat().st_mode & 0o777 == 0o600
    assert kept(any_store) == 1


def test_no_checkpoint_is_made_when_nothing_happened(any_store: Store, signer: Signer, tmp_path: Path) -> None:
    checkpoints = Checkpoints(any_store, signer, tmp_path)
    assert checkpoints.make(LATER) == []
    record(any_store, an_event())
    assert len(checkpoints.make(LATER)) == 1
    assert checkpoints.make(LATER + timedelta(hours=1)) == []
    record(any_store, an_event())
    assert [made.number for made in checkpoints.make(LATER + timedelta(hours=2))] == [2]
    assert len((tmp_path / "checkpoints.jsonl").read_text().splitlines()) == 2


def test_every_chain_that_went_on_gets_one(postgres_store: Store, signer: Signer, tmp_path: Path) -> None:
    checkpoints = Checkpoints(postgres_store, signer, tmp_path)
    record(postgres_store, an_event(), node="n1")
    record(postgres_store, an_event(), node="n2")
    assert [made.node for made in checkpoints.make(LATER)] == ["n1", "n2"]
    record(postgres_store, an_event(), node="n2")
    assert [(made.node, made.number) for made in checkpoints.make(LATER)] == [("n2", 2)]


def test_a_checkpoint_that_cannot_be_written_outside_is_not_kept_inside(
    any_store: Store, signer: Signer, tmp_path: Path
) -> None:
    record(any_store, an_event())
    (tmp_path / "checkpoints.jsonl").mkdir()
    with pytest.raises(Unavailable, match=r"checkpoints\.jsonl"):
        Checkpoints(any_store, signer, tmp_path).make(LATER)
    assert kept(any_store) == 0


def test_a_line_torn_by_a_crash_does_not_take_the_next_one_with_it(
    store: Store, signer: Signer, tmp_path: Path
) -> None:
    file = tmp_path / "checkpoints.jsonl"
    file.write_bytes(b'{"checkpoint":"ma')
    record(store, an_event())
    Checkpoints(store, signer, tmp_path).make(LATER)
    torn, whole = file.read_text().splitlines()
    assert torn == '{"checkpoint":"ma'
    assert json.loads(whole)["number"] == 1


def test_a_link_in_the_files_place_is_not_followed(store: Store, signer: Signer, tmp_path: Path) -> None:
    record(store, an_event())
    (tmp_path / "elsewhere").write_bytes(b"")
    (tmp_path / "checkpoints.jsonl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Unavailable):
        Checkpoints(store, signer, tmp_path).make(LATER)
    assert (tmp_path / "elsewhere").read_bytes() == b""
