"""Backing up and restoring: everything that was there, nothing that was buried, and no damaged archive."""

import io
import shutil
import tarfile
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from mft.app.backup import Backup, back_up
from mft.app.build import House, open_house
from mft.app.dump import dump, undump
from mft.app.install import PEOPLE
from mft.app.restore import Order, Restored, restore
from mft.audit.export import export_jsonl
from mft.audit.search import tail
from mft.audit.verify import verify_store
from mft.clock import SystemClock
from mft.model.errors import Conflict, Invalid, NotFound, Unavailable
from mft.model.event import Action
from mft.model.ids import BlobId
from mft.model.path import VirtualPath
from mft.retention.sweep import Sweep
from mft.settings.load import load
from mft.store import schema
from mft.store.engine import open_store
from mft.vfs.shapes import OpenMode
from tests.support.clock import MovingClock
from tests.support.installed import OPERATOR, QUICK, Installed, furnish, get, installed, names, put
from tests.support.postgres import Cluster

HOME = VirtualPath.parse("/Distribution/northwind")


@pytest.fixture
def made(tmp_path: Path) -> Installed:
    server = installed(tmp_path / "old")
    with open_house(server.loaded().settings) as house:
        furnish(house)
        put(house, "kept.csv", b"kept" * 50_000)
        put(house, "later-deleted.csv", b"deleted")
    return server


def backed_up(server: Installed, target: Path) -> Backup:
    loaded = server.loaded()
    with open_house(loaded.settings) as house:
        return back_up(house, loaded.file, target, OPERATOR)


def reopened(restored: Restored, old: Installed, clock: MovingClock | None = None):
    """Open a restored server with copies of the old one's keys."""
    shutil.copytree(old.folder / "keys", restored.config.parent / "keys", dirs_exist_ok=True)
    return open_house(load(restored.config, QUICK).settings, clock)


def test_a_restored_server_holds_what_the_old_one_held_and_says_so_in_its_trail(made: Installed, tmp_path: Path):
    backup = backed_up(made, tmp_path / "b.tar")
    assert (backup.blobs, backup.missing) == (2, ())
    restored = restore(Order(backup.file, tmp_path / "new"), OPERATOR)
    with reopened(restored, made) as house:
        assert names(house) == {"kept.csv", "later-deleted.csv"}
        assert get(house, "kept.csv") == b"kept" * 50_000
        assert house.accounts.listing()[0].name == "alice"
        assert tail(house.store, 1)[0].event.action is Action.BACKUP_RESTORED
        assert verify_store(house.store, house.signer.public_bytes).sound
    with open_house(made.loaded().settings) as house:
        assert tail(house.store, 1)[0].event.action is Action.BACKUP_MADE


def test_no_key_is_in_the_archive_and_each_is_named(made: Installed, tmp_path: Path):
    backup = backed_up(made, tmp_path / "b.tar")
    secrets = [file.read_bytes() for file in (made.folder / "keys").rglob("*") if file.is_file()]
    archive = backup.file.read_bytes()
    assert len(secrets) == 3
    assert not any(max(secret.split(), key=len) in archive for secret in secrets)
    settings = made.loaded().settings
    keys = (settings.master_key, settings.audit.signing_key, settings.sftp.host_keys)
    assert backup.apart == (*keys, settings.directory.trial_file)
    assert backup.file.stat().st_mode & 0o077 == 0


def test_what_only_an_operator_names_stays_named_and_what_every_server_keeps_starts_at_the_new_folder(
    made: Installed, tmp_path: Path
):
    config = made.folder / "mft.toml"
    tls = f'certificate = "{tmp_path}/chain.pem"\nprivate_key = "{tmp_path}/key.pem"\n'
    links = 'identity_links = {"External Users" = "https://example.org"}\n'
    text = config.read_text().replace("[portal]\n", f"[portal]\n{tls}")
    config.write_text(text.replace("[directory]\n", f"[directory]\n{links}"))
    backup = backed_up(made, tmp_path / "b.tar")
    restored = restore(Order(backup.file, tmp_path / "new"), OPERATOR)
    settings = load(restored.config, {}).settings
    assert settings.data == tmp_path / "new" / "data"
    assert settings.portal.certificate == tmp_path / "chain.pem"
    assert settings.directory.identity_links == {"External Users": "https://example.org"}
    assert settings.directory.trial_file == tmp_path / "new" / PEOPLE
    assert settings.directory.trial_file in restored.apart


def delete(house: House) -> None:
    house.files.operator(OPERATOR).remove(HOME / "later-deleted.csv")


def replace(house: House) -> None:
    put(house, "later-deleted.csv", b"another")


def rename_and_delete(house: House) -> None:
    tree = house.files.operator(OPERATOR)
    tree.rename(HOME / "later-deleted.csv", HOME / "renamed.csv", replace=False)
    tree.remove(HOME / "renamed.csv")


@pytest.mark.parametrize("bury", [delete, replace, rename_and_delete])
def test_what_was_buried_after_the_backup_stays_buried_as_the_old_folder_tells(
    made: Installed, tmp_path: Path, bury: Callable[[House], None]
):
    backup = backed_up(made, tmp_path / "b.tar")
    with open_house(made.loaded().settings) as house:
        bury(house)
    restored = restore(Order(backup.file, tmp_path / "new"), OPERATOR)
    assert (restored.buried, restored.witness) == (1, made.loaded().settings.data)
    with reopened(restored, made) as house:
        assert names(house) == {"kept.csv"}
        assert Sweep(house.files.parts, house.breaker).run().destroyed == 1
        assert len(list(house.blobs.published())) == 1


