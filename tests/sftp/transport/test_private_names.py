"""Two files touch what asyncssh keeps to itself, and each such name has a test of what we assume about it."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest

from mft.sftp.transport import attempts, connection
from tests.sftp.transport import test_assumptions

MFT = Path(connection.__file__).parents[2]
OURS = (Path(connection.__file__), Path(attempts.__file__))
FILES = sorted(path for path in MFT.rglob("*.py") if "asyncssh" in path.read_text())
LIBRARY = {
    attempts.Attempts: asyncssh.SSHServerConnection,
    connection.Connection: asyncssh.SSHServerConnection,
    connection.Channel: asyncssh.SSHServerChannel,
}


def private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def used(tree: ast.AST) -> set[str]:
    """Return every private name that is asked of an object."""
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and private(node.attr)}


def declared(tree: ast.AST) -> set[str]:
    """Return the private names that classes of the file declare: fields and methods."""
    bodies = (node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    return {name for body in bodies for statement in body for name in _named(statement) if private(name)}


def _named(statement: ast.stmt) -> Iterator[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name


def assigned(tree: ast.AST) -> set[str]:
    """Return the private names that objects of the file are given."""
    stores = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store))
    return {node.attr for node in stores if private(node.attr)}


def kept_by(library: type) -> set[str]:
    """Return the private names of a class of asyncssh, and of its objects as its source makes them."""
    sources = (inspect.getsource(base) for base in library.__mro__ if base.__module__.startswith("asyncssh"))
    made = {name for source in sources for name in assigned(ast.parse(source))}
    return made | {name for name in dir(library) if private(name)}


def proved() -> set[str]:
    """Return every word that a test of an assumption says."""
    functions = [
        node
        for node in ast.walk(ast.parse(inspect.getsource(test_assumptions)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]
    return {word for function in functions for node in ast.walk(function) for word in _words(node)}


def _words(node: ast.AST) -> list[str]:
    match node:
        case ast.Constant(value=str(text)):
            return re.findall(r"\w+", text)
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return [name]
    return []


TREES = [ast.parse(path.read_text()) for path in OURS]
ASKED = set().union(*(used(tree) - declared(tree) for tree in TREES))
THEIRS = sorted(ASKED | {n for o, t in LIBRARY.items() for n in vars(o) if n in kept_by(t)})
INNER = sorted(
    {
        alias.name
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("asyncssh.")
        for alias in node.names
    }
)


def test_what_is_looked_for_is_found():
    assert {"_recv_encryption", "_send_window", "_finish_userauth", "_key"} <= set(THEIRS)
    assert "_keeper" not in THEIRS
    assert {"SSHPacket", "Encryption", "MSG_CHANNEL_DATA"} <= set(INNER)


@pytest.mark.parametrize("name", THEIRS)
def test_each_private_name_of_the_library_has_a_test_of_what_is_assumed_about_it(name: str):
    assert name in proved()


@pytest.mark.parametrize("name", INNER)
def test_each_name_of_an_inner_module_has_a_test_of_what_is_assumed_about_it(name: str):
    assert name in proved()


@pytest.mark.parametrize("path", [path for path in FILES if path not in OURS], ids=lambda path: path.stem)
def test_no_other_file_uses_a_private_name_that_is_not_its_own(path: Path):
    tree = ast.parse(path.read_text())
    assert used(tree) - declared(tree) - assigned(tree) == set()


@pytest.mark.parametrize(("ours", "theirs"), LIBRARY.items(), ids=["attempts", "connection", "channel"])
def test_what_we_add_is_no_name_that_the_library_uses_already(ours: type, theirs: type):
    """Else a field of ours would overwrite one of theirs, unnoticed."""
    overridden = {
        *("_finish_userauth", "_finish_recv_packet", "_send", "_force_close"),
        *("_flush_send_buf", "_service_next_request", "_send_kexinit", "_process_kexinit", "_packet_handlers"),
    }
    added = {name for name in (*vars(ours), *ours.__annotations__) if private(name)} - overridden
    assert added & kept_by(theirs) == set()
