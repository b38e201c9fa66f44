"""Stored files are read back in turn; what is damaged is said once and never deleted."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from mft.audit.search import search
from mft.blobs.reader import SealedReader
from mft.crypto.segments import SEGMENT
from mft.lifecycle import scrub
from mft.lifecycle.scrub import Condition, Scrubbed, Scrubber, ScrubRules
from mft.model.errors import Exhausted, NotFound, Unavailable
from mft.model.event import Action, AuditEvent
from mft.model.job import Stopped
from mft.store import catalog
from mft.store.engine import Store
from mft.store.events import Wanted
from mft.store.tables import letter, version
from mft.vfs.recovery import clear_orphans
from tests.support.world import OPERATOR, World, furnished, get, names, p, put

HOME = "/Distribution/northwind"
FILE = f"{HOME}/report.csv"
ALARMS = ("ops@example.org", "night@example.org")
DAY = timedelta(days=1)


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    return furnished(store, tmp_path)


def scrubber(world: World, per_run: int = 1 << 30) -> Scrubber:
    return Scrubber(world.files.parts, ScrubRules(30 * DAY, per_run), ALARMS)


def blob_of(world: World, path: str = FILE) -> Path:
    """Return where the bytes of the file lie."""
    with world.store.read() as connection:
        entry = catalog.resolve(connection, p(path)).entry
    assert entry is not None
    assert entry.file is not None
    return world.folder / "blobs" / "blobs" / entry.file.blob[:2] / entry.file.blob


def flip(world: World, path: str = FILE) -> bytes:
    """Flip one bit of a file's bytes on the disk, and return them as they were."""
    place = blob_of(world, path)
    whole = place.read_bytes()
    changed = bytearray(whole)
    changed[len(changed) // 2] ^= 1
    place.write_bytes(changed)
    return whole


def said(world: World) -> list[AuditEvent]:
    return list(search(world.store, Wanted(action=Action.FILE_DAMAGED)))


def letters(world: World) -> list[tuple[str, str, str]]:
    with world.store.read() as connection:
        rows = connection.execute(select(letter.c.template, letter.c.recipient, letter.c.fields))
        return [(row.template, row.recipient, row.fields) for row in rows]


def test_a_flipped_bit_is_found_said_and_told_and_nothing_is_deleted(world: World):
    put(world.as_("alice"), FILE, b"x" * 200_000)
    put(world.as_("alice"), f"{HOME}/good.csv", b"y" * 200_000)
    flip(world)
    assert scrubber(world).run() == Scrubbed(files=2, bytes=400_000, damaged=1)
    [line] = said(world)
    assert line.event.subject == FILE
    assert line.event.detail["condition"] == "damaged"
    assert [(template, to) for template, to, _ in letters(world)] == [("file-damaged", to) for to in ALARMS]
    assert all("report" not in words and "northwind" not in words for *_, words in letters(world))
    assert scrubber(world).damaged() == 1
    assert names(world.operator, HOME) == ["good.csv", "report.csv"]
    assert blob_of(world).exists()
    assert get(world.operator, f"{HOME}/good.csv") == b"y" * 200_000


def test_missing_bytes_are_said_to_be_missing(world: World):
    put(world.as_("alice"), FILE, b"x")
    blob_of(world).unlink()
    assert scrubber(world).run() == Scrubbed(files=1, bytes=1, damaged=1)
    assert said(world)[0].event.detail["condition"] == "missing"


def test_bytes_that_are_whole_but_others_are_damage(world: World):
    put(world.as_("alice"), FILE, b"x")
    with world.store.write() as connection:
        connection.execute(version.update().values(sha256=bytes(32)))
    assert isinstance(found := scrubber(world).run(), Scrubbed)
    assert found.damaged == 1


def test_a_key_that_does_not_open_is_damage_of_that_file_alone(world: World):
    put(world.as_("alice"), FILE, b"x")
    put(world.as_("alice"), f"{HOME}/good.csv", b"y")
    with world.store.write() as connection:
        mine = version.c.sha256 == world.operator.stat(p(FILE)).sha256
        connection.execute(version.update().where(mine).values(wrapped_key=bytes(40)))
    assert scrubber(world).run() == Scrubbed(files=2, bytes=2, damaged=1)
    assert said(world)[0].event.subject == FILE


def test_damage_is_said_once_until_it_is_mended_and_again_when_it_comes_back(world: World):
    put(world.as_("alice"), FILE, b"x" * 5000)
    whole = flip(world)
    for _ in range(2):
        scrubber(world).run()
        world.clock.advance(days=31)
    assert len(said(world)) == 1
    assert len(letters(world)) == len(ALARMS)
    blob_of(world).write_bytes(whole)
    scrubber(world).run()
    assert scrubber(world).damaged() == 0
    flip(world)
    scrubber(world).verify(OPERATOR, p(FILE))
    assert len(said(world)) == 2


def test_each_file_is_read_once_in_its_time_and_not_a_second_earlier(world: World):
    put(world.as_("alice"), FILE, b"x")
    assert scrubber(world).run() == Scrubbed(1, 1)
    world.clock.advance(days=29, hours=23, minutes=59, seconds=59)
    assert scrubber(world).run() == Scrubbed()
    world.clock.advance(seconds=1)
    assert scrubber(world).run() == Scrubbed(1, 1)


def test_what_was_never_read_comes_first_then_the_longest_ago(world: World, monkeypatch: pytest.MonkeyPatch):
    for number in range(3):
        put(world.as_("alice"), f"{HOME}/{number}", b"x" * (number + 1))
        world.clock.advance(days=1)
        scrubber(world).run()
    put(world.as_("alice"), f"{HOME}/3", b"x" * 4)
    world.clock.advance(days=33)
    read: list[int] = []
    digest = SealedReader.digest

    def noted(reader: SealedReader, *args: Callable[[int], object]) -> bytes:
        read.append(reader.size)
        return digest(reader, *args)

    monkeypatch.setattr(SealedReader, "digest", noted)
    scrubber(world).run()
    assert read == [4, 1, 2, 3]


def test_a_run_keeps_to_its_budget_and_the_next_goes_on(world: World):
    for number in range(5):
        put(world.as_("alice"), f"{HOME}/{number}", b"x" * SEGMENT)
    small = scrubber(world, per_run=2 * SEGMENT)
    assert [small.run() for _ in range(4)] == [
        *[Scrubbed(2, 2 * SEGMENT)] * 2,
        Scrubbed(1, SEGMENT),
        Scrubbed(),
    ]


def test_many_small_files_take_up_a_budget_too(world: World):
    for number in range(5):
        put(world.as_("alice"), f"{HOME}/{number}", b"x")
    assert scrubber(world, per_run=3 * SEGMENT).run() == Scrubbed(3, 3)


def test_a_file_larger_than_the_budget_is_read_whole(world: World):
    put(world.as_("alice"), FILE, b"x" * 300_000)
    assert scrubber(world, per_run=1).run() == Scrubbed(1, 300_000)


def test_pages_are_turned_until_all_is_read(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(scrub, "_PAGE", 2)
    for number in range(5):
        put(world.as_("alice"), f"{HOME}/{number}", b"x")
    assert scrubber(world).run() == Scrubbed(5, 5)


def test_a_disk_that_lost_everything_raises_one_alarm(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(scrub, "_PAGE", 4)
    monkeypatch.setattr(scrub, "_MANY", 3)
    for number in range(10):
        put(world.as_("alice"), f"{HOME}/{number}", str(number).encode())
        blob_of(world, f"{HOME}/{number}").unlink()
    assert scrubber(world).run() == Scrubbed(4, 4, 4)
    assert len(letters(world)) == len(ALARMS)


def test_a_clock_that_went_wrong_once_does_not_put_a_file_off_for_years(world: World):
    put(world.as_("alice"), FILE, b"x")
    world.clock.jump(days=10)
    scrubber(world).run()
    world.clock.jump(days=-10)
    assert scrubber(world).run() == Scrubbed(1, 1)
    assert scrubber(world).run() == Scrubbed()


def _remove(world: World) -> None:
    world.as_("alice").remove(p(FILE))
    world.clock.advance(hours=1)
    world.sweep.run()


def _replace(world: World) -> None:
    put(world.as_("alice"), FILE, b"new")
    world.clock.advance(hours=1)
    world.sweep.run()


@pytest.mark.parametrize("gone", [_remove, _replace])
def test_a_file_that_goes_while_it_is_read_is_no_damage(
    world: World, monkeypatch: pytest.MonkeyPatch, gone: Callable[[World], None]
):
    put(world.as_("alice"), FILE, b"x" * 300_000)
    real = world.blobs.open

    def late(blob: object) -> int:
        monkeypatch.setattr(world.blobs, "open", real)
        gone(world)
        return real(blob)  # type: ignore[arg-type]

    monkeypatch.setattr(world.blobs, "open", late)
    found = scrubber(world).run()
    assert isinstance(found, Scrubbed)
    assert found.damaged == 0
    assert said(world) == []
    assert letters(world) == []


def test_a_file_that_is_read_while_it_is_renamed_is_whole(world: World, monkeypatch: pytest.MonkeyPatch):
    put(world.as_("alice"), FILE, b"x" * 300_000)
    real = world.blobs.open

    def late(blob: object) -> int:
        monkeypatch.setattr(world.blobs, "open", real)
        world.as_("alice").rename(p(FILE), p(f"{HOME}/other.csv"), replace=False)
        return real(blob)  # type: ignore[arg-type]

    monkeypatch.setattr(world.blobs, "open", late)
    assert scrubber(world).run() == Scrubbed(1, 300_000)
    assert said(world) == []


def test_a_limit_that_was_reached_is_no_word_about_a_file(world: World, monkeypatch: pytest.MonkeyPatch):
    put(world.as_("alice"), FILE, b"x")

    def full(_: object) -> int:
        raise Exhausted("too many files are open in this process")

    monkeypatch.setattr(world.blobs, "open", full)
    with pytest.raises(Exhausted):
        scrubber(world).run()
    assert said(world) == []


def test_files_under_keys_that_this_process_does_not_know_yet_wait(world: World):
    put(world.as_("alice"), FILE, b"x")
    with world.store.write() as connection:
        connection.execute(version.update().values(master="mk_000000000000"))
    assert scrubber(world).run() == Scrubbed()
    with pytest.raises(Unavailable, match="generation"):
        scrubber(world).verify(OPERATOR, p(FILE))
    assert said(world) == []


def test_who_is_asked_to_end_ends_with_the_file_it_reads_and_keeps_what_it_found(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    for number in range(3):
        put(world.as_("alice"), f"{HOME}/{number}", b"x" * 2 * SEGMENT)
    flip(world, f"{HOME}/0")
    one = scrubber(world)
    real, opened = world.blobs.open, 0

    def second(blob: object) -> int:
        nonlocal opened
        opened += 1
        if opened == 2:
            one.stop()
        return real(blob)  # type: ignore[arg-type]

    monkeypatch.setattr(world.blobs, "open", second)
    assert one.run() == Stopped(Scrubbed(1, 2 * SEGMENT, 1))
    assert len(said(world)) == 1
    assert scrubber(world).run() == Scrubbed(2, 4 * SEGMENT)


def test_reading_rests_three_times_as_long_as_it_worked(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(scrub, "_STEP", SEGMENT)
    put(world.as_("alice"), FILE, b"x" * 4 * SEGMENT)
    one = scrubber(world)
    rested: list[float] = []
    digest = SealedReader.digest

    def slow(reader: SealedReader, told: Callable[[int], object]) -> bytes:
        def tell(octets: int) -> None:
            world.clock.advance(seconds=2)
            told(octets)

        return digest(reader, tell)

    def rest(seconds: float) -> bool:
        rested.append(seconds)
        return False

    monkeypatch.setattr(SealedReader, "digest", slow)
    monkeypatch.setattr(one._end, "wait", rest)  # noqa: SLF001
    one.run()
    assert rested == [6.0] * 4


def test_one_file_is_verified_at_once_and_its_reader_is_told_how_far(world: World):
    put(world.as_("alice"), FILE, b"x" * 100_000)
    heard: list[int] = []
    assert scrubber(world).verify(OPERATOR, p(FILE), heard.append).condition is Condition.WHOLE
    assert sum(heard) == 100_000
    assert scrubber(world).run() == Scrubbed()
    flip(world)
    assert scrubber(world).verify(OPERATOR, p(FILE)).condition is Condition.DAMAGED
    assert said(world)[0].event.actor.name == OPERATOR.name


@pytest.mark.parametrize("path", [f"{HOME}/nothing", HOME])
def test_what_is_no_file_is_not_verified(world: World, path: str):
    with pytest.raises(NotFound):
        scrubber(world).verify(OPERATOR, p(path))


def test_an_expired_file_is_not_there_to_be_verified(world: World):
    put(world.as_("alice"), FILE, b"x")
    world.clock.advance(days=90)
    with pytest.raises(NotFound):
        scrubber(world).verify(OPERATOR, p(FILE))


def test_files_without_bytes_are_reported_once_and_those_that_ended_are_not(world: World):
    for name in ("lost", "removed", "there"):
        put(world.as_("alice"), f"{HOME}/{name}", name.encode())
    for name in ("lost", "removed"):
        blob_of(world, f"{HOME}/{name}").unlink()
    found = clear_orphans(world.files.parts)
    assert (found.discarded, len(found.missing)) == (0, 2)
    world.as_("alice").remove(p(f"{HOME}/removed"))
    assert scrubber(world).report_missing(found.missing) == 1
    assert scrubber(world).report_missing(found.missing) == 1
    assert [line.event.subject for line in said(world)] == [f"{HOME}/lost"]


def test_on_both_databases_never_comes_before_long_ago(any_store: Store, tmp_path: Path):
    world = furnished(any_store, tmp_path)
    put(world.as_("alice"), f"{HOME}/old", b"x")
    assert scrubber(world).run() == Scrubbed(1, 1)
    world.clock.advance(days=31)
    put(world.as_("alice"), f"{HOME}/new", b"yy")
    flip(world, f"{HOME}/old")
    assert scrubber(world, per_run=1).run() == Scrubbed(1, 2)
    assert scrubber(world, per_run=1).run() == Scrubbed(1, 1, 1)
    assert scrubber(world).damaged() == 1
