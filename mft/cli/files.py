"""``mft file``: put, get, list and remove files through the same room and rules as everybody."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

import click

from mft.cli import exits, file_history, file_verify
from mft.cli.desk import Desk, operates
from mft.cli.progress import moving
from mft.cli.show import Answer, Done, Record, Rows, Streamed
from mft.model.errors import Conflict, Invalid, MftError, NotFound
from mft.model.file import EntryKind
from mft.model.path import VirtualPath
from mft.model.staff import Act
from mft.vfs.downloading import Download
from mft.vfs.shapes import Ended, Listed, OpenMode
from mft.vfs.uploading import UploadHandle
from mft.vfs.workspace import Workspace

BLOCK: Final = 256 * 1024
PAGE: Final = 500


@click.group("file")
def file_command() -> None:
    """Files of the tree, through the same rules as everybody."""


for _command in (file_history.history, file_history.undelete, file_verify.verify):
    file_command.add_command(_command)


@file_command.command("put")
@click.argument("local", type=click.Path(exists=True, path_type=Path))
@click.argument("path")
@click.option("-r", "--recursive", is_flag=True, help="LOCAL is a directory; what is in it goes into the folder PATH.")
@operates(Act.CHANGE_FILES)
def put(desk: Desk, local: Path, path: str, recursive: bool) -> Answer:  # noqa: FBT001  (click passes by name)
    """Put the file LOCAL at PATH, as a new version where one is there; into it where PATH is a folder."""
    tree, place = desk.house.files.operator(desk.actor), VirtualPath.parse(path)
    if local.is_dir() and not recursive:
        raise Invalid(f"{local} is a directory; say -r to put what is in it")
    if local.is_dir():
        return _put_all(tree, local, place)
    target = _target(tree, place, local.name, into=path.endswith("/"))
    _put_file(tree, local, target)
    there = _fields(target, tree.stat(target))
    return Done(f"put {there['size']} bytes at {target}, SHA-256 {there['sha256'].hex()}", there)


def _put_file(tree: Workspace, local: Path, target: VirtualPath) -> None:
    with local.open("rb") as content:
        upload = tree.open_upload(target, OpenMode(create=True, truncate=True))
        with _kept_on_failure(upload), moving(target.name, local.stat().st_size) as moved:
            for number, block in enumerate(iter(lambda: content.read(BLOCK), b"")):
                upload.write(number * BLOCK, block)
                moved(len(block))
            upload.finish()
            upload.publish()


def _put_all(tree: Workspace, local: Path, folder: VirtualPath) -> Answer:
    """Put every file below *local* at the same place below *folder*; what fails is listed and does not end it."""
    rows: list[dict[str, Any]] = []
    for found in sorted(local.rglob("*")):
        # A link could lead out of the directory that was named.
        if found.is_symlink() or not (found.is_dir() or found.is_file()):
            rows.append({"path": str(found), "size": None, "failed": "neither a file nor a directory"})
            continue
        try:
            target = folder.joined(VirtualPath.parse(found.relative_to(local).as_posix()))
            if found.is_dir():
                with suppress(Conflict):
                    tree.make_folder(target)
                continue
            _put_file(tree, found, target)
            rows.append({"path": target, "size": tree.stat(target).size, "failed": None})
        except MftError as error:
            rows.append({"path": str(found), "size": None, "failed": str(error)})
    failed = any(row["failed"] for row in rows)
    nothing = f"There is no file in {local}."
    return Rows(("path", "size", "failed"), rows, nothing=nothing, code=exits.PARTIAL if failed else exits.OK)


@file_command.command("get")
@click.argument("path")
@click.argument("local", required=False, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@operates(Act.READ_FILES)
def get(desk: Desk, path: str, local: Path | None, force: bool) -> Answer:  # noqa: FBT001  (click passes by name)
    """Fetch the file PATH to LOCAL: its own name here if not said, - for standard output."""
    source = VirtualPath.parse(path)
    target = local or Path(source.name)
    if target.is_dir():
        target /= source.name
    if target.exists() and not force:
        raise Conflict(f"{target} is there already; say --force to write over it")
    tree = desk.house.files.operator(desk.actor)
    listed = tree.stat(source)
    download = tree.open_download(source)
    with _ledger(download), moving(source.name, download.size) as moved:
        if str(local) == "-":
            _copy(download, sys.stdout.buffer, moved)
            return Streamed()
        arriving = target.with_name(f".{target.name}.arriving")
        with open(arriving, "wb", opener=_private) as content:
            _copy(download, content, moved)
        arriving.replace(target)
    fields = _fields(source, listed) | {"local": str(target)}
    return Done(f"got {download.size} bytes to {target}", fields)


@file_command.command("ls")
@click.argument("path", default="/")
@operates(Act.SEE_TREE)
def ls(desk: Desk, path: str) -> Answer:
    """List the folder PATH."""
    tree, folder = desk.house.files.operator(desk.actor), VirtualPath.parse(path)
    if tree.stat(folder).kind is EntryKind.FILE:
        found = [_fields(folder, tree.stat(folder))]
    else:
        found = [_fields(folder / listed.name, listed) for listed in names_in(tree, folder)]
    nothing = "" if found else file_history.why_empty(desk.house.history.causes(folder))
    columns = ("name", "kind", "size", "creator", "created_at", "downloads", "expires_at", "hold")
    return Rows(columns, found, nothing=nothing)


@file_command.command("stat")
@click.argument("path")
@operates(Act.SEE_TREE)
def stat(desk: Desk, path: str) -> Answer:
    """Show what is known about PATH: creator, size, SHA-256, where it came from, when it expires."""
    place = VirtualPath.parse(path)
    return Record(_fields(place, desk.house.files.operator(desk.actor).stat(place)))


@file_command.command("rm")
@click.argument("path")
@operates(Act.CHANGE_FILES)
def rm(desk: Desk, path: str) -> Answer:
    """Remove the file or empty folder PATH; a file can be brought back within the undo period."""
    tree, place = desk.house.files.operator(desk.actor), VirtualPath.parse(path)
    if tree.stat(place).kind is EntryKind.FOLDER:
        tree.remove_folder(place)
        return Done(f"removed the folder {place}", {"path": place})
    tree.remove(place)
    return Done(f"removed {place}; mft file undelete brings it back within the undo period", {"path": place})


def names_in(tree: Workspace, folder: VirtualPath) -> Iterator[Listed]:
    """Yield what is in *folder*, page by page."""
    pages = tree.listing(folder)
    while page := pages.next(PAGE):
        yield from page


def _target(tree: Workspace, path: VirtualPath, name: str, *, into: bool) -> VirtualPath:
    """Return where a file called *name* goes when told *path*; a folder means into it."""
    with suppress(NotFound):
        into = into or tree.stat(path).kind is EntryKind.FOLDER
    return path / name if into else path


def _fields(path: VirtualPath, listed: Listed) -> dict[str, Any]:
    return {
        "name": listed.name,
        "path": path,
        "kind": listed.kind,
        "size": listed.size,
        "sha256": listed.sha256,
        "creator": listed.creator,
        "created_at": listed.created_at,
        "received_from": listed.received_from,
        "expires_at": listed.expires_at,
        "hold": listed.hold.why if listed.hold else None,
        "held_by": listed.hold.by if listed.hold else None,
        "held_until": listed.hold.until if listed.hold else None,
        "downloads": listed.downloads,
        "uploading": listed.mine_uploading,
    }


def _copy(download: Download, target: BinaryIO, moved: Any) -> None:
    offset = 0
    while block := download.read(offset, BLOCK):
        target.write(block)
        offset += len(block)
        moved(len(block))


def _private(path: str, flags: int) -> int:
    """Open for the caller's eyes only: what is fetched holds member data."""
    return os.open(path, flags, 0o600)


@contextmanager
def _kept_on_failure(upload: UploadHandle) -> Iterator[None]:
    try:
        yield
    except BaseException:
        upload.interrupt(Ended.CUT)
        raise


@contextmanager
def _ledger(download: Download) -> Iterator[None]:
    try:
        yield
    except BaseException:
        download.close(Ended.CUT)
        raise
    download.close(Ended.CLOSED)
