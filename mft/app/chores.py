"""The table of scheduled work: what is done, how often, and by which room."""

from datetime import timedelta

from mft.app.build import House
from mft.jobs.schedule import Job
from mft.logs.metrics import FREE_BYTES
from mft.retention.sweep import Sweep


def chores(house: House) -> tuple[Job, ...]:
    """Return the jobs of *house*."""
    sweep = Sweep(house.files.parts, house.breaker)
    return (
        # Expires files, drops uploads nobody resumed, destroys what is due: in that order, each in pages.
        Job("sweep", timedelta(minutes=5), sweep.run),
        # Warns of disuse, notes who was not answered for, purges what is due.
        Job("accounts", timedelta(hours=1), house.account_pass.run),
        Job("reviews", timedelta(hours=1), house.reviews.open_due),
        Job(
            "checkpoint", house.settings.audit.checkpoint_every, lambda: len(house.checkpoints.make(house.clock.now()))
        ),
        Job("runs", timedelta(days=1), house.runs.tidy),
        Job("refusals", timedelta(minutes=1), house.signon.tidy, alone=False),
        Job("sessions", timedelta(minutes=1), house.sessions.bury_silent, alone=False),
        Job("space", timedelta(minutes=1), lambda: _measure_space(house), alone=False),
    )


def _measure_space(house: House) -> None:
    free, _total = house.blobs.free()
    FREE_BYTES.set(free)
