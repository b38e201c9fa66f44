import pytest

from benchmarks.peers.table import PEERS
from benchmarks.results import rows_of
from benchmarks.table import asked
from benchmarks.targets import Target, doubts, judge, load_targets

MEASURES = {
    *("download", "upload", "signon", "small_upload", "small_download", "small_stat", "small_rename", "list", "idle"),
    *("parallel4_down", "parallel4_up", "parallel16_down", "decide", "stat_p99_transfer", "stat_p99_sweep", "refused"),
}
CHEAPER = Target("cheaper", "download", ("aes128-gcm",), "cpu_s_per_gib", over="openssh", most=0.6)


def raw(server: str, *values: float, measure: str = "download", figure: str = "cpu_s_per_gib", **more: float):
    named = {"measure": measure, "variant": "aes128-gcm", "server": server}
    return [{**named, "run": number, figure: value, **more} for number, value in enumerate(values)]


def found(*runs: dict, **changed: object) -> dict:
    return {"runs": list(runs), "rows": rows_of(runs), "digests_agree": True, **changed}


def test_a_ratio_is_made_of_the_medians_of_the_raw_runs_whatever_the_rows_say():
    runs = (*raw("mft", 9.0, 1.0, 1.2), *raw("openssh", 2.0, 0.1, 2.4))
    lying = [{"measure": "download", "variant": "aes128-gcm", "server": "mft", "cpu_s_per_gib": 0.01}]
    (verdict,) = judge(found(*runs, rows=lying), [CHEAPER])
    assert verdict.value == pytest.approx(0.6)
    assert verdict.met


def test_a_ratio_above_the_most_is_not_met():
    (verdict,) = judge(found(*raw("mft", 1.3), *raw("openssh", 2.0)), [CHEAPER])
    assert not verdict.met


def test_a_ratio_below_the_least_is_not_met():
    faster = Target("faster", "download", ("aes128-gcm",), "mb_per_s", over="go", least=1.3)
    for ours, met in ((1.29, False), (1.3, True)):
        runs = (*raw("mft", ours, figure="mb_per_s"), *raw("go", 1.0, figure="mb_per_s"))
        assert judge(found(*runs), [faster])[0].met is met


@pytest.mark.parametrize("runs", [[], raw("mft", 0.1), raw("openssh", 2.0), [*raw("mft", 1.0), *raw("openssh", 0.0)]])
def test_a_target_without_a_figure_counts_as_unmet(runs):
    (verdict,) = judge(found(*runs), [CHEAPER])
    assert verdict.value is None
    assert not verdict.met


def test_each_variant_counts_by_itself():
    both = Target("both", "download", ("aes128-gcm", "aes256-gcm"), "cpu_s_per_gib", over="openssh", most=0.6)
    verdicts = judge(found(*raw("mft", 1.0), *raw("openssh", 2.0)), [both])
    assert [(one.variant, one.met) for one in verdicts] == [("aes128-gcm", True), ("aes256-gcm", False)]


def test_a_figure_may_be_compared_with_another_of_its_own_row():
    calm = Target("calm", "stat", ("aes128-gcm",), "p99_ms", beside="idle_median_ms", most=5.0)
    runs = raw("mft", 6.0, measure="stat", figure="p99_ms", idle_median_ms=2.0)
    assert judge(found(*runs), [calm])[0].value == pytest.approx(3.0)


def test_a_figure_may_be_compared_with_nothing_but_its_bound():
    small = Target("small", "idle", ("aes128-gcm",), "kib_per_session", most=64.0)
    assert judge(found(*raw("mft", 64.0, measure="idle", figure="kib_per_session")), [small])[0].met


@pytest.mark.parametrize("wrong", [{}, {"most": 1.0, "least": 1.0}, {"most": 1.0, "over": "go", "beside": "x"}])
def test_a_target_that_says_too_little_or_too_much_is_refused(wrong):
    with pytest.raises(ValueError, match="one bound"):
        Target("odd", "download", ("aes128-gcm",), "cpu_s_per_gib", **wrong)


def test_rows_that_are_not_what_the_runs_say_are_doubted():
    runs = [{**one, "wanted": "a", "moved": "a"} for one in raw("mft", 1.0, 3.0)]
    assert doubts(found(*runs)) == []
    better = [{**rows_of(runs)[0], "cpu_s_per_gib": 1.0}]
    assert doubts(found(*runs, rows=better)) == ["the rows are not the medians of the runs"]


def test_digests_that_disagree_are_doubted_whatever_the_file_says():
    runs = [{**one, "wanted": "a", "moved": "b"} for one in raw("mft", 1.0)]
    assert len(doubts(found(*runs))) == 2


def test_the_targets_are_those_that_were_set():
    targets = load_targets()
    assert {target.measure for target in targets} <= MEASURES
    assert {target.server for target in targets} <= {"mft", "mft-plain"}
    assert {target.over for target in targets} <= {"", *PEERS}
    told = {(one.measure, one.server, one.figure, one.over): one.most or one.least for one in targets}
    assert told[("download", "mft", "cpu_s_per_gib", "openssh")] == 0.60
    assert told[("download", "mft-plain", "cpu_s_per_gib", "openssh")] == 0.45
    assert told[("upload", "mft", "cpu_s_per_gib", "openssh-fsync")] == 0.80
    assert told[("upload", "mft-plain", "cpu_s_per_gib", "openssh-fsync")] == 0.50
    assert told[("signon", "mft", "ops_per_s", "openssh")] == 3.0
    assert told[("list", "mft", "wall_s", "openssh")] == 1.0
    assert told[("idle", "mft", "kib_per_session", "")] == 64.0
    assert told[("stat_p99_transfer", "mft", "p99_ms", "")] == 5.0
    walls = [one for one in targets if one.figure == "mb_per_s"]
    assert {(one.measure, one.least) for one in walls} == {
        *(("download", 1.3), ("upload", 1.3), ("parallel4_down", 1.3), ("parallel4_up", 1.3)),
    }
    small = {(one.measure, one.over, one.least) for one in targets if one.measure.startswith("small")}
    assert small == {
        *(("small_stat", "go", 1.0), ("small_rename", "go", 1.0), ("small_download", "go", 1.0)),
        ("small_upload", "openssh-fsync", 1.0),
    }


def test_what_is_asked_is_written_as_people_write_it():
    (verdict,) = judge(found(), [CHEAPER])
    assert asked(verdict) == "≤ 0.6"
