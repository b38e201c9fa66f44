import json

from benchmarks.peers.table import PEERS
from benchmarks.results import Book, Run, digests_agree, read, report, rows_of, write


def run(server: str, number: int, wanted: str = "", moved: str = "", **figures: float) -> Run:
    return Run("upload", "aes128-gcm", server, number, figures, wanted, moved)


def book(*runs: Run) -> Book:
    kept = Book()
    for one in runs:
        kept.add(one)
    return kept


def test_the_file_has_the_shape_that_readers_are_promised(tmp_path):
    kept = book(run("mft", 0, "a", "a", cpu_s_per_gib=1.0, mb_per_s=500.0), run("mft", 1, "a", "a", cpu_s_per_gib=3.0))
    kept.skip("upload", "aes256-gcm", "go", "no matching cipher")
    write(report(kept, {"mft": "0.1.0"}, {"short": True}), tmp_path / "results" / "latest.json")
    found = read(tmp_path / "results" / "latest.json")
    assert {"machine", "commit", "rows", "runs", "digests_agree"} <= set(found)
    assert found["digests_agree"] is True
    assert found["rows"] == [
        {
            "measure": "upload",
            "variant": "aes128-gcm",
            "server": "mft",
            "cpu_s_per_gib": 2.0,
            "mb_per_s": 500.0,
            "runs": 2,
        }
    ]
    assert [one["run"] for one in found["runs"]] == [0, 1]
    assert found["skipped"][0]["why"] == "no matching cipher"
    assert len(found["commit"].split()[0]) == 40


def test_a_row_is_the_median_of_each_figure():
    raw = [run("mft", number, cpu_s_per_gib=value).as_json() for number, value in enumerate((9.0, 1.0, 2.0))]
    assert rows_of(raw)[0]["cpu_s_per_gib"] == 2.0


def test_what_is_compared_stands_together_however_it_was_measured():
    first, second = Run("up", "v", "mft", 0, {"x": 1.0}), Run("down", "v", "mft", 0, {"x": 1.0})
    third, fourth = Run("up", "v", "go", 0, {"x": 1.0}), Run("down", "v", "go", 0, {"x": 1.0})
    rows = rows_of(one.as_json() for one in (first, second, third, fourth))
    assert [(row["measure"], row["server"]) for row in rows] == [
        ("up", "mft"),
        ("up", "go"),
        ("down", "mft"),
        ("down", "go"),
    ]


def test_one_file_that_arrived_otherwise_than_it_was_sent_is_enough_to_disagree():
    good, bad = run("mft", 0, "a", "a").as_json(), run("go", 0, "a", "b").as_json()
    assert digests_agree([good, run("mft", 1, x=1.0).as_json()])
    assert not digests_agree([good, bad])


def test_where_nothing_was_moved_nothing_agrees():
    assert not digests_agree([])
    assert not digests_agree([run("mft", 0, mb_per_s=1.0).as_json()])


def test_figures_are_plain_numbers_in_json():
    assert json.loads(json.dumps(run("mft", 0, mb_per_s=1 / 3).as_json()))["mb_per_s"] == 0.333333


def test_the_servers_are_those_that_readers_look_for():
    assert set(PEERS) == {"mft", "mft-plain", "openssh", "openssh-fsync", "go", "rclone", "proftpd", "asyncssh"}
    assert [peer.name for peer in PEERS.values() if peer.durable] == ["openssh-fsync"]
