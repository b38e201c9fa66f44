# ruff: noqa: INP001  (a program, not part of a package)
"""Sweep 10,000 files out of a catalog of 1,000,000 while somebody else asks for names over SFTP.

A real server in a process of its own; a real SFTP session that asks STAT of files that stay, before and
during each sweep.  Two ways to sweep: the server's own scheduled job, and ``mft retention run`` beside it.
Writes benchmarks/results/sweep.json with every run.

    .venv/bin/python benchmarks/sweep.py [--files 1000000] [--due 10000] [--rounds 3]
"""

import argparse
import asyncio
import json
import os
import platform
import random
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import asyncssh
from sqlalchemy import func, insert, select, update

from mft.model.path import VirtualPath
from mft.settings.load import load
from mft.store import catalog
from mft.store.engine import Store, open_store
from mft.store.tables import entry, job, job_run, organization, tombstone, version

MFT: Final = Path(sys.executable).parent / "mft"
RESULTS: Final = Path(__file__).parent / "results" / "sweep.json"
PER_FOLDER: Final = 5_000
BLOCK: Final = 10_000
STATS_BEFORE: Final = 2_000
BETWEEN: Final = 0.003
"""Seconds between two requests: somebody who browses, not a flood."""
WAYS: Final = ("job of the server", "mft retention run")


@dataclass
class Bench:
    """One trial server with its catalog."""

    folder: Path
    files: int
    due: int
    rounds: int
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    names: list[str] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """The environment that its commands run in."""
        return {**os.environ, "MFT_CONFIG": str(self.folder / "mft.toml"), "USER": "bench", "SUDO_USER": ""}

    def mft(self, *words: str) -> str:
        """Run one command and return what it printed."""
        done = subprocess.run([MFT, *words], env=self.environment, check=True, capture_output=True, text=True)  # noqa: S603
        return done.stdout

    def store(self) -> Store:
        """Open its database beside it."""
        return open_store(load(self.folder / "mft.toml").settings.store_url)

    def set_up(self) -> None:
        """Make the server, an organization and somebody who may list and read."""
        self.mft("init", "--dir", str(self.folder), "--trial", "--sftp-port", "0")
        self.mft("org", "add", "northwind", "--name", "Northwind", "--kind", "delegate")
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(self.folder / "key")
        key.write_public_key(self.folder / "key.pub")
        self.mft(
            *("account", "add", "reader", "--org", "northwind", "--email", "reader@example.org"),
            *("--allow", "127.0.0.1", "--key", str(self.folder / "key.pub")),
        )
        self.mft("folder", "grant", "/Distribution/northwind", "--account", "reader", "--rights", "list,read")

    def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        log = self.folder / "server.log"
        with log.open("wb") as written:
            self.process = subprocess.Popen([MFT, "serve"], env=self.environment, stdout=written, stderr=written)  # noqa: S603
        while True:
            for line in log.read_text().splitlines():
                if '"ready"' in line:
                    self.port = int(json.loads(line)["sftp"][0].rpartition(":")[2])
                    return
            if self.process.poll() is not None:
                raise SystemExit(log.read_text())
            time.sleep(0.2)

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(60)


