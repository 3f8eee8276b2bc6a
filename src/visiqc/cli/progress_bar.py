"""The bar of `progress`; apart, because Rich is only imported where there is a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from visiqc.cli.progress import Pace, Steps


class _Bar:
    def __init__(self, title: str, bar: Progress, pace: Pace | None) -> None:
        self._bar = bar
        self._pace = pace
        self._task = bar.add_task(escape(title), total=None, what="")

    def __call__(self, what: str, done: int, total: int) -> None:
        if self._pace and (pace := self._pace(done, total)):
            what = f"{pace}: {what}"
        self._bar.update(self._task, completed=done, total=total, what=escape(what))

    @contextmanager
    def aside(self) -> Iterator[None]:
        self._bar.stop()
        try:
            yield
        finally:
            self._bar.start()


@contextmanager
def progress_bar(title: str, pace: Pace | None = None) -> Iterator[Steps]:
    """A bar that is gone when the block ends; with `pace`, the time left stands beside it."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[what]}"),
    )
    # stdout is not redirected: with results piped into a file, the bar must not swallow them.
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as bar:
        yield _Bar(title, bar, pace)
