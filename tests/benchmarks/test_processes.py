import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.processes import TICKS, Process, Tree, family, parse_stat

BUSY = """
import subprocess, sys
burn = "import time\\nwhile time.process_time() < 0.2: pass"
subprocess.run([sys.executable, "-c", burn], check=True)
kept = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
print("ready", flush=True)
input()
kept.communicate(b"\\n")
print("alone", flush=True)
input()
"""


def stat(pid: int, name: str, parent: int, *spent: int) -> str:
    return f"{pid} ({name}) S {parent} 7 7 0 -1 4194304 1 2 3 4 {' '.join(map(str, spent))} 20 0 1 0 99 0 0\n"


def listed(proc: Path, *stats: str) -> Path:
    for text in stats:
        folder = proc / text.split()[0]
        folder.mkdir()
        (folder / "stat").write_text(text)
    (proc / "meminfo").write_text("")
    return proc


def test_a_stat_line_is_read_whatever_its_command_is_called():
    assert parse_stat(stat(12, "sshd: a (b) c) S 1", 3, 10, 20, 3, 4)) == Process(12, 3, 37)


def test_a_family_is_the_root_and_all_below_it():
    everybody = {pid: Process(pid, parent, 0) for pid, parent in {1: 0, 2: 1, 3: 2, 4: 1, 5: 3}.items()}
    assert family(2, everybody) == {2, 3, 5}
    assert family(9, everybody) == set()


def test_the_time_of_a_tree_counts_the_living_and_those_who_were_waited_for(tmp_path):
    proc = listed(
        tmp_path,
        stat(2, "server", 1, 10, 20, 30, 40),
        stat(3, "child", 2, 1, 2, 0, 0),
        stat(4, "other", 1, 500, 0, 0, 0),
    )
    assert Tree(2, proc).cpu() == pytest.approx(103 / TICKS)


def test_memory_is_the_sum_of_shares_and_a_process_that_cannot_be_read_counts_nothing(tmp_path):
    proc = listed(tmp_path, stat(2, "server", 1, 0, 0, 0, 0), stat(3, "child", 2, 0, 0, 0, 0))
    (proc / "2" / "smaps_rollup").write_text("00400000-7ffe rollup\nRss: 100 kB\nPss: 60 kB\nPss_Dirty: 50 kB\n")
    assert Tree(2, proc).memory() == 60 * 1024


def test_a_tree_that_does_not_come_to_rest_is_not_waited_for_for_ever(tmp_path):
    proc = listed(tmp_path, stat(2, "server", 1, 0, 0, 0, 0), stat(3, "child", 2, 0, 0, 0, 0))
    waits: list[float] = []
    assert Tree(2, proc).rest(2, pause=waits.append)
    assert not waits
    assert not Tree(2, proc).rest(1, seconds=0.0, pause=waits.append)


def test_a_real_tree_counts_a_child_that_ended_and_rests_when_the_other_has():
    with subprocess.Popen(
        [sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as root:
        assert root.stdout is not None
        assert root.stdin is not None
        tree = Tree(root.pid)
        assert root.stdout.readline() == "ready\n"
        assert len(tree.pids()) == 2
        assert tree.cpu() >= 0.19
        assert tree.memory() > 1 << 20
        root.stdin.write("\n")
        root.stdin.flush()
        assert root.stdout.readline() == "alone\n"
        assert tree.rest(1)
        root.stdin.write("\n")