def test_what_was_buried_stays_buried_as_an_export_of_the_trail_tells(made: Installed, tmp_path: Path):
    backup = backed_up(made, tmp_path / "b.tar")
    with open_house(made.loaded().settings) as house:
        delete(house)
        lines = export_jsonl(house.store, house.signer.public_bytes, house.clock.now())
        (tmp_path / "trail.jsonl").write_text("\n".join(lines) + "\n")
    shutil.move(made.folder / "data", tmp_path / "lost")
    restored = restore(Order(backup.file, tmp_path / "new", tmp_path / "trail.jsonl"), OPERATOR)
    assert restored.buried == 1
    with reopened(restored, made) as house:
        assert names(house) == {"kept.csv"}


def test_what_was_brought_back_after_the_backup_comes_back(made: Installed, tmp_path: Path):
    backup = backed_up(made, tmp_path / "b.tar")
    with open_house(made.loaded().settings) as house:
        delete(house)
        house.history.undelete(OPERATOR, HOME / "later-deleted.csv")
    restored = restore(Order(backup.file, tmp_path / "new"), OPERATOR)
    assert restored.buried == 0


@pytest.mark.fact("0.3")
def test_what_has_expired_since_the_backup_is_not_there(made: Installed, tmp_path: Path):
    backup = backed_up(made, tmp_path / "b.tar")
    restored = restore(Order(backup.file, tmp_path / "new"), OPERATOR)
    with reopened(restored, made, MovingClock(SystemClock().now() + timedelta(days=91))) as house:
        assert names(house) == set()


def test_a_blob_that_is_lost_is_reported_by_backup_and_restore(made: Installed, tmp_path: Path):
    with open_house(made.loaded().settings) as house:
        lost = BlobId(next(iter(house.blobs.published())))
        house.blobs.discard(lost)
    backup = backed_up(made, tmp_path / "b.tar")
    assert (backup.blobs, backup.missing) == (1, (lost,))
    assert len(restore(Order(backup.file, tmp_path / "new"), OPERATOR).missing) == 1


def test_uploads_under_way_are_not_in_a_backup(made: Installed, tmp_path: Path):
    with open_house(made.loaded().settings) as house:
        upload = house.files.operator(OPERATOR).open_upload(HOME / "half.csv", OpenMode(create=True))
        upload.write(0, b"half")
        backup = back_up(house, made.loaded().file, tmp_path / "b.tar", OPERATOR)
    restored = restore(Order(backup.file, tmp_path / "new"), OPERATOR)
    with reopened(restored, made) as house:
        assert list(house.blobs.staged()) == []
        put(house, "half.csv", b"whole")
        assert get(house, "half.csv") == b"whole"


def cut(archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:-20_000])


def flip(archive: Path) -> None:
    content = bytearray(archive.read_bytes())
    with tarfile.open(archive) as tar:
        place = next(member for member in tar if member.name.startswith("blobs/")).offset_data
    content[place + 10] ^= 1
    archive.write_bytes(content)


def smuggle(archive: Path) -> None:
    with tarfile.open(archive, "w") as tar:
        header = tarfile.TarInfo("../../escaped")
        header.size = 1
        tar.addfile(header, io.BytesIO(b"x"))


def link(archive: Path) -> None:
    with tarfile.open(archive, "w") as tar:
        header = tarfile.TarInfo("database")
        header.type, header.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(header)


def scribble(archive: Path) -> None:
    archive.write_bytes(b"no archive at all" * 1000)


@pytest.mark.parametrize("spoil", [cut, flip, smuggle, link, scribble])
def test_a_damaged_archive_is_refused_and_leaves_nothing(
    made: Installed, tmp_path: Path, spoil: Callable[[Path], None]
):
    backup = backed_up(made, tmp_path / "b.tar")
    spoil(backup.file)
    before = set(tmp_path.rglob("*"))
    with pytest.raises(Invalid, match="archive"):
        restore(Order(backup.file, tmp_path / "new"), OPERATOR)
    assert set(tmp_path.rglob("*")) == before


def test_nothing_is_ever_written_over(made: Installed, tmp_path: Path):
    backup = backed_up(made, tmp_path / "b.tar")
    with pytest.raises(Conflict, match="exists already"):
        backed_up(made, tmp_path / "b.tar")
    with pytest.raises(Conflict, match="not empty"):
        restore(Order(backup.file, made.folder), OPERATOR)
    with pytest.raises(Unavailable, match="name a folder that takes files"):
        backed_up(made, tmp_path / "none" / "b.tar")
    with pytest.raises(NotFound):
        restore(Order(tmp_path / "none.tar", tmp_path / "new"), OPERATOR)


def test_a_postgresql_database_is_copied_by_its_own_tools(postgres: Cluster, tmp_path: Path):
    source, target = postgres.create(), postgres.create()
    with closing(open_store(source)) as store:
        schema.upgrade(store)
    dump(source, tmp_path / "copy")
    undump(tmp_path / "copy", target)
    with closing(open_store(target)) as store:
        schema.require_current(store)


def test_a_database_that_does_not_answer_fails_a_dump_and_its_password_stays_unsaid(tmp_path: Path):
    with pytest.raises(Unavailable, match="pg_dump failed") as caught:
        dump("postgresql+psycopg://mft:hunter2@127.0.0.1:1/mft", tmp_path / "copy")
    assert "hunter2" not in str(caught.value)
