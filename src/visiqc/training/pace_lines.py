"""Progress of a long measurement as lines on stderr, with the time left."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

from visiqc.training.progress import duration


class PaceLines:
    """Called with photos done, photos there are and the photo's name; says now and then how it goes.

    Args:
        title: What is being done.
        every_s: Seconds between two lines.
        clock: Of the pace.
        out: Where lines go; stderr when None.
    """

    def __init__(
        self,
        title: str,
        *,
        every_s: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
        out: TextIO | None = None,
    ) -> None:
        self._title = title
        self._every_s = every_s
        self._clock = clock
        self._out = out
        self._start: tuple[float, int] | None = None
        self._told = clock()

    def __call__(self, done: int, total: int, name: str) -> None:
        """Say it where it is time to, or the work is done."""
        now = self._clock()
        start, before = self._start = self._start or (now, done)
        if done < total and now - self._told < self._every_s:
            return
        self._told = now
        left = f", {duration((now - start) / (done - before) * (total - done))} left" if done > before else ""
        print(f"{self._title}: {done}/{total}{left} {name}".rstrip(), file=self._out or sys.stderr, flush=True)
