"""Progress on stderr: a bar on a terminal, plain lines elsewhere. stdout stays free for results."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

LINE_EVERY = 10
"""Steps between two lines of a job that shows its pace."""


class Steps(Protocol):
    """Told what is being done, how many steps are done, and how many there are."""

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show the state of the work."""
        ...

    def aside(self) -> AbstractContextManager[None]:
        """A block in which something else may be printed."""
        ...


class Pace:
    """How fast a job of many like steps goes, by the steps done since it was first asked.

    Attributes:
        unit: What a step makes, such as `photo`.
    """

    def __init__(self, unit: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.unit = unit
        self._clock = clock
        self._start: tuple[float, int] | None = None

    def __call__(self, done: int, total: int) -> str:
        """`7.9 s a photo, 47 min left`; empty before the first step is done."""
        start, before = self._start = self._start or (self._clock(), done)
        if done <= before:
            return ""
        each = (self._clock() - start) / (done - before)
        return f"{each:.{0 if each >= 100 else 1}f} s a {self.unit}, {duration(each * (total - done))} left"


def duration(seconds: float) -> str:
    """A time as one says it: `40 s`, `47 min`, `3 h 12 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


class _Lines:
    """One line whenever something new is being done; or, with a pace, every few steps."""

    def __init__(self, title: str, pace: Pace | None) -> None:
        self._title = title
        self._pace = pace
        self._last = ""

    def __call__(self, what: str, done: int, total: int) -> None:
        if self._pace is None:
            if what != self._last:
                self._say(f"{what} ({done}/{total})")
            self._last = what
        elif (pace := self._pace(done, total)) and (done % LINE_EVERY == 0 or done == total):
            self._say(f"{done}/{total}, {pace}")

    def _say(self, text: str) -> None:
        print(f"{self._title}: {text}", file=sys.stderr, flush=True)

    def aside(self) -> AbstractContextManager[None]:
        return nullcontext()


@contextmanager
def progress(title: str, *, unit: str = "") -> Iterator[Steps]:
    """Show the progress of one job called `title` while the block runs.

    Args:
        title: What is being done.
        unit: What a step makes, for long jobs of many like steps: their pace and time left are shown.
    """
    pace = Pace(unit) if unit else None
    if not sys.stderr.isatty():
        yield _Lines(title, pace)
        return
    from visiqc.cli.progress_bar import progress_bar

    with progress_bar(title, pace) as steps:
        yield steps
