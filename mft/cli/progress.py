"""A bar on a terminal while bytes move or things are done, a clock while work goes on; nothing at all in a pipe."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def moving(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """Give a function that is told how many bytes moved; *total* is how many there are."""
    if not sys.stderr.isatty():
        yield lambda _moved: None
        return
    # Loaded here: a quarter of a second that a pipe need not pay.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(label.replace("[", "\\["), total=total)
        yield lambda moved: progress.advance(task, moved)


@contextmanager
def counting(label: str) -> Iterator[Callable[[int, int], None]]:
    """Give a function that is told how many things are done, and how many there are in all."""
    if not sys.stderr.isatty():
        yield lambda _done, _all: None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(label.replace("[", "\\["), total=None)
        yield lambda done, among: progress.update(task, completed=done, total=among)


@contextmanager
def working(label: str) -> Iterator[None]:
    """Show on a terminal that something goes on, and for how long; nothing at all in a pipe."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        progress.add_task(label.replace("[", "\\["), total=None)
        yield
