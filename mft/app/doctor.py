"""What ``mft doctor`` looks at: whatever must be right for the server to work, each with what to do when it is not.

It changes nothing.  Every check stands alone, so that one fault does not hide the next.
"""

import asyncio
import os
import socket
import ssl
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from mft.app.alone import running
from mft.app.classes import demand_known_classes
from mft.app.directories import directory_of, provider_of
from mft.app.portal_facts import bound_port, portal_url, tls_files
from mft.app.signon_probe import refuses_a_stranger
from mft.app.values import tree_rules
from mft.audit.search import tail
from mft.blobs.local import LocalBlobs
from mft.clock import Clock, SystemClock
from mft.crypto.hostkeys import list_host_keys
from mft.crypto.master import MasterKey
from mft.crypto.passwords import Passwords
from mft.crypto.signer import Signer
from mft.crypto.tls import der_of, ends_at
from mft.model.errors import MftError, Unavailable
from mft.model.network import parse_address
from mft.policy.breaker import Cause
from mft.policy.quota import shortage
from mft.settings.load import Loaded
from mft.settings.model import Settings
from mft.store import halts, slowdowns, staff
from mft.store.engine import Store, open_store
from mft.store.schema import HEAD, require_current
from mft.web.portal.pages.provider import RETURN

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_ANYWHERE: Final = "0.0.0.0"  # noqa: S104  (what a listener on every address says)
_HERE: Final = "127.0.0.1"
_NOBODY: Final = "mft-doctor"
_SLACK: Final = timedelta(seconds=5)
_RENEWAL: Final = timedelta(days=14)
"""Before its end, a certificate is spoken of."""
_PATIENCE: Final = 5.0
"""Seconds for the portal to show its certificate."""
_LONG_AGO: Final = datetime.fromtimestamp(0, UTC)


class Standing(StrEnum):
    """How one thing is."""

    GOOD = "good"
    DOUBTFUL = "doubtful"  # The server works; somebody should look.
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    check: str
    standing: Standing
    said: str
    mend: str = ""
    """What to do; empty when there is nothing to do."""


def examine(loaded: Loaded, clock: Clock | None = None) -> list[Finding]:
    """Return what every check finds, the first cause first."""
    clock = clock or SystemClock()
    findings: list[Finding] = []
    for name, check in _CHECKS.items():
        try:
            findings.extend(check(name, loaded, clock))
        except MftError as error:
            said, _, mend = str(error).partition("; ")
            findings.append(Finding(name, Standing.BAD, said, mend))
        except OSError as error:
            findings.append(Finding(name, Standing.BAD, str(error), "check the path and its owner"))
    return findings


Check = Callable[[str, Loaded, Clock], Iterator[Finding]]


def _permissions(name: str, loaded: Loaded, _clock: Clock) -> Iterator[Finding]:
    settings = loaded.settings
    places = [loaded.file, settings.data, settings.sftp.host_keys, settings.audit.signing_key, settings.master_key]
    _, portal_key = tls_files(settings)
    if settings.portal.enabled and portal_key.exists():
        places.append(portal_key)
    wrong = [found for place in places if (found := _too_open(name, place))]
    yield from wrong or [Finding(name, Standing.GOOD, "only the owner reads configuration, keys and data")]


def _too_open(name: str, place: Path) -> Finding | None:
    facts = place.stat()
    # Systemd guards its credentials by an access list that shows as group bits.
    if facts.st_mode & _OTHERS and Path("/run/credentials") not in place.parents:
        return Finding(name, Standing.BAD, f"{place} can be used by others", f"chmod go= {place}")
    if facts.st_uid not in {os.geteuid(), 0}:
        owner = Finding(name, Standing.DOUBTFUL, f"{place} belongs to user {facts.st_uid}, not to you")
        return None if os.geteuid() == 0 else owner
    return None


def _keys(name: str, loaded: Loaded, _clock: Clock) -> Iterator[Finding]:
    settings = loaded.settings
    master = MasterKey.load(settings.master_key)
    yield Finding(name, Standing.GOOD, f"the master key is at generation {master.current}")
    Signer.load(settings.audit.signing_key)
    yield Finding(name, Standing.GOOD, "the audit trail's signing key is there")
    for key in list_host_keys(settings.sftp.host_keys):
        yield Finding(name, Standing.GOOD, f"host key {key.algorithm} {key.fingerprint}")


def _database(name: str, loaded: Loaded, _clock: Clock) -> Iterator[Finding]:
    with closing(open_store(loaded.settings.store_url)) as store:
        require_current(store)
        _try_writing(store)
    yield Finding(name, Standing.GOOD, f"the database answers, takes writes and stands at step {HEAD}")


def _try_writing(store: Store) -> None:
    """Write as every sign-on does, and take it back.  Raises Unavailable: where this fails nobody signs on."""
    try:
        with store.write() as connection, connection.begin_nested() as trial:
            slowdowns.count(connection, parse_address(_HERE), "mft doctor", _LONG_AGO, _LONG_AGO)
            trial.rollback()
    except Unavailable as error:
        raise Unavailable(f"the database takes no writes, so that nobody can sign on: {error}") from error


