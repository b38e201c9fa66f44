"""Whatever is done to a trail is found (security.md 9, R11)."""

import json
import random
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from mft.audit.checkpoint import Checkpoints
from mft.audit.export import export_jsonl
from mft.audit.verify import Fault, Report, verify_export, verify_store
from mft.crypto.signer import Signer
from mft.policy.trail import GENESIS, digest
from mft.store.engine import Store, open_store
from tests.support.trails import START, an_event, record

LATER = START + timedelta(hours=1)


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer.create(tmp_path / "audit.key")


@pytest.fixture
def checkpoints(any_store: Store, signer: Signer, tmp_path: Path) -> Checkpoints:
    return Checkpoints(any_store, signer, tmp_path / "audit")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    return tmp_path / "audit" / "checkpoints.jsonl"


def change(store: Store, *statements: str, **values: int) -> None:
    """Do what somebody with the database's password can do."""
    with store.write() as connection:
        for statement in statements:
            connection.execute(text(statement), values)


def faults(report: Report) -> set[Fault]:
    return {found.fault for found in report.breaks}


def test_an_untouched_trail_is_sound(any_store: Store, checkpoints: Checkpoints, signer: Signer, outside: Path) -> None:
    record(any_store, *(an_event(f"user{number}") for number in range(5)))
    checkpoints.make(LATER)
    record(any_store, an_event("after the checkpoint"))
    report = verify_store(any_store, signer.public_bytes, outside.read_text().splitlines())
    assert report.sound, report.breaks
    assert (report.events, report.checkpoints) == (6, 2)
    assert list(report.ends.values()) == [6]
    assert list(report.signed.values()) == [5]


def test_an_empty_trail_is_sound(any_store: Store, signer: Signer) -> None:
    assert verify_store(any_store, signer.public_bytes).sound


@pytest.mark.parametrize("number", [1, 2, 5, 9])
@pytest.mark.parametrize(
    "alteration",
    [
        "UPDATE audit_event SET body = replace(body, 'olga', 'oleg') WHERE number = :number",
        "UPDATE audit_event SET subject = 'mallory' WHERE number = :number",
        "UPDATE audit_event SET actor = 'mallory' WHERE number = :number",
        "UPDATE audit_event SET action = 'account.disabled' WHERE number = :number",
        "UPDATE audit_event SET reference = 'AAAA-AAAA' WHERE number = :number",
        "UPDATE audit_event SET at = at + 1 WHERE number = :number",
        "UPDATE audit_event SET previous = digest WHERE number = :number",
        "UPDATE audit_event SET digest = previous WHERE number = :number",
    ],
)
def test_a_line_that_was_altered_is_named(any_store: Store, signer: Signer, number: int, alteration: str) -> None:
    record(any_store, *(an_event() for _ in range(10)))
    change(any_store, alteration, number=number)
    report = verify_store(any_store, signer.public_bytes)
    assert number in {found.number for found in report.breaks}


def test_a_line_that_was_altered_and_digested_anew_no_longer_leads_to_the_next(
    any_store: Store, signer: Signer
) -> None:
    record(any_store, *(an_event() for _ in range(5)))
    with any_store.write() as connection:
        row = connection.execute(text("SELECT body, previous FROM audit_event WHERE number = 3")).one()
        body = row.body.replace("olga", "oleg")
        connection.execute(
            text("UPDATE audit_event SET body = :body, actor = 'oleg', digest = :digest WHERE number = 3"),
            {"body": body, "digest": digest(bytes(row.previous), body)},
        )
    report = verify_store(any_store, signer.public_bytes)
    assert [(found.fault, found.number) for found in report.breaks] == [(Fault.UNLINKED, 4)]


@pytest.mark.parametrize("number", [1, 2, 5, 9])
def test_a_line_that_was_dropped_is_named(any_store: Store, signer: Signer, number: int) -> None:
    record(any_store, *(an_event() for _ in range(10)))
    change(any_store, "DELETE FROM audit_event WHERE number = :number", number=number)
    report = verify_store(any_store, signer.public_bytes)
    assert [(found.fault, found.number) for found in report.breaks] == [(Fault.MISSING, number)]


def test_numbers_closed_up_behind_a_dropped_line_do_not_hide_it(any_store: Store, signer: Signer) -> None:
    record(any_store, *(an_event() for _ in range(4)))
    change(
        any_store,
        "DELETE FROM audit_event WHERE number = 2",
        "UPDATE audit_event SET number = 2 WHERE number = 3",
        "UPDATE audit_event SET number = 3 WHERE number = 4",
    )
    assert Fault.MOVED in faults(verify_store(any_store, signer.public_bytes))


def test_two_lines_that_changed_places_are_named(any_store: Store, signer: Signer) -> None:
    record(any_store, *(an_event() for _ in range(6)))
    change(
        any_store,
        "UPDATE audit_event SET number = 99 WHERE number = 2",
        "UPDATE audit_event SET number = 2 WHERE number = 4",
        "UPDATE audit_event SET number = 4 WHERE number = 99",
    )
    report = verify_store(any_store, signer.public_bytes)
    assert {found.number for found in report.breaks if found.fault is Fault.MOVED} == {2, 4}


