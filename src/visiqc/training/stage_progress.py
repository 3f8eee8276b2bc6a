"""Progress of what comes before and after a fit: one bar a stage, or plain lines where there is no terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

Told = Callable[[str, int, int], None]
"""Told what is being done, how much is done and how much there is."""
_LINE_EVERY_S = 10.0


@contextmanager
def stage(title: str) -> Iterator[Told]:
    """Show a stage while the block runs; nothing is shown of one that is over before anybody would ask."""
    console = Console(file=sys.stderr)
    if not console.is_terminal:
        yield _lines(title)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task(title, total=None)

        def told(what: str, done: int, total: int) -> None:
            shown.update(task, description=f"{title}: {what[:40]}", completed=done, total=total)

        yield told


def say(*lines: str) -> None:
    """Tell people something once, beside the progress."""
    sys.stderr.write("".join(f"{line}\n" for line in lines))
    sys.stderr.flush()


def _lines(title: str) -> Told:
    started = last = time.monotonic()

    def told(what: str, done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _LINE_EVERY_S:
            last = now
            left = (now - started) / max(done, 1) * (total - done)
            sys.stderr.write(f"{title}: {done}/{total} ({what}), {left:.0f} s left\n")
            sys.stderr.flush()

    return told
