"""One server a folder."""

import subprocess
import sys
from pathlib import Path

import pytest

from mft.app.alone import alone, running
from mft.model.errors import Conflict, Unavailable


def test_a_second_server_is_refused_while_the_first_one_lives(tmp_path: Path):
    with alone(tmp_path), pytest.raises(Conflict, match="another mft serve"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass


def test_what_the_running_server_said_can_be_read_and_is_gone_with_it(tmp_path: Path):
    assert running(tmp_path) is None
    with alone(tmp_path) as lock:
        assert running(tmp_path) == {}
        lock.tell({"sftp": ["127.0.0.1:2222", "127.0.0.1:2223"]})
        lock.tell({"sftp": ["127.0.0.1:1"]})
        assert running(tmp_path) == {"sftp": ["127.0.0.1:1"]}
    assert running(tmp_path) is None


def test_a_server_that_was_killed_leaves_the_folder_free(tmp_path: Path):
    program = (
        "import os, sys\nfrom pathlib import Path\nfrom mft.app.alone import alone\n"
        "lock = alone(Path(sys.argv[1])); lock.__enter__(); os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", program, tmp_path], check=False, timeout=30)
    with alone(tmp_path):
        pass


def test_a_folder_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(Unavailable, match="nowhere"), alone(tmp_path / "nowhere"):
        pass
