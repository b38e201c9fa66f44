"""The house keeps its own rules: floors, homes of libraries, sizes, and who may do what.

Each contract is also broken on purpose in a copy of the tree, and seen to be caught.
"""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]

FLOORS = "Floors: imports only go down"
DOORS = "Doors reach the outside world only through rooms"
ROOMS = "Rooms take values, not settings"
PURE = "The pure floors import nothing that acts"

PLANTED = [
    (FLOORS, "mft/policy/planted.py", "import mft.store.tables"),
    (FLOORS, "mft/web/planted.py", "import mft.jobs.schedule"),
    (FLOORS, "mft/store/planted.py", "import mft.app.build"),
    (FLOORS, "mft/cellar/__init__.py", ""),
    (DOORS, "mft/jobs/planted.py", "import mft.store.engine"),
    (DOORS, "mft/sftp/session/planted.py", "import mft.blobs"),
    (DOORS, "mft/web/planted.py", "from mft.store import tables"),
    (ROOMS, "mft/accounts/planted.py", "import mft.settings.model"),
    (ROOMS, "mft/crypto/planted.py", "import mft.settings.load"),
    (PURE, "mft/policy/planted.py", "import os"),
    (PURE, "mft/model/planted.py", "from sqlalchemy import text"),
    (PURE, "mft/policy/planted.py", "import time"),
]