def rewrite(store: Store, start: int) -> None:
    """Alter line *start* and make every digest anew, as somebody who has read this program would."""
    with store.write() as connection:
        last = GENESIS
        rows = connection.execute(text("SELECT number, body, digest FROM audit_event ORDER BY number")).all()
        for row in rows:
            body, own = row.body, bytes(row.digest)
            if row.number >= start:
                body = body.replace("olga", "oleg") if row.number == start else body
                own = digest(last, body)
                connection.execute(
                    text("UPDATE audit_event SET body = :b, previous = :p, digest = :d, actor = :a WHERE number = :n"),
                    {"b": body, "p": last, "d": own, "n": row.number, "a": json.loads(body)["actor"]["name"]},
                )
            last = own


def test_a_chain_made_anew_contradicts_its_checkpoint(
    any_store: Store, checkpoints: Checkpoints, signer: Signer
) -> None:
    record(any_store, *(an_event() for _ in range(6)))
    checkpoints.make(LATER)
    rewrite(any_store, 3)
    assert faults(verify_store(any_store, signer.public_bytes)) == {Fault.CONTRADICTED}


def test_a_chain_made_anew_with_its_checkpoints_dropped_contradicts_the_one_outside(
    any_store: Store, checkpoints: Checkpoints, signer: Signer, outside: Path
) -> None:
    record(any_store, *(an_event() for _ in range(6)))
    checkpoints.make(LATER)
    rewrite(any_store, 3)
    change(any_store, "DELETE FROM audit_checkpoint")
    assert verify_store(any_store, signer.public_bytes).sound  # Which is why one copy lives elsewhere.
    kept = outside.read_text().splitlines()
    assert faults(verify_store(any_store, signer.public_bytes, kept)) == {Fault.CONTRADICTED}


def test_a_tail_cut_off_is_found_back_to_the_last_checkpoint_outside(
    any_store: Store, checkpoints: Checkpoints, signer: Signer, outside: Path
) -> None:
    record(any_store, *(an_event() for _ in range(6)))
    checkpoints.make(LATER)
    kept = outside.read_text().splitlines()
    change(any_store, "DELETE FROM audit_event WHERE number > 5")
    assert faults(verify_store(any_store, signer.public_bytes)) == {Fault.CUT}
    change(any_store, "DELETE FROM audit_checkpoint")
    report = verify_store(any_store, signer.public_bytes, kept)
    assert [(found.fault, found.number) for found in report.breaks] == [(Fault.CUT, 6)]


def test_a_trail_dropped_whole_is_found(
    any_store: Store, checkpoints: Checkpoints, signer: Signer, outside: Path
) -> None:
    record(any_store, an_event())
    checkpoints.make(LATER)
    change(any_store, "DELETE FROM audit_event", "DELETE FROM audit_checkpoint")
    assert faults(verify_store(any_store, signer.public_bytes, outside.read_text().splitlines())) == {Fault.CUT}


def test_a_checkpoint_by_another_key_is_forged(any_store: Store, checkpoints: Checkpoints, tmp_path: Path) -> None:
    record(any_store, an_event())
    checkpoints.make(LATER)
    stranger = Signer.create(tmp_path / "stranger.key")
    assert faults(verify_store(any_store, stranger.public_bytes)) == {Fault.FORGED}


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE audit_checkpoint SET number = 2",
        "UPDATE audit_checkpoint SET at = at + 1",
        "UPDATE audit_checkpoint SET digest = signature",
    ],
)
def test_an_altered_checkpoint_is_forged(
    any_store: Store, checkpoints: Checkpoints, signer: Signer, spoil: str
) -> None:
    record(any_store, an_event(), an_event(), an_event())
    checkpoints.make(LATER)
    change(any_store, spoil)
    assert Fault.FORGED in faults(verify_store(any_store, signer.public_bytes))


def test_verifying_changes_nothing(any_store: Store, signer: Signer) -> None:
    record(any_store, *(an_event() for _ in range(3)))
    change(any_store, "UPDATE audit_event SET subject = 'mallory' WHERE number = 2")
    first = verify_store(any_store, signer.public_bytes)
    assert not first.sound
    assert verify_store(any_store, signer.public_bytes) == first


def test_a_body_that_is_no_text_is_named_and_stops_nothing(store: Store, signer: Signer) -> None:
    record(store, *(an_event() for _ in range(3)))
    change(store, "UPDATE audit_event SET body = x'00ff' WHERE number = 2")
    report = verify_store(store, signer.public_bytes)
    assert report.events == 3
    assert {found.number for found in report.breaks} == {2}


