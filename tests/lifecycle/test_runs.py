"""One runner at a time: whoever asks, wherever, whatever dies and however the clocks go."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import pytest

from mft.audit.search import tail
from mft.audit.trail import Trail
from mft.lifecycle.runs import BEAT, KEPT, LEASE, Runs
from mft.model.errors import Conflict, Unavailable
from mft.model.event import Action
from mft.model.job import Outcome, Standing, Stopped
from mft.model.session import Actor, Door
from mft.store.engine import Store
from tests.support.clock import MovingClock

EVERY = timedelta(minutes=10)
OLGA = Actor(Door.CLI, "olga")
SECOND = timedelta(seconds=1)


def runs_on(store: Store, clock: MovingClock, node: str = "n1", beat: timedelta = BEAT) -> Runs:
    return Runs(store, Trail(node), clock, node, beat)


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def runs(store: Store, clock: MovingClock) -> Runs:
    return runs_on(store, clock)


def once(runs: Runs, work: Callable[[], object] = lambda: 1) -> bool:
    """Ask to run the job, and tell whether it was run."""
    return runs.run_due("sweep", EVERY, work) is not None


def waits(runs: Runs) -> bool:
    return runs.look({"sweep": EVERY}).due == ("sweep",)


def standing(runs: Runs) -> Standing:
    return runs.standings()["sweep"]


def outcomes(runs: Runs) -> list[Outcome | None]:
    return [run.outcome for run in runs.history("sweep")]


def test_many_who_ask_run_a_due_job_exactly_once(any_store: Store, clock: MovingClock):
    askers = [runs_on(any_store, clock, node) for node in ("n1", "n2") for _ in range(4)]
    done: list[int] = []
    rounds = 15
    with ThreadPoolExecutor(len(askers)) as pool:
        for number in range(rounds):
            together = threading.Barrier(len(askers))

            def ask(runs: Runs, number: int = number, together: threading.Barrier = together) -> bool:
                together.wait(60)
                return once(runs, lambda: done.append(number))

            assert sum(pool.map(ask, askers)) == 1
            clock.advance(minutes=10)
    assert done == list(range(rounds))
    assert outcomes(askers[0]) == [Outcome.DONE] * rounds


def test_nobody_else_runs_it_while_it_runs_whatever_is_due(any_store: Store, clock: MovingClock):
    mine, others = runs_on(any_store, clock), runs_on(any_store, clock, "n2")
    seen: list[bool] = []

    def work() -> None:
        clock.advance(minutes=1, seconds=59)
        seen.extend((waits(others), once(others), once(mine)))

    assert once(mine, work)
    assert seen == [False, False, False]


def test_it_is_due_again_its_interval_after_it_ended_and_not_a_second_before(runs: Runs, clock: MovingClock):
    assert once(runs, lambda: clock.advance(seconds=30))
    clock.advance(minutes=9, seconds=59)
    assert not waits(runs)
    assert not once(runs)
    clock.advance(seconds=1)
    assert waits(runs)
    assert once(runs)


def test_missed_ticks_are_made_up_for_once(runs: Runs, clock: MovingClock):
    assert once(runs)
    clock.advance(days=30)
    assert once(runs)
    assert not once(runs)


KILLED = """
import os, sys
from datetime import timedelta
from mft.audit.trail import Trail
from mft.lifecycle.runs import Runs
from mft.store.engine import open_store
from tests.support.clock import MovingClock
runs = Runs(open_store(sys.argv[1]), Trail("n2"), MovingClock(), "n2")
runs.run_due("sweep", timedelta(minutes=10), lambda: os.kill(os.getpid(), 9))
"""


def killed(store: Store) -> None:
    """Let another process take the job and die of SIGKILL in the middle."""
    url = store.engine.url.render_as_string(hide_password=False)
    done = subprocess.run([sys.executable, "-c", KILLED, url], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL


def test_the_lease_of_a_killed_runner_ends_by_itself_and_its_run_is_written_down(any_store: Store, clock: MovingClock):
    killed(any_store)
    runs = runs_on(any_store, clock)
    assert outcomes(runs) == [None]
    clock.advance(minutes=1, seconds=59)
    assert not waits(runs)
    assert not once(runs)
    clock.advance(seconds=1)
    assert waits(runs)
    assert once(runs)
    assert outcomes(runs) == [Outcome.DONE, Outcome.STOPPED]
    assert [run.runner.split(":")[0] for run in runs.history("sweep")] == ["n1", "n2"]


def test_a_server_that_starts_frees_what_its_former_process_held_and_nothing_else(any_store: Store, clock: MovingClock):
    killed(any_store)
    other, by_hand = runs_on(any_store, clock, "n1"), runs_on(any_store, clock, "n2")
    assert other.settle() == ()
    assert not waits(other)

    def restart() -> None:
        assert runs_on(any_store, clock, "n2").settle() == ("sweep",)

    by_hand.run_now(OLGA, "mail", EVERY, restart)
    assert outcomes(other) == [Outcome.STOPPED]
    assert waits(other)
    assert by_hand.history("mail")[0].outcome is Outcome.DONE


def test_a_long_run_keeps_its_lease_by_being_heard_of(any_store: Store, clock: MovingClock):
    mine = runs_on(any_store, clock, beat=timedelta(milliseconds=5))
    others = runs_on(any_store, clock, "n2")
    seen: list[bool] = []

    def work() -> None:
        for _ in range(4):
            until = clock.advance(minutes=1, seconds=30) + LEASE
            beats = threading.Event()
            for _ in range(1000):
                if standing(others).lease_until == until:
                    break
                beats.wait(0.01)
            assert standing(others).lease_until == until
            seen.append(once(others))

    assert once(mine, work)
    assert seen == [False] * 4
    assert standing(mine).runner is None


def test_the_beat_leaves_three_more_before_the_lease_ends():
    assert BEAT * 4 <= LEASE


def test_who_lost_its_lease_leaves_the_new_runners_alone(any_store: Store, clock: MovingClock):
    first, second = runs_on(any_store, clock), runs_on(any_store, clock, "n2")
    begun, taken_over = threading.Event(), threading.Event()
    held: list[str | None] = []

    def stalled() -> None:
        begun.set()
        assert taken_over.wait(30)

    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(once, first, stalled)
        assert begun.wait(30)
        clock.advance(minutes=2)

        def work() -> None:
            taken_over.set()
            assert late.result(30)
            held.append(standing(first).runner)

        assert once(second, work)
    assert held == [f"n2:jobs:{os.getpid()}"]
    assert outcomes(first) == [Outcome.DONE, Outcome.DONE]


@pytest.mark.parametrize("back", [{"hours": 2}, {"days": 365}, {"days": 3650}], ids=["hours", "a year", "ten years"])
def test_a_clock_that_goes_back_leaves_no_job_due_further_off_than_its_interval(
    any_store: Store, clock: MovingClock, back: dict[str, float]
):
    runs = runs_on(any_store, clock)
    assert once(runs)
    clock.jump(**{unit: -lapse for unit, lapse in back.items()})
    waits(runs)
    assert standing(runs).due_at == clock.now() + EVERY
    clock.advance(minutes=10)
    assert once(runs)


def test_a_clock_that_goes_back_leaves_no_dead_runners_lease_standing(any_store: Store, clock: MovingClock):
    killed(any_store)
    runs = runs_on(any_store, clock)
    clock.jump(minutes=-5)
    assert not waits(runs)
    assert standing(runs).lease_until == clock.now() + LEASE
    clock.advance(minutes=5)  # When it was due; its lease, as it was, would last two minutes more.
    assert once(runs)


def test_a_clock_that_goes_on_makes_a_job_due_once(any_store: Store, clock: MovingClock):
    runs = runs_on(any_store, clock)
    assert once(runs)
    clock.jump(days=365)
    assert once(runs)
    assert not once(runs)
    assert standing(runs).due_at == clock.now() + EVERY


def test_two_clocks_a_little_apart_do_not_run_it_twice(any_store: Store, clock: MovingClock):
    behind = MovingClock(clock.now() - timedelta(seconds=50))
    assert once(runs_on(any_store, clock))
    late = runs_on(any_store, behind, "n2")
    assert not waits(late)
    assert not once(late)


@pytest.mark.parametrize("error", [Unavailable("password=hunter2"), ValueError("SSN 078-05-1120")], ids=["ours", "any"])
def test_of_a_failure_the_class_and_a_reference_are_kept_and_never_its_text(
    runs: Runs, clock: MovingClock, error: Exception
):
    def work() -> None:
        raise error

    ran = runs.run_due("sweep", EVERY, work)
    assert ran is not None
    assert ran.error is error
    [run] = runs.history("sweep")
    assert run.outcome is Outcome.FAILED
    assert run.did == {"error": type(error).__name__, "reference": ran.reference}
    assert standing(runs).succeeded_at is None
    assert standing(runs).due_at == clock.now() + EVERY


def test_when_it_last_went_well_outlives_failures(runs: Runs, clock: MovingClock):
    assert once(runs)
    well = clock.now()
    clock.advance(minutes=10)
    assert once(runs, lambda: 1 / 0)
    assert runs.look({}).succeeded == {"sweep": well}


@dataclass(frozen=True)
class Report:
    files: int
    bytes: int
    missing: tuple[int, ...]
    note: str = ""


TOLD = {
    "nothing": (None, {}),
    "no victim": (0, {}),
    "a number": (3, {"done": 3}),
    "a mapping": ({"sent": 2, "failed": 0}, {"sent": 2}),
    "a report": (Report(4, 0, (7, 8)), {"files": 4, "missing": 2}),
    "half a report": (Stopped(Report(4, 0, ())), {"files": 4}),
    "a long word": ({"note": "x" * 1000}, {"note": "x" * 200}),
}


@pytest.mark.parametrize("case", TOLD)
def test_what_a_run_did_is_kept_in_counts(runs: Runs, case: str):
    done, told = TOLD[case]
    assert once(runs, lambda: done)
    assert runs.history("sweep")[0].did == told


def test_a_run_takes_as_long_as_the_machine_says_whatever_the_clock_on_the_wall(runs: Runs, clock: MovingClock):
    def work() -> None:
        clock.advance(seconds=7)
        clock.jump(days=-30)

    assert once(runs, work)
    assert runs.history("sweep")[0].took == timedelta(seconds=7)


def test_a_run_by_hand_needs_no_due_moment_and_is_in_the_trail(runs: Runs, store: Store, clock: MovingClock):
    assert once(runs)
    clock.advance(minutes=1)
    ran = runs.run_now(OLGA, "sweep", EVERY, lambda: 5)
    assert (ran.outcome, ran.did) == (Outcome.DONE, {"done": 5})
    assert standing(runs).due_at == clock.now() + EVERY
    [line] = tail(store, 10)
    assert (line.event.action, line.event.actor.name, line.event.subject) == (Action.JOB_RUN, "olga", "sweep")


def test_a_run_by_hand_is_told_who_runs_it_since_when_and_leaves_no_line(
    any_store: Store, runs: Runs, clock: MovingClock
):
    runs = runs_on(any_store, clock)

    def work() -> None:
        clock.advance(seconds=45)
        said = "by n1:jobs:[0-9]+ since 2026-11-22 09:00:00 UTC"
        with pytest.raises(Conflict, match=said):
            runs_on(any_store, clock, "n2").run_now(OLGA, "sweep", EVERY, lambda: 1)

    ran = runs.run_due("sweep", EVERY, work)
    assert ran is not None
    ran.demand()
    assert outcomes(runs) == [Outcome.DONE]
    assert tail(any_store, 10) == []


def test_who_interrupts_a_run_by_hand_leaves_it_free_and_written_down(runs: Runs, clock: MovingClock):
    def work() -> None:
        clock.advance(seconds=3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runs.run_now(OLGA, "sweep", EVERY, work)
    [run] = runs.history("sweep")
    assert (run.outcome, run.took) == (Outcome.STOPPED, timedelta(seconds=3))
    assert standing(runs).runner is None


def test_runs_are_forgotten_after_ninety_days_and_not_a_second_earlier(runs: Runs, clock: MovingClock):
    assert timedelta(days=90) == KEPT
    assert once(runs)
    clock.advance(days=90)
    assert runs.tidy() == 0
    clock.advance(seconds=1)
    assert once(runs)
    assert runs.tidy() == 1
    assert len(runs.history("sweep")) == 1


def test_what_every_process_does_for_itself_has_neither_lease_nor_row(runs: Runs):
    assert runs.run_here("space", lambda: 4).did == {"done": 4}
    assert runs.standings() == {}
    assert runs.history("space") == []