def fill(bench: Bench) -> None:
    """Make the catalog: what stays has no bytes and no key, which nothing here asks for; what goes has both."""
    now = datetime.now(UTC)
    doomed = bench.due * bench.rounds * len(WAYS)
    blobs = bench.folder / "data" / "blobs"
    noise = random.Random(3)  # noqa: S311  (which file goes is no secret)
    going = set(noise.sample(range(bench.files), doomed))
    with closing(bench.store()) as store:
        with store.read() as connection:
            home = catalog.resolve(connection, VirtualPath.parse("/Distribution/northwind")).step
            owner = connection.execute(select(organization.c.id)).scalar_one()
        if home is None:
            raise SystemExit("the organization has no folder")
        for first in range(0, bench.files, BLOCK):
            places, rows = [], []
            for number in range(first, min(first + BLOCK, bench.files)):
                folder = 1_000_000_000 + number // PER_FOLDER
                if number % PER_FOLDER == 0:
                    places.append(_place(folder, home.id, f"folder-{number // PER_FOLDER:04}", "folder", owner, now))
                name = f"report-{number:07}.csv"
                places.append(_place(number + 1_000, folder, name, "file", owner, now))
                goes = number in going
                rows.append(_version(number, owner, now, goes=goes))
                if goes:
                    blob = rows[-1]["blob"]
                    (blobs / blob[:2] / blob).write_bytes(secrets.token_bytes(1_000))
                else:
                    bench.names.append(f"/Distribution/northwind/folder-{number // PER_FOLDER:04}/{name}")
            with store.write() as connection:
                connection.execute(insert(entry), places)
                connection.execute(insert(version), rows)
        with store.write() as connection:
            # Of the scheduled work only the sweep is measured.
            later = [{"name": name, "due_at": now + timedelta(days=1)} for name in ("scrub", "orphans", "digests")]
            connection.execute(insert(job), later)
            kept = update(organization).values(used_files=bench.files, used_bytes=bench.files * 1_000)
            connection.execute(kept)


def _place(number: int, parent: int, name: str, kind: str, owner: str, at: datetime) -> dict[str, Any]:
    return {
        "id": number,
        "parent": parent,
        "name": name,
        "kind": kind,
        "organization": owner,
        "created_at": at,
        "creator": "bench",
    }


def _version(number: int, owner: str, at: datetime, *, goes: bool) -> dict[str, Any]:
    return {
        "entry": number + 1_000,
        "organization": owner,
        "blob": secrets.token_hex(16),
        "wrapped_key": secrets.token_bytes(60) if goes else None,
        "master": "bench",
        "size": 1_000,
        "sha256": secrets.token_bytes(32),
        "creator": "bench",
        "created_at": at,
        "received_at": at,
        "received_from": "cli",
        # Spread over the term, so that the index is as long as it would be.
        "expires_at": at + timedelta(days=1, seconds=number % 7_689_600),
        "client_mtime": None,
    }


@dataclass(frozen=True)
class Swept:
    """One sweep: how long it took, and from when to when, by this process's counter."""

    seconds: float
    began: float
    ended: float


def make_due(store: Store, count: int) -> None:
    """Let *count* of the files that have a key be over since a minute ago."""
    now = datetime.now(UTC)
    with store.write() as connection:
        doomed = select(version.c.id).where(version.c.wrapped_key.is_not(None), version.c.entry.is_not(None))
        chosen = doomed.limit(count).scalar_subquery()
        connection.execute(
            update(version).where(version.c.id.in_(chosen)).values(expires_at=now - timedelta(minutes=1))
        )


def by_job(bench: Bench, store: Store) -> Swept:
    """Let the server's own job sweep; how long it took is what its row says."""
    with store.read() as connection:
        last = connection.execute(select(func.max(job_run.c.id)).where(job_run.c.job == "sweep")).scalar() or 0
    with store.write() as connection:
        connection.execute(update(job).where(job.c.name == "sweep").values(due_at=datetime.now(UTC)))
    began = None
    while True:
        with store.read() as connection:
            run = select(job_run).where(job_run.c.job == "sweep", job_run.c.id > last)
            done = connection.execute(run).first()
        if done is not None and began is None:
            began = time.perf_counter()
        if done is not None and began is not None and done.ended_at is not None:
            if done.outcome != "done" or str(bench.due) not in done.did:
                raise SystemExit(f"the sweep ended with {done.outcome}: {done.did}")
            return Swept(float(done.microseconds) / 1e6, began, time.perf_counter())
        time.sleep(0.05)


def by_command(bench: Bench, store: Store) -> Swept:
    """Sweep in a process of its own, the interpreter's start included."""
    del store
    began = time.perf_counter()
    said = json.loads(bench.mft("retention", "run", "--json"))
    if said["destroyed"] != bench.due:
        raise SystemExit(f"the sweep did {said}")
    ended = time.perf_counter()
    return Swept(ended - began, began, ended)


