"""The table of scheduled work: what is done, how often, and by which room."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from mft.app.build import House
from mft.jobs.schedule import Job
from mft.logs.metrics import FILES_DAMAGED, FREE_BYTES
from mft.vfs.recovery import clear_orphans

_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


def chores(house: House) -> tuple[Job, ...]:
    """Return the jobs of *house*: those with one runner at a time, then what every process does for itself."""
    checkpoint = house.settings.audit.checkpoint_every

    def by_right_clock(work: Callable[[], object]) -> Callable[[], object]:
        """Leave *work* undone while the clock is in doubt: what it notes or tells cannot be taken back."""
        return lambda: work() if house.breaker.trusts_clock() else None

    return (
        Job("sweep", 5 * _MINUTE, house.sweep.run),  # Expired files, uploads nobody resumed, destruction.
        Job("accounts", _HOUR, house.account_pass.run),  # Warns of disuse, notes suspensions, purges what is due.
        Job("reviews", _HOUR, by_right_clock(house.reviews.open_due)),  # Opens the month's recertifications.
        Job("requests", _HOUR, by_right_clock(house.requests.tidy)),  # Notes requests that nobody decided in time.
        Job("checkpoint", checkpoint, lambda: len(house.checkpoints.make(house.clock.now()))),  # Signs the trail.
        Job("scrub", _HOUR, house.scrubber.run, stop=house.scrubber.stop),  # Reads stored files back.
        Job("orphans", _DAY, by_right_clock(lambda: _clear_orphans(house))),  # Bytes without a name, and vice versa.
        Job("digests", _HOUR, by_right_clock(house.digests.run)),  # Tells people of files that end untaken.
        Job("mail", _MINUTE, lambda: house.post.deliver().moved),  # Sends the letters that wait.
        Job("visits", _MINUTE, house.visits.sweep),  # Ends visits to the portal that are over.
        *_looks(house),
        Job("links", _DAY, house.mail_links.tidy),  # Forgets one-time links of long ago.
        Job("runs", _DAY, by_right_clock(house.runs.tidy)),  # Forgets runs of long ago.
        Job("refusals", _MINUTE, house.signon.tidy, alone=False),  # Counts refused strangers together.
        Job("sessions", _MINUTE, house.sessions.bury_silent, alone=False),  # Ends what a dead process left.
        Job("space", _MINUTE, lambda: _measure(house), alone=False),  # Free bytes, damaged files.
    )


def _looks(house: House) -> tuple[Job, ...]:
    """Return the job that asks the directory how people stand, where there is one."""
    if house.directory is None:
        return ()
    every = house.settings.directory.look_again
    # Its own loop: a run is called in a thread, and the questions of one run are put side by side.
    return (Job("setups", every, lambda: asyncio.run(house.setups.look_at_all()), stop=house.setups.stop),)


def _clear_orphans(house: House) -> dict[str, int]:
    found = clear_orphans(house.files.parts)
    return {"discarded": found.discarded, "missing": house.scrubber.report_missing(found.missing)}


def _measure(house: House) -> None:
    free, _total = house.blobs.free()
    FREE_BYTES.set(free)
    FILES_DAMAGED.set(house.scrubber.damaged())