def _classes(name: str, loaded: Loaded, _clock: Clock) -> Iterator[Finding]:
    rules = tree_rules(loaded.settings).terms
    with closing(open_store(loaded.settings.store_url)) as store:
        demand_known_classes(store, rules)
    yield Finding(
        name, Standing.GOOD, f"every folder's files are kept by a class that is known: {', '.join(rules.classes)}"
    )


def _blobs(name: str, loaded: Loaded, _clock: Clock) -> Iterator[Finding]:
    writable = all(os.access(loaded.settings.data / part, os.W_OK | os.X_OK) for part in ("staging", "blobs"))
    if writable:
        yield Finding(name, Standing.GOOD, "the folders of sealed files can be written")
    else:
        yield Finding(
            name, Standing.BAD, f"{loaded.settings.data} cannot be written", "check its owner, or run mft serve"
        )


def _space(name: str, loaded: Loaded, _clock: Clock) -> Iterator[Finding]:
    free, total = LocalBlobs(loaded.settings.data).free()
    short = shortage(free, total, 0, tree_rules(loaded.settings).reserve)
    if short:
        yield Finding(name, Standing.BAD, f"uploads are refused: {short}", "make room, or move the data folder")
    else:
        yield Finding(name, Standing.GOOD, f"{free >> 20} of {total >> 20} MiB are free")


def _clock_sane(name: str, loaded: Loaded, clock: Clock) -> Iterator[Finding]:
    now = clock.now()
    with closing(open_store(loaded.settings.store_url)) as store:
        newest = next((event.at for event in tail(store, 1)), None)
    if newest is not None and newest > now + _SLACK:
        said = f"the clock says {now.isoformat()}, and the audit trail's newest event is of {newest.isoformat()}"
        yield Finding(name, Standing.BAD, said, "set the clock (timedatectl); terms and expiries follow it")
    else:
        yield Finding(name, Standing.GOOD, f"the clock says {now.isoformat()}")


def _retention(name: str, loaded: Loaded, _clock: Clock) -> Iterator[Finding]:
    with closing(open_store(loaded.settings.store_url)) as store, store.read() as connection:
        standing = halts.standing(connection).values()
    mend = "see mft retention plan; if it is right, mft retention run --confirm PLAN_ID"
    for halt in standing:
        clock = "set the clock right (timedatectl) if it is wrong; then " if halt.cause is Cause.CLOCK else ""
        yield Finding(name, Standing.DOUBTFUL, f"removing stands still: {halt.why}", clock + mend)
    if not standing:
        yield Finding(name, Standing.GOOD, "removing goes on")


def _ports(name: str, loaded: Loaded, _clock: Clock) -> Iterator[Finding]:
    ready = running(loaded.settings.data)
    if ready is not None:
        yield Finding(name, Standing.GOOD, f"the server runs on {', '.join(ready.get('sftp', ()))}")
        return
    for listener in loaded.settings.sftp.listeners:
        yield _free(name, listener.address, listener.port)


def _workers(name: str, loaded: Loaded, _clock: Clock) -> Iterator[Finding]:
    wanted, ready = loaded.settings.workers, running(loaded.settings.data)
    cores = len(os.sched_getaffinity(0))
    if wanted > cores:
        said = f"{wanted} are wanted, and the machine has {cores} {'core' if cores == 1 else 'cores'}"
        yield Finding(name, Standing.DOUBTFUL, said, "more than there are cores make nothing quicker; lower workers")
    if ready is None:
        yield Finding(name, Standing.GOOD, f"{wanted} serve when the server runs")
        return
    serving = len(ready.get("workers", (0,)))
    good = serving == wanted
    said = f"{serving} of {wanted} serve"
    mend = "read the server's log for worker.died; restart the server if workers was changed"
    yield Finding(name, Standing.GOOD, said) if good else Finding(name, Standing.DOUBTFUL, said, mend)


def _free(name: str, address: str, port: int) -> Finding:
    where = f"{address}:{port}"
    try:
        with socket.create_server((address, port)):
            return Finding(name, Standing.GOOD, f"{where} is free")
    except PermissionError:
        return Finding(
            name,
            Standing.DOUBTFUL,
            f"{where} needs privileges",
            "start by systemd/mft.socket, or take a port from 1024 on",
        )
    except OSError as error:
        return Finding(name, Standing.BAD, f"{where}: {error.strerror}", f"see who has it: ss -ltnp 'sport = :{port}'")


def _sign_on(name: str, loaded: Loaded, _clock: Clock) -> Iterator[Finding]:
    ready = running(loaded.settings.data)
    if not ready:
        yield Finding(name, Standing.DOUBTFUL, "not tried: no server runs on this folder", "start it: mft serve")
        return
    known = {key.fingerprint for key in list_host_keys(loaded.settings.sftp.host_keys)}
    for address in _reachable(loaded.settings, ready.get("sftp", ())):
        objection = refuses_a_stranger(address, known)
        good = f"{address} shows our host key and refuses a stranger as it should"
        mend = "read the server's log, and restart it if its keys were changed"
        yield (
            Finding(name, Standing.BAD, f"{address}: {objection}", mend)
            if objection
            else Finding(name, Standing.GOOD, good)
        )


