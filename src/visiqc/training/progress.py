"""Progress of a fit on stderr: a bar an epoch on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

LINE_EVERY_S = 30.0
"""Between two plain lines inside an epoch."""


def duration(seconds: float) -> str:
    """A time as one says it: `40 s`, `47 min`, `3 h 12 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


class Meter:
    """How far a fit is, how fast it goes and how long it will take.

    Args:
        epochs: Of the whole fit.
        steps: Of an epoch.
        say: Takes a plain line.
        bar: Of Rich; None = plain lines.
        clock: Seconds that only go up.
    """

    def __init__(
        self,
        epochs: int,
        steps: int,
        *,
        say: Callable[[str], None],
        bar: Progress | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._epochs, self._steps = epochs, steps
        self._say, self._bar, self._clock = say, bar, clock
        self._task = bar.add_task("", total=steps, text="") if bar else None
        self._in_steps = self._between = 0.0
        self._taken = self._finished = 0
        self._since = self._last_line = clock()

    def start_epoch(self) -> None:
        """An epoch's steps begin, or go on after a kill."""
        self._since = self._last_line = self._clock()

    def step(self, epoch: int, done: int, losses: Mapping[str, float]) -> None:
        """A step is done.

        Args:
            epoch: From 0.
            done: Steps of this epoch.
            losses: Of this step.
        """
        now = self._clock()
        self._in_steps += now - self._since
        self._since = now
        self._taken += 1
        if self._bar is None and now - self._last_line < LINE_EVERY_S:
            return
        self._last_line = now
        text = f"{_numbers(losses)}  {self._pace(epoch, done)}"
        head = f"epoch {epoch + 1}/{self._epochs}"
        if self._bar is None:
            self._say(f"{head}: {done}/{self._steps}, {text}")
        elif self._task is not None:
            self._bar.update(self._task, description=head, completed=done, text=text)

    def epoch(self, epoch: int, row: Mapping[str, Any], *, best: bool) -> None:
        """An epoch is done and validated."""
        now = self._clock()
        self._between += now - self._since
        self._finished += 1
        numbers = {name: value for name, value in row.items() if name.startswith(("train/", "val/"))}
        left = duration(self._left(epoch + 1, 0))
        self._say(
            f"epoch {epoch + 1}/{self._epochs}: {_numbers(numbers)}, {left} left{', the best so far' if best else ''}"
        )
        self._since = now

    def note(self, text: str) -> None:
        """A sentence between the figures."""
        self._say(text)

    def _pace(self, epoch: int, done: int) -> str:
        each = self._in_steps / self._taken
        epoch_left = each * (self._steps - done)
        return f"{1 / max(each, 1e-9):.3g} steps/s, {duration(epoch_left)} left of {duration(self._left(epoch, done))}"

    def _left(self, epoch: int, done: int) -> float:
        """Seconds left of the whole fit: the steps', and what lies between the epochs."""
        steps = (self._epochs - epoch) * self._steps - done
        between = self._between / self._finished if self._finished else 0.0
        return (self._in_steps / self._taken if self._taken else 0.0) * steps + between * (self._epochs - epoch)


@contextmanager
def meter(epochs: int, steps: int, *, wanted: bool = True) -> Iterator[Meter]:
    """A meter that shows itself while the block runs.

    Args:
        epochs: Of the whole fit.
        steps: Of an epoch.
        wanted: False = counts in silence.
    """
    if not wanted:
        yield Meter(epochs, steps, say=lambda _: None)
        return
    if not sys.stderr.isatty():
        yield Meter(epochs, steps, say=lambda text: print(f"fit: {text}", file=sys.stderr, flush=True))  # noqa: T201
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[text]}"),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as bar:
        yield Meter(epochs, steps, say=lambda text: bar.console.print(text, markup=False, highlight=False), bar=bar)


def _numbers(values: Mapping[str, Any]) -> str:
    return " ".join(f"{name} {value:.4g}" for name, value in values.items())
