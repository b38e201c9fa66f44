import xml.etree.ElementTree as ET
from io import StringIO

from rich.console import Console

from benchmarks.chart import PANELS, bars_of, draw
from benchmarks.table import show_rows, show_targets
from benchmarks.targets import judge, load_targets

SVG = "{http://www.w3.org/2000/svg}"


def row(server: str, value: float, measure: str = "download", figure: str = "cpu_s_per_gib") -> dict:
    return {"measure": measure, "variant": "aes128-gcm", "server": server, figure: value, "runs": 3}


def found(*rows: dict) -> dict:
    return {"machine": "Linux <&> 2 cores", "commit": "a" * 40, "rows": list(rows), "runs": [], "skipped": []}


def printed(show, *what: object) -> str:
    out = StringIO()
    show(*what, console=Console(file=out, width=150))
    return out.getvalue()


def test_the_longest_bar_is_the_largest_figure_and_the_others_are_in_proportion():
    picture = ET.fromstring(draw(found(row("mft", 1.0), row("openssh", 2.0))))  # noqa: S314  (made by us just now)
    ours, theirs = (float(bar.get("width", 0)) for bar in picture.iter(f"{SVG}rect") if bar.get("width") != "100%")
    assert ours * 2 == theirs


def test_our_bars_are_told_from_the_others_and_every_figure_is_written_out():
    picture = ET.fromstring(draw(found(row("mft", 1.25), row("openssh", 2.0))))  # noqa: S314
    colours = [bar.get("fill") for bar in picture.iter(f"{SVG}rect") if bar.get("width") != "100%"]
    assert len(set(colours)) == 2
    assert {"mft", "openssh", "1.25", "2"} <= {text.text for text in picture.iter(f"{SVG}text")}


def test_a_panel_without_figures_is_left_out():
    assert bars_of([row("mft", 1.0)], PANELS[1]) == []
    assert draw(found(row("mft", 1.0))).count("font-weight") == 1
    assert "<svg" in draw(found())


def test_nothing_in_the_results_can_break_out_of_the_picture():
    picture = draw(found(row("<script>", 1.0)))
    assert "<script>" not in picture
    assert "&lt;script&gt;" in picture


def test_the_table_shows_each_row_with_its_ratio_and_what_has_no_figure():
    results = found(row("mft", 1.0), row("openssh", 2.0))
    results["skipped"] = [{"measure": "download", "variant": "aes256-gcm", "server": "go", "why": "[no] cipher"}]
    text = printed(show_rows, results)
    assert "0.50" in text
    assert "no figure: download aes256-gcm go: [no] cipher" in text


def test_the_table_of_targets_shows_what_is_not_met():
    text = printed(show_targets, judge(found(), load_targets()))
    assert "no figure" in text
    assert "0 of 26 met" in text
