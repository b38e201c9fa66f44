"""What others wrote and lies in our tree: each file with its version, its licence and its digest, and nothing else."""

import json
from hashlib import sha256
from pathlib import Path

VENDOR = Path(__file__).parents[2] / "mft/web/static/vendor"
MANIFEST = json.loads((VENDOR / "MANIFEST.json").read_text())


def test_every_file_is_in_the_manifest_with_its_digest_and_nothing_else_lies_there():
    listed = {name: digest for each in MANIFEST for name, digest in each["files"].items()}
    found = {
        file.relative_to(VENDOR).as_posix(): sha256(file.read_bytes()).hexdigest()
        for file in VENDOR.rglob("*")
        if file.is_file() and file.name != "MANIFEST.json"
    }
    assert found == listed


def test_everything_vendored_has_a_version_a_licence_and_the_licence_text():
    for each in MANIFEST:
        assert each["name"]
        assert each["version"]
        assert each["licence"]
        assert any(Path(name).name.startswith("LICENSE") for name in each["files"]), each["name"]


def test_every_script_and_style_is_loaded_by_the_pages():
    frame = (VENDOR.parents[1] / "portal/templates/base.html").read_text()
    loaded = [name for each in MANIFEST for name in each["files"] if Path(name).suffix in {".js", ".css"}]
    assert [name for name in loaded if f"vendor/{name}" not in frame] == []