HOMES = {
    "aiosmtplib": ("mft/notify",),
    "alembic": ("mft/store",),
    "apscheduler": ("mft/jobs",),
    # The demonstration's client changes a password over SSH, which paramiko cannot.
    "asyncssh": ("mft/sftp", "mft/crypto", "mft/cli/demo/visitors.py"),
    "authlib": ("mft/directory",),
    "bonsai": ("mft/directory",),
    "click": ("mft/cli",),
    "cryptography": ("mft/crypto", "mft/sftp/transport", "mft/sftp/front"),
    # The demonstration's browser.
    "httpx2": ("mft/directory", "mft/cli/demo"),
    "jinja2": ("mft/web",),
    "joserfc": ("mft/directory",),
    "markupsafe": ("mft/web",),
    # The self-checks speak to our own server through an SSH stack that is not ours.
    "paramiko": ("mft/cli/demo", "mft/app"),
    "prometheus_client": ("mft/logs",),
    "psycopg": ("mft/store",),
    "pydantic": ("mft/settings",),
    "pydantic_core": ("mft/settings",),
    "pyotp": ("mft/crypto",),
    "rich": ("mft/cli",),
    "segno": ("mft/web",),
    "sqlalchemy": ("mft/store", *("mft/accounts", "mft/audit", "mft/retention", "mft/vfs")),
    "starlette": ("mft/web",),
    "structlog": ("mft/logs",),
    "uvicorn": ("mft/web",),
    "zxcvbn": ("mft/crypto",),
}
"""Where each library may be imported.  The rooms name SQLAlchemy's Connection as a type and no more."""


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def place(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def below(file: Path, *homes: str) -> bool:
    return any(place(file) == home or place(file).startswith(f"{home}/") for home in homes)


def imports(file: Path) -> Iterator[tuple[str, str]]:
    """Yield each import as the module and the name taken from it, wherever in the file it stands."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)


def calls(file: Path) -> Iterator[str]:
    """Yield what is called in *file*, dotted as written: ``datetime.now``."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def lint_imports(tree: Path) -> subprocess.CompletedProcess[str]:
    tool = Path(sys.executable).parent / "lint-imports"
    return subprocess.run([tool, "--no-cache"], cwd=tree, capture_output=True, text=True, timeout=110, check=False)


def test_the_contracts_hold():
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout


def test_every_contract_has_a_planted_violation():
    assert {contract["name"] for contract in CONTRACTS} == {name for name, _, _ in PLANTED}


@pytest.mark.parametrize(("contract", "file", "text"), PLANTED, ids=lambda value: str(value).replace("/", "."))
def test_a_planted_violation_is_caught(contract: str, file: str, text: str, tmp_path: Path):
    shutil.copytree(ROOT / "mft", tmp_path / "mft", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(f'"""Planted."""\n\n{text}\n')
    done = lint_imports(tmp_path)
    assert done.returncode != 0
    assert re.search(rf"{re.escape(contract)}\S*\s+BROKEN", done.stdout) or "cellar" in done.stdout, done.stdout


def test_every_package_stands_on_a_floor():
    floors = next(contract for contract in CONTRACTS if contract["name"] == FLOORS)
    listed = {name.strip() for layer in floors["layers"] for name in layer.split("|")} | {"__main__", "__init__"}
    found = {
        entry.stem for entry in (ROOT / "mft").iterdir() if entry.suffix == ".py" or (entry / "__init__.py").exists()
    }
    assert found <= listed
    assert floors["exhaustive"]


def test_no_file_of_code_is_over_400_lines():
    files = (f for f in sources("mft", "tests", "benchmarks") if not below(f, "mft/store/migrations"))
    long = {place(f): n for f in files if (n := len(f.read_text().splitlines())) > 400}
    assert long == {}


def test_every_library_stays_in_its_home():
    astray = [
        f"{place(file)} imports {module}"
        for file in sources("mft")
        for module, _ in imports(file)
        if (home := HOMES.get(module.partition(".")[0])) and not below(file, *home)
    ]
    assert astray == []


def test_every_library_has_a_home():
    known = set(sys.stdlib_module_names) | {"mft", "__future__"} | set(HOMES)
    homeless = {
        f"{place(file)} imports {module}"
        for file in sources("mft")
        for module, _ in imports(file)
        if module.partition(".")[0] not in known
    }
    assert homeless == set()


def test_the_rooms_name_the_database_library_only_for_its_connection():
    astray = [
        f"{place(file)}: {module}.{name}"
        for file in sources("mft/accounts", "mft/audit", "mft/retention", "mft/vfs")
        for module, name in imports(file)
        if module.partition(".")[0] == "sqlalchemy" and name != "Connection"
    ]
    assert astray == []


def test_package_files_hold_a_docstring_and_nothing_else():
    full = [
        place(file)
        for file in sources("mft")
        if file.name == "__init__.py" and file.parent.name != "mft"
        # The tables are one list, written down in several files.
        if not below(file, "mft/store/migrations", "mft/store/tables")
        if [type(node) for node in ast.parse(file.read_text()).body] != [ast.Expr]
    ]
    assert full == []


def test_help_costs_no_more_than_click():
    heavy = [
        "asyncssh",
        "sqlalchemy",
        "alembic",
        "starlette",
        "pydantic",
        "uvicorn",
        "cryptography",
        "structlog",
        "rich",
    ]
    program = (
        "import sys\n"
        "from mft.cli.main import cli\n"
        "sys.argv = ['mft', '--help']\n"
        "try:\n    cli()\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        f"loaded = [name for name in {heavy!r} if name in sys.modules]\n"
        "sys.exit(f'loaded: {loaded}' if loaded else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "serve" in done.stdout


CLOCKS = re.compile(r"(^|\.)(datetime\.(now|utcnow|today)|date\.today|time\.(time|time_ns|localtime|gmtime))$")


def test_only_the_clock_asks_what_time_it_is():
    asked = [f"{place(f)}: {call}" for f in sources("mft") for call in calls(f) if CLOCKS.search(call)]
    assert asked == ["mft/clock.py: datetime.now"]


def test_monotonic_time_serves_only_where_silence_or_a_wait_is_measured():
    allowed = ("mft/sftp", "mft/vfs", "mft/app", "mft/web", "mft/cli", "mft/store/line.py")
    asked = [
        place(f)
        for f in sources("mft")
        for call in calls(f)
        if call in {"time.monotonic", "monotonic", "time.perf_counter"} and not below(f, *allowed)
    ]
    assert asked == []


DISCARDERS = {
    "mft/retention/destroy.py",  # The one function that destroys the bytes of committed files.
    # Bytes that never became a file: dropped, left over, resumed no more, or named by nothing.
    "mft/retention/sweep.py",
    "mft/vfs/naming.py",
    "mft/vfs/opening.py",
    "mft/vfs/recovery.py",
    "mft/vfs/uploading.py",
}


def test_only_the_destroyer_and_those_who_clean_up_staging_may_discard_bytes():
    discarders = {
        place(f)
        for f in sources("mft")
        for call in calls(f)
        if call.endswith(("blobs.discard", "blobs.discard_all")) and not below(f, "mft/blobs")
    }
    assert discarders == DISCARDERS


BANNED = re.compile(
    r"\bpickle\b|(?<![.\w])eval\(|(?<![.\w])exec\(|shell\s*=\s*True|\bos\.system\b|\bis_private\b|\bis_global\b|\bmarshal\b"
)


def code_of(file: Path) -> str:
    """Return the code of *file* without comments and docstrings: a rule may be named where it is kept."""
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [s for s in body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))] or [
                ast.Pass()
            ]  # type: ignore[attr-defined]
    return ast.unparse(tree)


def test_nothing_banned_is_used():
    found = [f"{place(f)}: {hit[0]}" for f in sources("mft", "benchmarks") for hit in BANNED.finditer(code_of(f))]
    assert found == []


EXPOSURE = re.compile(r"Overall exposure level for mft\.service: ([0-9.]+)")


def test_the_unit_exposes_little():
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", ROOT / "systemd/mft.service"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    level = EXPOSURE.search(done.stdout)
    assert level is not None, done.stderr
    assert float(level[1]) <= 2.0
