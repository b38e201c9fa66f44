"""Only a close that was asked for shows a file; everything else keeps what arrived for its owner."""

import pytest

from mft.model.errors import Conflict, Exhausted, Forbidden, NotFound
from mft.model.rights import Right
from mft.store import catalog
from mft.vfs.workspace import Ended, OpenMode
from tests.support.world import PUT, RESUME, World, close, get, names, p, put, sha

HOME = "/Distribution/northwind"
FILE = f"{HOME}/report.csv"


def test_a_committed_upload_is_read_back_whole_and_described(world: World):
    content = b"member,plan\n" * 20_000
    put(world.as_("alice"), FILE, content)
    listed = world.as_("alice").stat(p(FILE))
    assert get(world.as_("alice"), FILE) == content
    assert (listed.size, listed.sha256, listed.creator) == (len(content), sha(content), "alice")
    assert (listed.received_from, listed.created_at) == ("8.8.8.8", world.clock.now())
    assert (listed.expires_at - world.clock.now()).days == 90
    assert names(world.as_("alice"), HOME) == ["report.csv"]


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 261_120, 600_000])
def test_every_size_comes_back_the_same(world: World, size: int):
    content = bytes(range(256)) * (size // 256) + bytes(size % 256)
    put(world.as_("alice"), FILE, content)
    assert get(world.as_("alice"), FILE) == content


def test_an_upload_cut_short_is_never_listed_to_others_and_its_owner_resumes_it(world: World):
    world.grant("anna", HOME)
    handle = world.as_("alice").open_upload(p(FILE), PUT)
    handle.write(0, b"a" * 70_000)
    handle.interrupt(Ended.CUT)
    assert names(world.as_("anna"), HOME) == []
    with pytest.raises(NotFound):
        world.as_("anna").stat(p(FILE))
    with pytest.raises(NotFound):
        world.as_("alice").open_download(p(FILE))
    listed = world.as_("alice").stat(p(FILE))
    assert (listed.size, listed.mine_uploading) == (70_000, True)
    assert names(world.as_("alice"), HOME) == ["report.csv"]
    again = world.as_("alice").open_upload(p(FILE), OpenMode())
    again.write(again.size, b"b" * 10)
    close(again)
    assert get(world.as_("anna"), FILE) == b"a" * 70_000 + b"b" * 10


def test_the_owner_sees_how_far_an_open_upload_has_come(world: World):
    handle = world.as_("alice").open_upload(p(FILE), PUT)
    handle.write(0, b"x" * 1000)
    assert world.as_("alice").stat(p(FILE)).size == 1000
    handle.interrupt(Ended.CUT)


def test_an_interrupted_upload_is_gone_after_a_day_with_no_sweep(world: World):
    handle = world.as_("alice").open_upload(p(FILE), PUT)
    handle.write(0, b"x")
    handle.interrupt(Ended.CUT)
    world.clock.advance(hours=24)
    assert names(world.as_("alice"), HOME) == []
    with pytest.raises(NotFound):
        world.as_("alice").open_upload(p(FILE), OpenMode())
    put(world.as_("alice"), FILE, b"new", RESUME)
    assert get(world.as_("alice"), FILE) == b"new"


def test_the_old_version_stays_readable_until_the_new_one_is_committed(world: World):
    put(world.as_("alice"), FILE, b"old")
    before = world.as_("alice").open_download(p(FILE))
    handle = world.as_("alice").open_upload(p(FILE), PUT)
    handle.write(0, b"newer")
    assert get(world.as_("alice"), FILE) == b"old"
    assert world.as_("alice").stat(p(FILE)).size == 3
    close(handle)
    assert get(world.as_("alice"), FILE) == b"newer"
    assert before.read(0, 10) == b"old"
    before.close(Ended.CLOSED)


def test_opening_a_committed_file_without_truncation_starts_from_the_old_bytes(world: World):
    put(world.as_("alice"), FILE, b"0123456789" * 20_000)
    handle = world.as_("alice").open_upload(p(FILE), OpenMode())
    handle.write(5, b"XYZ")
    assert get(world.as_("alice"), FILE)[:10] == b"0123456789"
    close(handle)
    content = get(world.as_("alice"), FILE)
    assert (content[:10], len(content)) == (b"01234XYZ89", 200_000)


def test_appending_writes_at_the_end_whatever_the_offset_says(world: World):
    put(world.as_("alice"), FILE, b"one,")
    handle = world.as_("alice").open_upload(p(FILE), OpenMode(append=True))
    handle.write(0, b"two,")
    handle.write(0, b"three")
    close(handle)
    assert get(world.as_("alice"), FILE) == b"one,two,three"


def test_an_exclusive_open_is_refused_where_something_is(world: World):
    put(world.as_("alice"), FILE, b"x")
    with pytest.raises(Conflict):
        world.as_("alice").open_upload(p(FILE), OpenMode(create=True, exclusive=True))


def test_without_create_a_missing_file_is_not_found(world: World):
    with pytest.raises(NotFound):
        world.as_("alice").open_upload(p(FILE), OpenMode(truncate=True))


def test_a_handle_that_only_looked_leaves_no_trace(world: World):
    put(world.as_("alice"), FILE, b"same")
    version = _version(world, FILE)
    handle = world.as_("alice").open_upload(p(FILE), OpenMode(read=True))
    assert handle.read(0, 10) == b"same"
    close(handle)
    assert _version(world, FILE) == version
    assert list(world.blobs.staged()) == []


def test_opening_to_create_and_closing_makes_an_empty_file(world: World):
    close(world.as_("alice").open_upload(p(FILE), RESUME))
    assert world.as_("alice").stat(p(FILE)).size == 0


def test_a_hole_is_refused_at_the_close_and_the_upload_kept(world: World):
    handle = world.as_("alice").open_upload(p(FILE), PUT)
    handle.write(0, b"a" * 100)
    handle.write(200_000, b"b" * 100)
    with pytest.raises(Conflict, match="100"):
        handle.finish()
    assert world.as_("alice").stat(p(FILE)).size == 100
    again = world.as_("alice").open_upload(p(FILE), OpenMode())
    again.write(100, b"c")
    close(again)
    assert get(world.as_("alice"), FILE) == b"a" * 100 + b"c"


def test_a_size_set_by_the_client_counts_as_written_zeros(world: World):
    handle = world.as_("alice").open_upload(p(FILE), PUT)
    handle.truncate(100_000)
    handle.write(99_999, b"!")
    close(handle)
    assert get(world.as_("alice"), FILE) == bytes(99_999) + b"!"


def test_a_second_writer_is_refused_while_the_first_is_at_work(world: World):
    world.grant("anna", HOME)
    handle = world.as_("alice").open_upload(p(FILE), PUT)
    handle.write(0, b"first")
    world.clock.advance(seconds=9)
    handle.write(5, b"!")
    world.clock.advance(seconds=9)
    for name in ("alice", "anna"):
        with pytest.raises(Conflict):
            world.as_(name).open_upload(p(FILE), PUT)
    world.clock.advance(hours=1)
    with pytest.raises(Conflict):
        world.as_("anna").open_upload(p(FILE), PUT)
    close(handle)
    assert get(world.as_("anna"), FILE) == b"first!"


@pytest.mark.parametrize("elsewhere", [False, True], ids=["same process", "another process"])
def test_the_same_account_takes_over_from_itself_after_a_silence(world: World, *, elsewhere: bool):
    first = world.as_("alice").open_upload(p(FILE), PUT)
    first.write(0, b"a" * 200_000)
    first.sync()
    world.clock.advance(seconds=10)
    other = world.process() if elsewhere else world.files
    second = world.as_("alice", other).open_upload(p(FILE), OpenMode())
    assert second.size == 200_000
    if elsewhere:
        first.write(0, b"late and lost")
        with pytest.raises(Conflict):
            first.check_lease()
    with pytest.raises(Conflict):
        first.write(0, b"!")
    second.write(200_000, b"b")
    close(second)
    with pytest.raises(Conflict):
        close(first)
    assert get(world.as_("alice"), FILE) == b"a" * 200_000 + b"b"
    assert (list(world.blobs.staged()), len(list(world.blobs.published()))) == ([], 1)


def test_a_fenced_handle_can_not_commit_over_the_one_that_took_over(world: World):
    first = world.as_("alice").open_upload(p(FILE), PUT)
    first.write(0, b"first")
    first.finish()
    world.clock.advance(seconds=10)
    second = world.as_("alice", world.process()).open_upload(p(FILE), PUT)
    with pytest.raises(Conflict):
        first.publish()
    with pytest.raises(NotFound):
        get(world.as_("alice"), FILE)
    second.write(0, b"second")
    close(second)
    assert get(world.as_("alice"), FILE) == b"second"


def test_an_upload_whose_commit_was_refused_can_be_resumed_where_it_ended(world: World):
    handle = world.as_("alice").open_upload(p(FILE), PUT)
    handle.write(0, b"z" * 70_000)
    world.quota("northwind", 10)
    handle.finish()
    with pytest.raises(Exhausted):
        handle.publish()
    assert world.as_("alice").stat(p(FILE)).mine_uploading
    world.quota("northwind", None)
    again = world.as_("alice").open_upload(p(FILE), OpenMode())
    assert again.size == 70_000
    again.write(70_000, b"!")
    close(again)
    assert get(world.as_("alice"), FILE) == b"z" * 70_000 + b"!"
    assert len(list(world.blobs.published())) == 1


def test_rights_taken_away_during_an_upload_count_at_its_close(world: World):
    handle = world.as_("alice").open_upload(p(FILE), PUT)
    handle.write(0, b"x")
    world.grant("alice", HOME, Right.LIST)
    handle.finish()
    with pytest.raises(Forbidden):
        handle.publish()
    assert names(world.operator, HOME) == []


def test_an_upload_follows_its_folder_when_that_is_renamed(world: World):
    tree = world.as_("alice")
    tree.make_folder(p(f"{HOME}/in"))
    handle = tree.open_upload(p(f"{HOME}/in/a.txt"), PUT)
    handle.write(0, b"x")
    tree.rename(p(f"{HOME}/in"), p(f"{HOME}/done"), replace=False)
    close(handle)
    assert get(tree, f"{HOME}/done/a.txt") == b"x"


def test_a_clients_time_is_kept_as_its_claim_and_moves_no_term(world: World):
    handle = world.as_("alice").open_upload(p(FILE), PUT)
    handle.write(0, b"x")
    handle.set_mtime(1_000_000_000)
    close(handle)
    listed = world.as_("alice").stat(p(FILE))
    assert listed.modified == 1_000_000_000
    assert (listed.expires_at - world.clock.now()).days == 90
    world.as_("alice").set_mtime(p(FILE), 5)
    assert world.as_("alice").stat(p(FILE)).modified == 5


def test_removing_ones_own_open_upload_ends_it(world: World):
    handle = world.as_("alice").open_upload(p(FILE), PUT)
    handle.write(0, b"x")
    world.as_("alice").remove(p(FILE))
    with pytest.raises(Conflict):
        handle.write(1, b"y")
    with pytest.raises(NotFound):
        world.as_("alice").stat(p(FILE))
    assert list(world.blobs.staged()) == []


@pytest.mark.parametrize("size", [0, 2, 70_000])
def test_a_committed_file_is_cut_or_grown_as_a_new_version(world: World, size: int):
    put(world.as_("alice"), FILE, b"abcdef")
    world.as_("alice").set_size(p(FILE), size)
    assert get(world.as_("alice"), FILE) == b"abcdef"[:size].ljust(size, b"\0")


def _version(world: World, path: str) -> int:
    with world.store.read() as connection:
        entry = catalog.resolve(connection, p(path)).entry
        assert entry is not None
        assert entry.file is not None
        return entry.file.id
