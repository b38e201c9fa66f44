"""What a listing looks like to a person."""

from datetime import UTC, datetime, timedelta

import pytest

from mft.model.file import EntryKind
from mft.sftp.session.attrs import clean_owner, long_name, ls_time
from mft.vfs.workspace import Listed

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


ENDS = NOW + timedelta(days=90)


def listed(kind=EntryKind.FILE, creator="alice", modified=NOW, expires_at=ENDS):
    return Listed("roster.csv", kind, 9523, int(modified.timestamp()), NOW, creator, None, expires_at, 0, "", False)


def test_a_line_is_what_ls_prints_with_the_creator_as_owner_and_utc():
    line = "-rw-rw----    1 alice    until-2027-02-20     9523 Nov 22 09:00 roster.csv"
    assert long_name("roster.csv", listed(), NOW) == line
    assert long_name("in", listed(EntryKind.FOLDER), NOW).startswith("drwxrwx---    1 alice ")


def test_a_line_says_until_when_a_file_is_kept():
    assert long_name("roster.csv", listed(), NOW).split()[3] == "until-2027-02-20"
    assert long_name("roster.csv", listed(expires_at=None), NOW).split()[3] == "on-hold"


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
        (timedelta(days=183), "May 23  2026"),
        (timedelta(days=-1), "Nov 23  2026"),
    ],
)
def test_the_hour_is_shown_for_half_a_year_and_the_year_for_the_rest(age, shown):
    assert ls_time(int((NOW - age).timestamp()), NOW) == shown


@pytest.mark.parametrize("seconds", [-(2**62), -1, 0, 2**32, 2**62])
def test_a_time_that_no_client_can_have_is_shown_all_the_same(seconds):
    assert len(ls_time(seconds, NOW)) == 12


def test_an_owner_is_one_word_of_plain_letters():
    assert clean_owner("al ice\x1b[31m\N{RIGHT-TO-LEFT OVERRIDE}") == "al_ice__31m_"
    assert clean_owner("") == "-"