def _reachable(settings: Settings, addresses: list[str]) -> list[str]:
    """Return the addresses that answer without a PROXY header, as this machine reaches them."""
    proxied = {listener.port for listener in settings.sftp.listeners if listener.proxy_from}
    found = (address.rpartition(":") for address in addresses)
    return [f"{_HERE if host == _ANYWHERE else host}:{port}" for host, _, port in found if int(port) not in proxied]


def _portal(name: str, loaded: Loaded, clock: Clock) -> Iterator[Finding]:
    settings = loaded.settings
    if not settings.portal.enabled:
        yield Finding(name, Standing.GOOD, "it is switched off")
        return
    certificate, key = tls_files(settings)
    if settings.portal.certificate is None and not certificate.exists():
        yield Finding(name, Standing.GOOD, "a certificate for the trial is made when the server starts")
    else:
        yield _lasting(name, certificate, key, clock.now())
    if running(settings.data) is None:
        yield _free(name, settings.portal.address, settings.portal.port)
    else:
        yield _shown(name, settings, certificate)


def _lasting(name: str, certificate: Path, key: Path, now: datetime) -> Finding:
    ends = ends_at(certificate, key)
    if now >= ends:
        return Finding(name, Standing.BAD, f"{certificate} ended {ends.date()}", "put a new certificate in its place")
    standing = Standing.DOUBTFUL if now >= ends - _RENEWAL else Standing.GOOD
    mend = "renew it" if standing is Standing.DOUBTFUL else ""
    return Finding(name, standing, f"{certificate} holds until {ends.date()}", mend)


def _shown(name: str, settings: Settings, certificate: Path) -> Finding:
    """Ask the running portal for its certificate: one that was renewed is shown only after a new start."""
    address = _HERE if settings.portal.address == _ANYWHERE else settings.portal.address
    shown = ssl.get_server_certificate((address, bound_port(settings)), timeout=_PATIENCE)
    if ssl.PEM_cert_to_DER_cert(shown) != der_of(certificate):
        said = f"the running portal shows another certificate than {certificate}"
        return Finding(name, Standing.BAD, said, "restart the server")
    return Finding(name, Standing.GOOD, f"it answers at {portal_url(settings)}")


def _staff(name: str, loaded: Loaded, _clock: Clock) -> Iterator[Finding]:
    with closing(open_store(loaded.settings.store_url)) as store, store.read() as connection:
        people = staff.listing(connection)
    groups = len(loaded.settings.directory.roles)
    if people or groups:
        who = f"{len(people)} people have a role" + (f", and {groups} groups of the directory" if groups else "")
        yield Finding(name, Standing.GOOD, f"{who}; nobody else but root may do anything")
    else:
        said = "nobody has a role, so that whoever can open the server is operator"
        yield Finding(name, Standing.DOUBTFUL, said, "begin with an operator: mft staff add NAME --role operator")


def _directory(name: str, loaded: Loaded, _clock: Clock) -> Iterator[Finding]:
    directory = directory_of(loaded.settings, Passwords())
    if directory is None:
        yield Finding(name, Standing.GOOD, "none is configured; SFTP Account Setup/Update is off")
        return
    # Somebody who is not there: an answer about them is an answer.
    asyncio.run(directory.standing(_NOBODY))
    yield Finding(name, Standing.GOOD, f"the {loaded.settings.directory.kind} directory answers")


def _provider(name: str, loaded: Loaded, clock: Clock) -> Iterator[Finding]:
    provider = provider_of(loaded.settings, clock)
    if provider is None:
        yield Finding(name, Standing.GOOD, "none is configured; people sign in to the portal by password and code")
        return
    metadata = asyncio.run(provider.look())
    yield Finding(name, Standing.GOOD, f"{provider.issuer} answers and shows its keys")
    secret = loaded.settings.oidc.client_secret_file
    if secret is None:
        said = "it is told who we are by oidc.client_id alone; PKCE still binds a code to us"
        yield Finding(name, Standing.DOUBTFUL, said, "if it gave a secret, name its file in oidc.client_secret_file")
    if not metadata.says_issuer:
        said = "it does not name itself when it sends a browser back (RFC 9207)"
        yield Finding(name, Standing.GOOD, f"{said}; the ID token does")
    where = portal_url(loaded.settings)
    if where:
        yield Finding(name, Standing.GOOD, f"let it send people back to {where}{RETURN}")


_CHECKS: Final[dict[str, Check]] = {
    "permissions": _permissions,
    "keys": _keys,
    "database": _database,
    "clock": _clock_sane,
    "staff": _staff,
    "classes": _classes,
    "blobs": _blobs,
    "space": _space,
    "retention": _retention,
    "ports": _ports,
    "workers": _workers,
    "sign-on": _sign_on,
    "portal": _portal,
    "directory": _directory,
    "provider": _provider,
}