SPOILT = {
    "flipped": [
        "UPDATE audit_event SET body = substr(body, 1, :at) || '~' || substr(body, :at + 2) WHERE number = :one"
    ],
    "dropped": ["DELETE FROM audit_event WHERE number = :one"],
    "moved": [
        "UPDATE audit_event SET number = -1 WHERE number = :one",
        "UPDATE audit_event SET number = :one WHERE number = :other",
        "UPDATE audit_event SET number = :other WHERE number = -1",
    ],
}


@pytest.mark.parametrize("rounds", [100, pytest.param(10_000, marks=[pytest.mark.soak, pytest.mark.timeout(3000)])])
def test_any_one_row_flipped_dropped_or_moved_is_found(
    store: Store, signer: Signer, tmp_path: Path, rounds: int
) -> None:
    record(store, *(an_event(f"user{number}") for number in range(30)))
    store.close()
    chance = random.Random(rounds)
    for _ in range(rounds):
        shutil.copyfile(tmp_path / "mft.db", tmp_path / "spoilt.db")
        spoilt = open_store(f"sqlite:///{tmp_path / 'spoilt.db'}")
        one, other = chance.sample(range(1, 30), 2)  # The thirtieth may be cut unseen: no checkpoint was made.
        how, at = chance.choice(list(SPOILT)), chance.randrange(1, 150)
        for statement in SPOILT[how]:
            change(spoilt, statement, one=one, other=other, at=at)
        assert not verify_store(spoilt, signer.public_bytes).sound, (how, one, other, at)
        spoilt.close()


# On an export, offline.


@pytest.fixture
def exported(any_store: Store, checkpoints: Checkpoints, signer: Signer) -> list[str]:
    record(any_store, *(an_event(f"user{number}", note="ž") for number in range(12)))
    checkpoints.make(LATER)
    record(any_store, an_event("later"), an_event("last"))
    return list(export_jsonl(any_store, signer.public_bytes, LATER))


def test_an_export_is_sound_and_says_whose_key_it_was_checked_with(exported: list[str], signer: Signer) -> None:
    alone = verify_export(exported)
    assert alone.sound, alone.breaks
    assert alone.key_came_along
    report = verify_export(exported, signer.public_bytes)
    assert report.sound
    assert not report.key_came_along
    assert (report.events, report.checkpoints) == (14, 1)
    assert list(report.signed.values()) == [12]


def test_an_export_with_a_key_that_is_not_ours_is_forged(exported: list[str], tmp_path: Path) -> None:
    stranger = Signer.create(tmp_path / "stranger.key")
    assert faults(verify_export(exported, stranger.public_bytes)) == {Fault.FORGED}


def test_no_line_of_an_export_can_be_dropped(exported: list[str], signer: Signer) -> None:
    for place in range(len(exported)):
        left = exported[:place] + exported[place + 1 :]
        report = verify_export(left, signer.public_bytes)
        # A checkpoint may be dropped from the file that carries it; the one kept outside is what counts.
        assert report.sound == ('"checkpoint"' in exported[place])


def test_no_two_events_of_an_export_can_change_places(exported: list[str]) -> None:
    for first in range(2, len(exported)):
        for second in range(first + 1, len(exported)):
            moved = exported.copy()
            moved[first], moved[second] = moved[second], moved[first]
            assert not verify_export(moved).sound


def test_no_line_of_an_export_can_come_twice(exported: list[str]) -> None:
    for place, line in enumerate(exported):
        report = verify_export([*exported[: place + 1], line, *exported[place + 1 :]])
        assert report.sound == ('"checkpoint"' in line)


def test_a_checkpoint_behind_events_is_out_of_place(exported: list[str]) -> None:
    assert Fault.MOVED in faults(verify_export([*exported, exported[1]]))


def test_an_export_cut_short_is_found_by_its_header(exported: list[str]) -> None:
    assert faults(verify_export(exported[:-1])) == {Fault.CUT}


@pytest.mark.parametrize("lines", [[], [""], ["{}"], ['{"export":1}'], ["[" * 100_000]])
def test_nothing_is_no_sound_export(lines: list[str]) -> None:
    assert not verify_export(lines).sound


SPOILS: list[Callable[[random.Random, str], str]] = [
    lambda chance, line: spoiled(line, chance.randrange(len(line)), chance.choice('0a}"Infinity')),
    lambda chance, line: line[: chance.randrange(len(line))],
    lambda _, line: line.replace('"number":', '"number":1,"number":'),
    lambda _, line: line.replace('"subject":"', '"subject":"\\ud800'),
    lambda _, line: line.replace('"v":1', '"v":1,"x":1'),
    lambda _, line: line.replace('"number":', '"number":1e999,"was":'),
]


def spoiled(line: str, place: int, character: str) -> str:
    return line[:place] + character + line[place + 1 :]


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(chance=st.randoms(use_true_random=False))
def test_no_character_of_an_event_can_be_changed(exported: list[str], chance: random.Random) -> None:
    place = chance.randrange(2, len(exported))
    altered = chance.choice(SPOILS)(chance, exported[place])
    if altered != exported[place]:
        assert not verify_export([*exported[:place], altered, *exported[place + 1 :]]).sound