SWEEPS: Final[dict[str, Callable[[Bench, Store], Swept]]] = dict(zip(WAYS, (by_job, by_command), strict=True))


async def ask(client: asyncssh.SFTPClient, names: list[str], until: Callable[[int], bool]) -> list[tuple[float, float]]:
    """Ask STAT of one name after the other until *until*, given how many.

    Return when each was asked, and after how many milliseconds it was answered.
    """
    noise = random.Random(7)  # noqa: S311
    took: list[tuple[float, float]] = []
    while not until(len(took)):
        name = noise.choice(names)
        began = time.perf_counter()
        await client.stat(name)
        took.append((began, (time.perf_counter() - began) * 1e3))
        await asyncio.sleep(BETWEEN)
    return took


def summary(asked: list[tuple[float, float]], since: float = 0.0, until: float = float("inf")) -> dict[str, float]:
    """Return the numbers by which runs are compared, in milliseconds, of what was asked from *since* to *until*."""
    took = [milliseconds for at, milliseconds in asked if since <= at <= until]
    cuts = statistics.quantiles(took, n=100)
    return {
        "requests": len(took),
        "median": round(statistics.median(took), 3),
        "p95": round(cuts[94], 3),
        "p99": round(cuts[98], 3),
        "max": round(max(took), 3),
    }


async def measure(bench: Bench) -> list[dict[str, Any]]:
    """Return every run: how long the sweep took, and what STAT took before and meanwhile."""
    runs = []
    options: dict[str, Any] = {"known_hosts": None, "config": None, "username": "reader"}
    keys = [str(bench.folder / "key")]
    with closing(bench.store()) as store:
        async with (
            asyncssh.connect("127.0.0.1", bench.port, client_keys=keys, **options) as line,
            line.start_sftp_client() as client,
        ):
            await ask(client, bench.names, lambda count: count >= STATS_BEFORE)  # Nothing is warm at first.
            for number in range(bench.rounds * len(WAYS)):
                way = WAYS[number % len(WAYS)]
                before = await ask(client, bench.names, lambda count: count >= STATS_BEFORE)
                make_due(store, bench.due)
                sweep = asyncio.create_task(asyncio.to_thread(SWEEPS[way], bench, store))
                during = await ask(client, bench.names, lambda _, sweep=sweep: sweep.done())
                swept = sweep.result()
                run: dict[str, Any] = {"way": way, "seconds": round(swept.seconds, 2)}
                run |= {"before": summary(before), "during": summary(during, swept.began, swept.ended)}
                run["ratio"] = round(run["during"]["median"] / run["before"]["median"], 2)
                print(json.dumps(run), flush=True)  # noqa: T201  (what this program is for)
                runs.append(run)
        with store.read() as connection:
            left = select(func.count()).select_from(tombstone).where(tombstone.c.destroyed_at.is_(None))
            if connection.execute(left).scalar_one():
                raise SystemExit("something was not destroyed")
    return runs


def main() -> None:
    """Make the server, measure it, write down what was found."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--files", type=int, default=1_000_000)
    words.add_argument("--due", type=int, default=10_000)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--write", type=Path, default=RESULTS)
    chosen = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="mft-bench-") as folder:
        bench = Bench(Path(folder) / "house", chosen.files, chosen.due, chosen.rounds)
        bench.set_up()
        fill(bench)
        bench.start()
        try:
            runs = asyncio.run(measure(bench))
        finally:
            bench.stop()
    found = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "files": chosen.files,
        "due": chosen.due,
        "unit": "milliseconds for one SFTP STAT, seconds for one sweep",
        "sweep_seconds": {way: [run["seconds"] for run in runs if run["way"] == way] for way in WAYS},
        "median_ratio": {
            way: round(statistics.median(run["ratio"] for run in runs if run["way"] == way), 2) for way in WAYS
        },
        "runs": runs,
    }
    chosen.write.parent.mkdir(parents=True, exist_ok=True)
    chosen.write.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps({name: found[name] for name in ("sweep_seconds", "median_ratio")}))  # noqa: T201


if __name__ == "__main__":
    main()
