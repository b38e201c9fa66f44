"""Writers of several processes take turns: nobody waits while another writes again and again."""

import subprocess
import sys
from pathlib import Path

from mft.store.engine import open_store
from mft.store.siblings import Turns

WRITER = """
import sys
from pathlib import Path
from time import monotonic
from mft.store.engine import open_store
store = open_store(sys.argv[1], Path(sys.argv[2]))
print("ready", flush=True)
sys.stdin.readline()
until = monotonic() + 3
while monotonic() < until:
    with store.write() as connection:
        connection.exec_driver_sql("INSERT INTO done VALUES (?)", (sys.argv[3],))
"""


def test_of_two_processes_that_always_write_neither_gets_more_than_its_half(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/some.db"
    store = open_store(url)
    with store.write() as connection:
        connection.exec_driver_sql("CREATE TABLE done (who TEXT)")
    command = [sys.executable, "-c", WRITER, url, str(tmp_path)]
    writers = [
        subprocess.Popen([*command, who], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for who in "ab"
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=30)
        assert writer.returncode == 0
    with store.read() as connection:
        rows = connection.exec_driver_sql("SELECT who FROM done ORDER BY rowid").scalars().all()
    store.close()
    # Between the first and the last turn of whoever was through first, each came after the other.
    both = rows[max(rows.index("a"), rows.index("b")) : min(_last(rows, "a"), _last(rows, "b"))]
    longest = max(len(run) for who in "ab" for run in "".join(both).split(who))
    assert len(both) > 50
    assert longest <= 50  # Without turns it is hundreds; a process that is not scheduled is not in line.


def _last(rows: list[str], who: str) -> int:
    return len(rows) - 1 - rows[::-1].index(who)


def test_a_process_that_hangs_with_its_turn_holds_nobody_up_for_long(tmp_path: Path):
    hung, other = Turns(tmp_path), Turns(tmp_path)
    hung.take()
    other.take()  # It returns, and SQLite's own lock decides.
    other.give()
    hung.give()


def test_writers_of_one_process_leave_no_turn_behind(tmp_path: Path):
    store = open_store(f"sqlite:///{tmp_path}/some.db", tmp_path)
    with store.write() as connection:
        connection.exec_driver_sql("CREATE TABLE done (who TEXT)")
    code = "import fcntl, os, sys; fcntl.flock(os.open(sys.argv[1], os.O_RDWR), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    subprocess.run([sys.executable, "-c", code, tmp_path / "line.turn"], check=True, timeout=30)
    store.close()
