"""Copy a whole database out and in: SQLite through its own backup, PostgreSQL through its own tools.

The copy is one moment of the database, whatever is written meanwhile.  A password goes to the tools
by their environment, never on their command line.
"""

import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from mft.model.errors import Unavailable

_SQLITE = "sqlite:///"


def is_sqlite(url: str) -> bool:
    """Return whether *url* names an SQLite file."""
    return url.startswith("sqlite")


def sqlite_file(url: str) -> Path:
    """Return the file that an SQLite *url* names."""
    return Path(unquote(url.removeprefix(_SQLITE)))


def dump(url: str, target: Path) -> None:
    """Write the database at *url* to the new file *target*.  Raises Unavailable."""
    if not is_sqlite(url):
        _run("pg_dump", "--format=custom", "--no-owner", f"--file={target}", url=url)
        return
    try:
        with closing(sqlite3.connect(sqlite_file(url))) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
    except sqlite3.Error as error:
        raise Unavailable(f"the database could not be copied: {error}") from error


def undump(source: Path, url: str) -> None:
    """Write the copy *source* to the empty database at *url*.  Raises Unavailable."""
    if not is_sqlite(url):
        _run("pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", str(source), url=url)
        return
    source.rename(sqlite_file(url))


def _run(tool: str, *arguments: str, url: str) -> None:
    target, password = _apart(url)
    environ = os.environ | ({"PGPASSWORD": password} if password else {})
    command = [tool, f"--dbname={target}", "--no-password", *arguments]
    try:
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)  # noqa: S603  (a list, no shell)
    except FileNotFoundError:
        raise Unavailable(f"{tool} is not installed; install postgresql-client") from None
    if done.returncode:
        raise Unavailable(f"{tool} failed: {done.stderr.strip()}")


def _apart(url: str) -> tuple[str, str]:
    """Return *url* as PostgreSQL's tools read it, without its password, and the password."""
    parts = urlsplit(url)
    user, _, place = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    return urlunsplit(parts._replace(scheme="postgresql", netloc=f"{name}@{place}" if name else place)), unquote(
        password
    )
