"""Numbers for Prometheus.  Doors count here; the monitor shows them.

Labels hold only words from our own tables: a name or an address from a client would let strangers
grow the memory without end.

Where several workers serve, each keeps its numbers in a file of a folder that their parent names by
PROMETHEUS_MULTIPROC_DIR, and the monitor shows the sums.
"""

import os
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

REGISTRY: Final = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

CONNECTIONS: Final = Counter(
    "mft_connections", "Connections accepted, by what became of them", ["end"], registry=REGISTRY
)
"""end: ``served``, ``penalty``, ``limit``, ``proxy``, ``cut``."""
SIGNONS: Final = Counter(
    "mft_signons", "Sign-on attempts, by verdict and method", ["verdict", "method"], registry=REGISTRY
)
"""verdict: ``admitted``, ``must_replace``, ``also_needs``, or the reason of a refusal."""
SESSIONS: Final = Gauge("mft_sessions", "Sessions open now", ["door"], registry=REGISTRY, multiprocess_mode="livesum")
TRANSFERS: Final = Counter(
    "mft_transfers", "Transfers ended, by direction and ending", ["direction", "end"], registry=REGISTRY
)
"""direction: ``up`` or ``down``; end: ``whole``, ``partial``, ``failed``."""
BYTES: Final = Counter("mft_bytes", "Content bytes moved, by direction", ["direction"], registry=REGISTRY)
PENALTIES: Final = Counter("mft_penalties", "Offences charged, by kind", ["offence"], registry=REGISTRY)
REQUESTS: Final = Counter(
    "mft_sftp_requests", "SFTP requests, by name and status", ["request", "status"], registry=REGISTRY
)
FAILURES: Final = Counter("mft_unexpected", "Exceptions nobody foresaw, by door", ["door"], registry=REGISTRY)
JOBS: Final = Counter("mft_jobs", "Runs of scheduled jobs, by ending", ["job", "end"], registry=REGISTRY)
"""end: ``done``, ``stopped`` or ``failed``."""
JOB_SECONDS: Final = Histogram("mft_job_seconds", "How long a scheduled job ran", ["job"], registry=REGISTRY)
JOB_SUCCEEDED: Final = Gauge(
    "mft_job_last_success_seconds",
    "When a scheduled job was last done, on any node, in Unix time",
    ["job"],
    registry=REGISTRY,
    multiprocess_mode="max",
)
FILES_DAMAGED: Final = Gauge(
    "mft_files_damaged",
    "Stored files found missing or changed and not mended since",
    registry=REGISTRY,
    multiprocess_mode="livemostrecent",
)
LOOP_LAG: Final = Histogram(
    "mft_loop_lag_seconds",
    "How late the event loop woke",
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0),
    registry=REGISTRY,
)
RETENTION_HALTED: Final = Gauge(
    "mft_retention_halted",
    "1 while removing stands still, by cause",
    ["cause"],
    registry=REGISTRY,
    multiprocess_mode="livemostrecent",
)
"""cause: ``files``, ``accounts``, ``clock``."""
LETTERS: Final = Counter("mft_letters", "Letters tried, by what became of them", ["end"], registry=REGISTRY)
"""end: ``sent``, ``put_off``, ``given_up``, or ``outage`` when the mail server could not be used."""
LETTERS_WAITING: Final = Gauge(
    "mft_letters_waiting", "Letters on their way out", registry=REGISTRY, multiprocess_mode="livemostrecent"
)
FREE_BYTES: Final = Gauge(
    "mft_blobs_free_bytes",
    "Bytes free where sealed files lie",
    registry=REGISTRY,
    multiprocess_mode="livemostrecent",
)

CONTENT_TYPE: Final = "text/plain; version=1.0.0; charset=utf-8"


def exposition() -> bytes:
    """Return every number in Prometheus's text format."""
    return generate_latest(_of_all(folder) if (folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR")) else REGISTRY)


def _of_all(folder: str) -> CollectorRegistry:
    """Return the sums of all workers, and what this process alone takes up."""
    joint = CollectorRegistry()
    MultiProcessCollector(joint, path=folder)  # type: ignore[no-untyped-call]
    ProcessCollector(registry=joint)
    return joint
