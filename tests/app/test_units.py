"""The unit files and the install block of docs/operations.md speak of one layout."""

import re
import subprocess
from pathlib import Path

from mft.app.install import PEOPLE, Wanted, install
from mft.cli.acting import DEFAULT_CONFIG
from mft.settings.load import load
from tests.support.installed import OPERATOR

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "systemd"
BLOCK = re.search(r"## Install\n.*?```\n(.*?)```", (ROOT / "docs/operations.md").read_text(), re.DOTALL)[1]


def assignments(file: Path) -> dict[str, list[str]]:
    """Return what the unit *file* sets."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", file.read_text(), re.MULTILINE):
        found.setdefault(name, []).append(value)
    return found


def made_by_block(root: Path) -> set[str]:
    """Follow the block in *root* as far as a machine without a running systemd goes; return every path then there."""
    words = [line.split() for line in BLOCK.splitlines()]
    (venv,) = [line[3] for line in words if line[:3] == ["python3", "-m", "venv"]]
    paths = {f"{venv}/bin/mft"}  # Made by pip, from [project.scripts].
    (init,) = [line for line in words if line[:2] == ["sudo", "-u"]]
    assert init[3] == f"{venv}/bin/mft"
    options = dict(zip(init[5::2], init[6::2], strict=True))
    for line in (UNITS / "mft.tmpfiles").read_text().splitlines():
        if line.startswith("d "):
            (root / line.split()[1].lstrip("/")).mkdir(parents=True)
    folder, config = root / options["--dir"].lstrip("/"), root / options["--config"].lstrip("/")
    install(Wanted(folder, trial=False, sftp_port=int(options["--sftp-port"]), config=config), OPERATOR)
    for line in words:
        if line[0] == "install":
            *sources, target = [word for word in line[1:] if not word.startswith(("-", "06"))]
            assert all((ROOT / source).is_file() for source in sources)
            paths |= {target + Path(one).name for one in sources} if target.endswith("/") else {target}
    return paths | {f"/{path.relative_to(root)}" for path in root.rglob("*")}


def test_every_path_a_unit_names_is_made_by_the_install_block(tmp_path: Path):
    made = made_by_block(tmp_path)
    for file in UNITS.iterdir():
        named = re.findall(r"(?<![\w.])(/(?:etc|opt|usr|var)/[\w./-]+)", file.read_text())
        assert [path for path in named if path not in made] == [], file.name
    service = assignments(UNITS / "mft.service")
    assert service["Environment"] == [f"MFT_CONFIG={DEFAULT_CONFIG}"]
    assert f"/etc/{service['ConfigurationDirectory'][0]}" == str(DEFAULT_CONFIG.parent)
    assert f"/var/lib/{service['StateDirectory'][0]}" == service["WorkingDirectory"][0]
    assert str(DEFAULT_CONFIG) in made


def test_every_unit_and_user_the_block_speaks_of_is_the_files_own():
    enabled = re.search(r"systemctl enable --now (.*)", BLOCK)[1].split()
    assert sorted(enabled) == sorted(f.name for f in UNITS.iterdir() if f.suffix in {".service", ".socket"})
    service = assignments(UNITS / "mft.service")
    (user,) = re.findall(r"^u (\w+) ", (UNITS / "mft.sysusers").read_text(), re.MULTILINE)
    assert service["User"] == service["Group"] == [user]
    assert f"sudo -u {user} " in BLOCK
    port = assignments(UNITS / "mft.socket")["ListenStream"][0].rpartition(":")[2]
    assert f"--sftp-port {port}" in BLOCK


def test_a_configuration_apart_from_the_folder_finds_everything_in_the_folder(tmp_path: Path):
    (tmp_path / "etc").mkdir()
    made = install(Wanted(tmp_path / "lib", trial=True, config=tmp_path / "etc/mft.toml"), OPERATOR)
    settings = load(tmp_path / "etc/mft.toml", {}).settings
    assert made.config == tmp_path / "etc/mft.toml"
    assert settings.master_key == tmp_path / "lib/keys/master.key"
    assert settings.master_key.is_file()
    assert settings.data == tmp_path / "lib/data"
    assert [path.name for path in (tmp_path / "etc").iterdir()] == ["mft.toml"]
    assert {path.name for path in (tmp_path / "lib").iterdir()} == {"data", "keys", PEOPLE}


def test_the_manager_understands_the_units(tmp_path: Path):
    for file in UNITS.glob("mft.s*"):
        if file.suffix in {".service", ".socket"}:
            # The program is not installed here; anything that is there and runs stands in for it.
            text = re.sub(r"/opt/mft/bin/mft", "/bin/true", file.read_text())
            (tmp_path / file.name).write_text(text)
    words = ["systemd-analyze", "verify", "--man=no", tmp_path / "mft.service", tmp_path / "mft.socket"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, [line for line in done.stderr.splitlines() if "mft." in line]) == (0, [])


def test_a_start_that_has_much_to_read_is_not_ended():
    assert assignments(UNITS / "mft.service")["TimeoutStartSec"] == ["infinity"]
