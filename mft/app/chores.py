"""The table of scheduled work: what is done, how often, and by which room."""

from dataclasses import asdict
from datetime import timedelta

from mft.app.build import House
from mft.jobs.schedule import Job
from mft.logs.metrics import FREE_BYTES
from mft.retention.sweep import Sweep, Swept


def chores(house: House) -> tuple[Job, ...]:
    """Return the jobs of *house*."""
    sweep = Sweep(house.files.parts)
    return (
        # Expires files, drops uploads nobody resumed, destroys what is due: in that order, each in pages.
        Job("sweep", timedelta(minutes=5), lambda: _told(sweep.run())),
        Job(
            "checkpoint", house.settings.audit.checkpoint_every, lambda: len(house.checkpoints.make(house.clock.now()))
        ),
        Job("refusals", timedelta(minutes=1), house.signon.tidy, alone=False),
        Job("sessions", timedelta(minutes=1), house.sessions.bury_silent, alone=False),
        Job("space", timedelta(minutes=1), lambda: _measure_space(house), alone=False),
    )


def _told(swept: Swept) -> dict[str, int]:
    """Return what a sweep did, for the log; nothing when it did nothing."""
    return {name: count for name, count in asdict(swept).items() if count}


def _measure_space(house: House) -> None:
    free, _total = house.blobs.free()
    FREE_BYTES.set(free)
