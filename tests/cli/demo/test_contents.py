"""The example files are what they claim to be."""

import csv
import io
from datetime import date

import pytest

from mft.cli.demo.contents import claims, members, npi, reports

DAY = date(2026, 11, 22)


def test_two_runs_make_the_same_bytes_and_two_organizations_different_ones():
    assert [r.content for r in reports("northwind", DAY)] == [r.content for r in reports("northwind", DAY)]
    assert members("northwind") != members("lakeside")
    assert claims("northwind", DAY) == claims("northwind", DAY)


@pytest.mark.fact("0.4")
def test_a_delegate_finds_rosters_daily_authorizations_and_gaps_in_care():
    assert [r.name.split("/")[0] for r in reports("northwind", DAY)] == ["Rosters", "DAR", "GIC"]
    for report in reports("northwind", DAY):
        rows = list(csv.DictReader(io.StringIO(report.content.decode())))
        assert rows
        assert all(None not in row and all(row.values()) for row in rows)


def test_the_check_digit_is_that_of_the_published_example():
    assert npi(123456789) == "1234567893"


def test_the_batch_has_right_envelopes_counts_and_control_numbers():
    text = claims("northwind", DAY, control=7).decode("ascii")
    assert len(text.split("~")[0] + "~") == 106  # The interchange header has one length, always.
    segments = [segment.strip().split("*") for segment in text.split("~") if segment.strip()]
    at = {segment[0]: place for place, segment in enumerate(segments)}
    assert segments[at["ISA"]][13] == segments[at["IEA"]][2] == "000000007"
    assert segments[at["GS"]][6] == segments[at["GE"]][2] == "7"
    assert segments[at["GS"]][8] == segments[at["ST"]][3] == "005010X222A1"
    assert segments[at["ST"]][2] == segments[at["SE"]][2]
    assert int(segments[at["SE"]][1]) == at["SE"] - at["ST"] + 1
    assert [segment[0] for segment in segments].count("CLM") == 5


def test_every_provider_number_in_the_batch_has_a_right_check_digit():
    numbers = [s.split("*")[9].strip() for s in claims("northwind", DAY).decode().split("~") if "*XX*" in s]
    assert numbers
    assert all(npi(int(number[:9])) == number for number in numbers)
