"""What the documents name exists; what they promise is tested."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]


def find(name: str) -> object:
    """Return what the dotted *name* stands for: a module, or something in one."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            found = getattr(found, part)
        return found
    raise AssertionError(name)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_function_a_document_names_exists(document: Path):
    for name in re.findall(r"`(mft(?:\.\w+)+)`", document.read_text()):
        if not name.endswith((".toml", ".db", ".service", ".socket", ".sysusers", ".tmpfiles")):
            assert find(name) is not None, name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_a_document_links_to_exists(document: Path):
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", document.read_text()):
        assert (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_source_file_a_document_names_exists(document: Path):
    for name in re.findall(r"`((?:mft|tests|docs|config|systemd)/[\w./-]+\.\w+)`", document.read_text()):
        assert (ROOT / name).exists(), name


def test_every_test_the_threat_model_leans_on_exists():
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    named = re.findall(r"`(test_\w+)`", (ROOT / "docs/threat-model.md").read_text())
    assert named
    assert [name for name in named if f"def {name}(" not in tests] == []
