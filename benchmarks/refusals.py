"""Be refused in seven ways, over SFTP and in the portal, and see whether the time it takes tells them apart.

A real server in a process of its own, at the settings that come with it, but for two: nobody is kept
out for what is refused, and nobody is locked on the way.  Every try comes from an address of its own,
so that none is answered late for another.  What is measured is the answer to the password alone.
Writes benchmarks/results/refusals.json with every run.

    .venv/bin/python benchmarks/refusals.py [--tries 200]
"""

import argparse
import asyncio
import json
import os
import platform
import random
import re
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from itertools import count
from pathlib import Path
from typing import Any, Final

import asyncssh
import httpx2
from sqlalchemy import update

from mft.accounts.allowlists import NewAddress
from mft.accounts.provisioning import NewAccount
from mft.app.build import House, open_house
from mft.app.portal_facts import tls_files
from mft.model.account import OrganizationKind
from mft.model.session import Actor, Door
from mft.policy.signon import SENTENCE
from mft.settings.load import load
from mft.store.tables import account, credential

MFT: Final = Path(sys.executable).parent / "mft"
RESULTS: Final = Path(__file__).parent / "results" / "refusals.json"
WARM: Final = 3
"""Rounds before the first that counts."""
MOST_FAILURES: Final = 1_000_000
SECRET: Final = "quiet harbour 91 lanterns"  # noqa: S105  (of accounts that live as long as this program)
WRONG: Final = "quiet harbour 92 lanterns"
LISTED: Final = "127.1.0.0/16"
ENVIRONMENT: Final = {
    "MFT_SFTP__PENALTY_EXEMPT": '["127.0.0.0/8"]',
    "MFT_TERMS__MAX_FAILURES": str(MOST_FAILURES),
}
_TOKEN: Final = re.compile(r'name="form_token" value="([0-9a-f]*)"')
_OLGA: Final = Actor(Door.CLI, "olga")
_OTTO: Final = Actor(Door.CLI, "otto")


@dataclass(frozen=True)
class Refused:
    """One way to be refused: who knocks, and with what."""

    name: str
    secret: str


@dataclass
class Served:
    """The server, as those who knock know it."""

    portal: str
    sftp: int
    trust: ssl.SSLContext


def add(house: House, name: str, *, listed: str = LISTED) -> None:
    """Add an account with a password."""
    house.accounts.add(_OLGA, NewAccount(name, "northwind", f"{name}@example.org"))
    entry = house.allowlists.add(_OLGA, name, NewAddress(listed)).entry
    if entry.approved_by is None:
        house.allowlists.approve(_OTTO, entry.id)
    house.credentials.set_password(_OLGA, name, SECRET)


def furnish(house: House) -> dict[str, Refused]:
    """Make one account for each way to be refused."""
    house.organizations.add(_OLGA, "northwind", "Northwind", OrganizationKind.DELEGATE)
    for name in ("wrong", "expired", "locked", "disabled", "purged"):
        add(house, name)
    add(house, "elsewhere", listed="127.2.0.1")
    temporary = house.credentials.issue_temporary(_OLGA, "expired").secret
    house.accounts.disable(_OLGA, "disabled")
    house.purging.purge(_OLGA, "purged", "for the benchmark")
    with house.store.write() as connection:
        gone = datetime.now(UTC) - timedelta(seconds=1)
        connection.execute(update(credential).where(credential.c.kind == "temporary").values(expires_at=gone))
        connection.execute(update(account).where(account.c.name == "locked").values(failures=MOST_FAILURES))
    return {
        "unknown name": Refused("nobody", SECRET),
        "wrong password": Refused("wrong", WRONG),
        "temporary password too old": Refused("expired", temporary),
        "address not listed": Refused("elsewhere", SECRET),
        "locked": Refused("locked", SECRET),
        "disabled": Refused("disabled", SECRET),
        "purged": Refused("purged", SECRET),
    }


def start(folder: Path) -> tuple[subprocess.Popen[bytes], dict[str, Any]]:
    """Start the server and return it with what it says when it is ready."""
    log = folder / "server.log"
    environment = {**os.environ, **ENVIRONMENT, "MFT_CONFIG": str(folder / "mft.toml")}
    with log.open("wb") as written:
        process = subprocess.Popen([MFT, "serve"], env=environment, stdout=written, stderr=written)  # noqa: S603
    while True:
        for line in log.read_text().splitlines():
            if '"ready"' in line:
                return process, json.loads(line)
        if process.poll() is not None:
            raise SystemExit(log.read_text())
        time.sleep(0.2)


