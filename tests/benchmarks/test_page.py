"""The page's tables say what was measured and nothing else."""

import pytest

from benchmarks.page import BEGIN, END, PAGE, render, written
from benchmarks.results import rows_of

RUNS = [
    {
        "measure": "download",
        "variant": "aes128-gcm",
        "server": "mft",
        "run": 0,
        "cpu_s_per_gib": 0.9,
        "mb_per_s": 861.0,
    },
    {
        "measure": "download",
        "variant": "aes128-gcm",
        "server": "mft",
        "run": 1,
        "cpu_s_per_gib": 1.1,
        "mb_per_s": 801.0,
    },
    {"measure": "download", "variant": "aes128-gcm", "server": "openssh", "run": 0, "cpu_s_per_gib": 2.0},
    {"measure": "list", "variant": "aes128-gcm", "server": "mft", "run": 0, "wall_s": 1234.5},
]


def found(**changed: object) -> dict:
    return {
        "machine": "Linux, 2 cores",
        "at": "2026-11-22T12:00:00+00:00",
        "commit": "a" * 40,
        "versions": {"mft": "0.1.0"},
        "digests_agree": True,
        "took_s": {"download": 90.0, "list": 30.0},
        "rows": rows_of(RUNS),
        "runs": RUNS,
        "skipped": [{"measure": "upload", "variant": "aes256-gcm", "server": "go", "why": "no matching\n cipher"}],
        **changed,
    }


def lines(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]


def test_each_row_stands_there_with_its_figures_and_how_many_runs_it_is_made_of():
    table = lines(render(found()))
    assert ["variant", "server", "cpu_s_per_gib", "mb_per_s", "runs"] in table
    assert ["aes128-gcm", "mft", "1.00", "831", "2"] in table
    assert ["aes128-gcm", "openssh", "2.00", "", "1"] in table
    assert ["aes128-gcm", "mft", "1,234", "1"] in table


def test_each_target_stands_there_met_or_not():
    table = lines(render(found()))
    assert ["download, AES-GCM, CPU, as shipped", "aes128-gcm", "0.5", "≤ 0.6", "yes"] in table
    assert ["download, AES-GCM, CPU, as shipped", "aes256-gcm", "no figure", "≤ 0.6", "**no**"] in table


def test_what_has_no_figure_is_told_with_the_reason_and_digests_that_disagree_are_cried_out():
    assert "No figure: `upload` aes256-gcm go: no matching cipher" in render(found())
    assert "digests of everything moved agree" in render(found())
    assert "DO NOT AGREE" in render(found(digests_agree=False))


def test_writing_the_page_anew_changes_what_stands_between_the_marks_and_nothing_else():
    once = written(f"before\n{BEGIN}\nold\n{END}\nafter\n", found())
    assert once == f"before\n{BEGIN}\n\n{render(found())}\n\n{END}\nafter\n"
    assert written(once, found()) == once


def test_a_page_without_a_place_for_it_is_not_written():
    with pytest.raises(ValueError, match="no place"):
        written(f"{END} {BEGIN}", found())


def test_the_page_has_that_place_once():
    assert PAGE.read_text().count(BEGIN) == PAGE.read_text().count(END) == 1
