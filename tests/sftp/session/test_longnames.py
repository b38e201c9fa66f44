"""What a listing looks like to a person."""

from datetime import UTC, datetime, timedelta

import pytest

from mft.model.file import EntryKind
from mft.sftp.session import longnames
from mft.sftp.session.packets import Fields
from mft.vfs.workspace import Listed, line_of

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


ENDS = NOW + timedelta(days=90)


def listed(kind=EntryKind.FILE, creator="alice", modified=NOW, expires_at=ENDS, *, mine_uploading=False):
    seconds = int(modified.timestamp())
    return Listed("roster.csv", kind, 9523, seconds, NOW, creator, None, expires_at, 0, "", mine_uploading)


def long_name(name, shown, now):
    return longnames.long_name(line_of(shown, name), now)


def ls_time(seconds, now):
    """Return the time that a line shows."""
    line = longnames.long_name(("x", "file", 1, seconds, "alice", 0), now)
    return line[-14:-2]


def test_a_line_is_what_ls_prints_with_the_creator_as_owner_and_utc():
    line = "-rw-rw----    1 alice    until-2027-02-20     9523 Nov 22 09:00 roster.csv"
    assert long_name("roster.csv", listed(), NOW) == line
    assert long_name("in", listed(EntryKind.FOLDER), NOW).startswith("drwxrwx---    1 alice ")


def test_an_entry_is_a_name_a_line_and_attributes():
    name = "Ärzte \N{SNOWMAN}.csv"
    line = line_of(listed(), name)
    (entry,) = longnames.entries([line], NOW)
    fields = Fields(b"\0" + entry)
    assert fields.string().decode() == name
    assert fields.string().decode() == longnames.long_name(line, NOW)
    seconds = int(NOW.timestamp())
    assert (fields.u32(), fields.u64()) == (0xF, 9523)
    assert [fields.u32() for _ in range(5)] == [0, 0, 0o100660, seconds, seconds]


def test_a_line_says_until_when_a_file_is_kept():
    assert long_name("roster.csv", listed(), NOW).split()[3] == "until-2027-02-20"
    assert long_name("roster.csv", listed(expires_at=None), NOW).split()[3] == "on-hold"


def test_a_line_tells_no_end_of_a_folder_and_of_an_upload_on_its_way_in():
    assert long_name("in", listed(EntryKind.FOLDER, expires_at=None), NOW).split()[3] == "mft"
    assert long_name("roster.csv", listed(mine_uploading=True), NOW).split()[3] == "mft"


def test_every_line_splits_into_the_nine_columns_that_clients_expect():
    for creator in ("", "a b", "é\n", "x" * 99, "svc.batch-1"):
        columns = long_name("a name.txt", listed(creator=creator), NOW).split(maxsplit=8)
        assert len(columns) == 9
        assert columns[8] == "a name.txt"


@pytest.mark.parametrize(
    ("age", "shown"),
    [
        (timedelta(), "Nov 22 09:00"),
        (timedelta(days=181), "May 25 09:00"),
        (timedelta(days=182) - timedelta(seconds=1), "May 24 09:00"),
        (timedelta(days=182), "May 24  2026"),
        (timedelta(days=183), "May 23  2026"),
        (timedelta(seconds=-1), "Nov 22  2026"),
        (timedelta(days=-1), "Nov 23  2026"),
    ],
)
def test_the_hour_is_shown_for_half_a_year_and_the_year_for_the_rest(age, shown):
    assert ls_time(int((NOW - age).timestamp()), NOW) == shown


@pytest.mark.parametrize("seconds", [-(2**62), -1, 0, 2**32, 2**62])
def test_a_time_that_no_client_can_have_is_shown_all_the_same(seconds):
    assert ls_time(seconds, NOW)[:3] in {"Jan", "Feb"}


def test_an_owner_is_one_word_of_plain_letters():
    assert longnames.clean_owner("al ice\x1b[31m\N{RIGHT-TO-LEFT OVERRIDE}") == "al_ice__31m_"
    assert longnames.clean_owner("") == "-"