async def by_portal(served: Served, who: Refused, source: IPv4Address) -> float:
    """Be refused in the portal and return after how many milliseconds."""
    transport = httpx2.AsyncHTTPTransport(verify=served.trust, local_address=str(source))
    async with httpx2.AsyncClient(transport=transport, base_url=served.portal) as browser:
        token = _TOKEN.findall((await browser.get("/signin")).text)[-1]
        fields = {"form_token": token, "name": who.name, "password": who.secret}
        began = time.perf_counter()
        answer = await browser.post("/signin", data=fields)
        took = time.perf_counter() - began
    if answer.status_code != 403 or SENTENCE not in answer.text:  # noqa: PLR2004  (what a refusal is)
        raise SystemExit(f"{who.name} was answered {answer.status_code}")
    return took * 1e3


class Client(asyncssh.SSHClient):
    """Types a password once, and takes the time until the sentence comes."""

    def __init__(self, secret: str) -> None:
        """Keep what is typed."""
        self.secret: str | None = secret
        self.began = 0.0
        self.took: float | None = None

    def password_auth_requested(self) -> str | None:
        """Type it."""
        typed, self.secret = self.secret, None
        if typed is not None:
            self.began = time.perf_counter()
        return typed

    def auth_banner_received(self, msg: str, lang: str) -> None:  # noqa: ARG002  (asyncssh's signature)
        """Take the time."""
        if SENTENCE in msg:
            self.took = time.perf_counter() - self.began


async def by_sftp(served: Served, who: Refused, source: IPv4Address) -> float:
    """Be refused over SFTP and return after how many milliseconds."""
    client = Client(who.secret)
    options: dict[str, Any] = {"known_hosts": None, "config": None, "client_keys": None, "agent_path": None}
    try:
        await asyncssh.connect(
            *("127.0.0.1", served.sftp),
            username=who.name,
            client_factory=lambda: client,
            local_addr=(str(source), 0),
            kbdint_auth=False,
            **options,
        )
    except asyncssh.PermissionDenied:
        if client.took is not None:
            return client.took * 1e3
    raise SystemExit(f"{who.name} was not refused in the usual words")


DOORS: Final[dict[str, Callable[[Served, Refused, IPv4Address], Awaitable[float]]]] = {
    "portal": by_portal,
    "sftp": by_sftp,
}


async def measure(served: Served, ways: dict[str, Refused], tries: int) -> dict[str, dict[str, list[float]]]:
    """Return what every try took, by door and way; rounds go through all of them, each in an order of its own."""
    runs: dict[str, dict[str, list[float]]] = {door: {way: [] for way in ways} for door in DOORS}
    noise = random.Random(5)  # noqa: S311  (which comes first is no secret)
    sources = (IPv4Address("127.1.0.1") + number for number in count())
    for number in range(WARM + tries):
        order = [(door, way) for door in DOORS for way in ways]
        noise.shuffle(order)
        for door, way in order:
            took = await DOORS[door](served, ways[way], next(sources))
            if number >= WARM:
                runs[door][way].append(round(took, 3))
    return runs


def main() -> None:
    """Make the server, be refused, write down what was found."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--tries", type=int, default=200)
    words.add_argument("--write", type=Path, default=RESULTS)
    chosen = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="mft-bench-") as below:
        folder = Path(below) / "house"
        made = [str(MFT), "init", "--dir", str(folder), "--trial", "--sftp-port", "0", "--portal-port", "0"]
        subprocess.run(made, check=True, capture_output=True)  # noqa: S603
        settings = load(folder / "mft.toml", ENVIRONMENT).settings
        with open_house(settings) as house:
            ways = furnish(house)
        process, ready = start(folder)
        try:
            trust = ssl.create_default_context(cafile=tls_files(settings)[0])
            served = Served(ready["portal"], int(ready["sftp"][0].rpartition(":")[2]), trust)
            runs = asyncio.run(measure(served, ways, chosen.tries))
        finally:
            process.terminate()
            process.wait(60)
    medians = {
        door: {way: round(statistics.median(took), 3) for way, took in by_way.items()} for door, by_way in runs.items()
    }
    apart = {door: round(max(of.values()) - min(of.values()), 3) for door, of in medians.items()}
    found = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "tries": chosen.tries,
        "unit": "milliseconds from the password to the refusal",
        "apart": apart,
        "medians": medians,
        "runs": runs,
    }
    chosen.write.parent.mkdir(parents=True, exist_ok=True)
    # Each list of tries on a line of its own.
    text = re.sub(r"\[[^\[\]]*\]", lambda tries: re.sub(r"\s+", " ", tries[0]), json.dumps(found, indent=1))
    chosen.write.write_text(text + "\n")
    print(json.dumps({"apart": apart, "medians": medians}, indent=1))  # noqa: T201  (what this program is for)


if __name__ == "__main__":
    main()
