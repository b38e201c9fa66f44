"""Names that say "not yet whole"."""

import pytest

from mft.policy.names import is_work_name


@pytest.mark.parametrize(
    "name", ["batch.837.filepart", "a.part", "A.PART", "x.csv.partial", "download.tmp", ".tmp", "é.Part"]
)
def test_a_work_name_is_told_by_its_end_in_any_case(name: str):
    assert is_work_name(name)


@pytest.mark.parametrize("name", ["report.csv", "part", "tmp", "a.part.csv", "a.parts", "a.tmp1", "filepart", "a.tmp "])
def test_any_other_name_is_what_it_says(name: str):
    assert not is_work_name(name)
