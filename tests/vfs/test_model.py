"""The tree against a model that is written from DESIGN.md's section 5 and keeps everything in dictionaries."""

import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mft.model.errors import Conflict, Forbidden, MftError, NotFound
from mft.model.path import VirtualPath
from mft.model.rights import ALL, Right
from mft.store.engine import open_store
from mft.store.schema import upgrade
from mft.store.usage import read_usage
from mft.vfs.recovery import recover
from mft.vfs.workspace import Ended, OpenMode, Workspace
from tests.support.world import PUT, World, get, names, p

HOME = p("/Distribution/northwind")
PEOPLE = {"alice": ALL, "bruno": Right.LIST | Right.READ | Right.CREATE}
DAY = timedelta(days=1)

NAMES = ("a", "b", "w.part")
DEEPEST = 5
PLACES = st.tuples(st.booleans(), st.integers(0, 99))
"""Something that is there, or any name in a folder that is there; which one, counted round."""

WHO = st.sampled_from(sorted(PEOPLE))
CONTENT = st.sampled_from([b"", b"1", b"22", b"s" * 65_536, b"t" * 70_001])


@dataclass(frozen=True)
class File:
    content: bytes
    received: datetime
    expires: datetime
    work_owner: str | None


class Model:
    """What the house should look like.  Every method does it, or raises what the caller should be told."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.folders = {HOME}
        self.files: dict[VirtualPath, File] = {}
        self.staged: dict[tuple[VirtualPath, str], tuple[bytes, datetime]] = {}

    def advance(self, lapse: timedelta) -> None:
        self.now += lapse
        self.files = {path: file for path, file in self.files.items() if self.now < file.expires}
        self.staged = {key: kept for key, kept in self.staged.items() if self.now < kept[1] + DAY}

    def taken(self, path: VirtualPath) -> bool:
        return path in self.folders or path in self.files

    def sees(self, who: str, path: VirtualPath) -> bool:
        file = self.files.get(path)
        return path in self.folders or (file is not None and file.work_owner in {None, who})

    def mine(self, who: str, path: VirtualPath) -> bool:
        file = self.files.get(path)
        return file is not None and file.work_owner == who

    def _parent(self, path: VirtualPath) -> None:
        if path.parent not in self.folders:
            raise NotFound

    @staticmethod
    def _right(who: str, right: Right) -> None:
        if right not in PEOPLE[who]:
            raise Forbidden

    def _writable(self, who: str, path: VirtualPath) -> None:
        if path in self.folders or (path in self.files and not self.sees(who, path)):
            raise Conflict
        if path in self.files and not self.mine(who, path):
            self._right(who, Right.REPLACE)

    def put(self, who: str, path: VirtualPath, content: bytes, *, cut: bool) -> None:
        self._parent(path)
        self._writable(who, path)
        self._arrive(who, path, content, cut=cut)

    def _arrive(self, who: str, path: VirtualPath, content: bytes, *, cut: bool) -> None:
        self.staged.pop((path, who), None)
        if cut:
            self.staged[path, who] = (content, self.now)
            return
        work = path.name.endswith(".part") and (path not in self.files or self.mine(who, path))
        term = DAY if work else 90 * DAY
        self.files[path] = File(content, self.now, self.now + term, who if work else None)

    def resume(self, who: str, path: VirtualPath, more: bytes, *, cut: bool) -> None:
        self._parent(path)
        if not self.sees(who, path) and (self.taken(path) or (path, who) not in self.staged):
            raise NotFound
        self._writable(who, path)
        if path in self.files:
            content = self.files[path].content
            self.staged.pop((path, who), None)
        else:
            content = self.staged[path, who][0]
        if more:
            self._arrive(who, path, content + more, cut=cut)

    def remove(self, who: str, path: VirtualPath) -> None:
        if not self.taken(path) and (path, who) in self.staged and path.parent in self.folders:
            del self.staged[path, who]
            return
        if not self.sees(who, path):
            raise NotFound
        if path in self.folders:
            raise Conflict
        if not self.mine(who, path):
            self._right(who, Right.DELETE)
        del self.files[path]

    def make_folder(self, who: str, path: VirtualPath) -> None:
        if self.sees(who, path):
            raise Conflict
        self._parent(path)
        if self.taken(path) or (path, who) in self.staged:
            raise Conflict
        self.folders.add(path)

    def remove_folder(self, who: str, path: VirtualPath) -> None:
        if not self.sees(who, path):
            raise NotFound
        if path in self.files:
            raise Conflict
        self._right(who, Right.DELETE)
        inside = [*self.files, *self.folders, *(place for place, _ in self.staged)]
        if any(place.parent == path for place in inside if place != path):
            raise Conflict
        self.folders.remove(path)

    def rename(self, who: str, old: VirtualPath, new: VirtualPath, *, over: bool) -> None:
        if not self.taken(old) and (old, who) in self.staged and old.parent in self.folders:
            raise Conflict
        if not self.sees(who, old):
            raise NotFound
        self._parent(new)
        if old == new:
            if not over:
                raise Conflict
            return
        self._renamable(who, old, new, over=over)
        if old in self.folders:
            self._move_folder(old, new)
        else:
            self._move_file(who, old, new)

    def _renamable(self, who: str, old: VirtualPath, new: VirtualPath, *, over: bool) -> None:
        if not self.mine(who, old):
            self._right(who, Right.DELETE)
        if self.taken(new):
            if not over or new in self.folders or old in self.folders or not self.sees(who, new):
                raise Conflict
            if not self.mine(who, new):
                self._right(who, Right.REPLACE)
        if old in self.folders and new.within(old):
            raise Conflict

    def _move_file(self, who: str, old: VirtualPath, new: VirtualPath) -> None:
        mine, file = self.mine(who, old), self.files.pop(old)
        if mine and not new.name.endswith(".part"):
            file = File(file.content, self.now, self.now + 90 * DAY, None)
        self.files[new] = file if mine else replace(file, expires=file.received + 90 * DAY)

    def _move_folder(self, old: VirtualPath, new: VirtualPath) -> None:
        def moved(path: VirtualPath) -> VirtualPath:
            return new.joined(path.relative_to(old)) if path.within(old) and path != old else path

        self.folders = {new if path == old else moved(path) for path in self.folders}
        self.files = {moved(path): file for path, file in self.files.items()}
        self.staged = {(moved(path), who): kept for (path, who), kept in self.staged.items()}

    def listed(self, who: str, folder: VirtualPath) -> list[tuple[str, int]]:
        shown = {path.name: 0 for path in self.folders if path.parent == folder and path != HOME}
        shown |= {
            path.name: len(f.content)
            for path, f in self.files.items()
            if path.parent == folder and self.sees(who, path)
        }
        for (path, owner), (content, _) in self.staged.items():
            if path.parent == folder and owner == who and not self.taken(path):
                shown[path.name] = len(content)
        return sorted(shown.items())


class Tree(RuleBasedStateMachine):
    """Does the same to both and compares what either says."""

    template: Path

    @initialize()
    def build(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mft-model-"))
        shutil.copyfile(self.template, self.folder / "mft.db")
        self.store = open_store(f"sqlite:///{self.folder / 'mft.db'}")
        self.world = World(self.store, self.folder)
        self.world.add_organization("northwind")
        for who, rights in PEOPLE.items():
            self.world.add_account(who, "northwind")
            self.world.grant(who, str(HOME), rights)
        self.model = Model(self.world.clock.now())

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    def pick(self, place: tuple[bool, int]) -> VirtualPath:
        """Return the path that *place* means now."""
        there, number = place
        pool = sorted({*self.model.files, *self.model.folders, *(path for path, _ in self.model.staged)} - {HOME})
        if not there or not pool:
            folders = sorted(path for path in self.model.folders if len(path.names) < DEEPEST)
            pool = [VirtualPath((*folder.names, name)) for folder in folders for name in NAMES]
            pool.append(VirtualPath((*HOME.names, "nowhere", "a")))
        return pool[number % len(pool)]

    def both(self, real, modelled) -> None:
        """Let *modelled* happen in the model and *real* in the house; either both refuse alike or neither does."""
        expected = told = None
        try:
            modelled()
        except MftError as error:
            expected = type(error)
        try:
            real()
        except MftError as error:
            told = type(error)
        assert told is expected

    def upload(self, who: str, path: VirtualPath, content: bytes, mode: OpenMode, *, cut: bool) -> None:
        handle = self.world.as_(who).open_upload(path, mode)
        at = 0 if mode.truncate else handle.size
        for start in range(0, len(content), 30_000):
            handle.write(at + start, content[start : start + 30_000])
        if cut:
            handle.interrupt(Ended.CUT)
        else:
            handle.finish()
            handle.publish()

    @rule(who=WHO, place=PLACES, content=CONTENT, cut=st.booleans())
    def put(self, who: str, place: tuple[bool, int], content: bytes, *, cut: bool) -> None:
        path = self.pick(place)
        self.both(
            lambda: self.upload(who, path, content, PUT, cut=cut), lambda: self.model.put(who, path, content, cut=cut)
        )

    @rule(who=WHO, place=PLACES, more=CONTENT, cut=st.booleans())
    def resume(self, who: str, place: tuple[bool, int], more: bytes, *, cut: bool) -> None:
        path = self.pick(place)
        self.both(
            lambda: self.upload(who, path, more, OpenMode(), cut=cut),
            lambda: self.model.resume(who, path, more, cut=cut),
        )

    @rule(who=WHO, place=PLACES)
    def remove(self, who: str, place: tuple[bool, int]) -> None:
        path = self.pick(place)
        self.both(lambda: self.world.as_(who).remove(path), lambda: self.model.remove(who, path))

    @rule(who=WHO, place=PLACES)
    def make_folder(self, who: str, place: tuple[bool, int]) -> None:
        path = self.pick(place)
        self.both(lambda: self.world.as_(who).make_folder(path), lambda: self.model.make_folder(who, path))

    @rule(who=WHO, place=PLACES)
    def remove_folder(self, who: str, place: tuple[bool, int]) -> None:
        path = self.pick(place)
        self.both(lambda: self.world.as_(who).remove_folder(path), lambda: self.model.remove_folder(who, path))

    @rule(who=WHO, old_place=PLACES, new_place=PLACES, over=st.booleans())
    def rename(self, who: str, old_place: tuple[bool, int], new_place: tuple[bool, int], *, over: bool) -> None:
        old, new = self.pick(old_place), self.pick(new_place)
        self.both(
            lambda: self.world.as_(who).rename(old, new, replace=over),
            lambda: self.model.rename(who, old, new, over=over),
        )

    @rule(hours=st.sampled_from([1, 23, 24, 24 * 90]))
    def wait(self, hours: int) -> None:
        self.world.clock.advance(hours=hours)
        self.model.advance(timedelta(hours=hours))

    @rule()
    def sweep(self) -> None:
        self.world.sweep.run()
        used = sum(len(file.content) for file in self.model.files.values()), len(self.model.files)
        with self.store.read() as connection:
            _, use = read_usage(connection, self.world.organizations["northwind"].id)
        assert (use.bytes, use.files) == used

    @rule()
    def restart(self) -> None:
        self.world.files = self.world.process()
        assert not recover(self.world.files.parts).changed

    @invariant()
    def everybody_sees_what_the_model_says(self) -> None:
        for who in PEOPLE:
            tree = self.world.as_(who)
            for folder in self.model.folders:
                assert self.listed(tree, folder) == self.model.listed(who, folder)
            for path, file in self.model.files.items():
                if self.model.sees(who, path):
                    assert get(tree, str(path)) == file.content
                    assert tree.stat(path).expires_at == file.expires
                else:
                    with suppress(NotFound):
                        tree.stat(path)
                        pytest.fail(f"{who} sees {path}")

    @staticmethod
    def listed(tree: Workspace, folder: VirtualPath) -> list[tuple[str, int]]:
        found = sorted(names(tree, str(folder)))
        return [(name, tree.stat(folder / name).size) for name in found]


@pytest.fixture(scope="module", autouse=True)
def template(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("model") / "mft.db"
    store = open_store(f"sqlite:///{path}")
    upgrade(store)
    store.close()
    Tree.template = path


TestTree = Tree.TestCase
# Each step is some fsyncs, so a counter-example is shrunk by the long form only.
TestTree.settings = settings(
    max_examples=25,
    stateful_step_count=40,
    deadline=None,
    phases=(Phase.generate,),
    database=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)


class LongTree(Tree):
    """The same, for longer."""


# The usual limit would strike in the middle of an example; hypothesis takes that for a failure of the
# tree's, finds that it does not come again, and calls the test flaky.
TestLongTree = pytest.mark.timeout(7200)(pytest.mark.soak(LongTree.TestCase))
TestLongTree.settings = settings(
    TestTree.settings, max_examples=1000, stateful_step_count=60, phases=(Phase.generate, Phase.shrink)
)
