"""Progress on stderr: a bar on a terminal, plain lines elsewhere. stdout stays free for results."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol


class Steps(Protocol):
    """Told what is being done, how many steps are done, and how many there are."""

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show the state of the work."""
        ...

    def aside(self) -> AbstractContextManager[None]:
        """A block in which something else may be printed."""
        ...


class _Lines:
    """One line whenever something new is being done."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._last = ""

    def __call__(self, what: str, done: int, total: int) -> None:
        if what != self._last:
            self._last = what
            print(f"{self._title}: {what} ({done}/{total})", file=sys.stderr, flush=True)

    def aside(self) -> AbstractContextManager[None]:
        return nullcontext()


@contextmanager
def progress(title: str) -> Iterator[Steps]:
    """Show the progress of one job called `title` while the block runs."""
    if not sys.stderr.isatty():
        yield _Lines(title)
        return
    from visiqc.cli.progress_bar import progress_bar

    with progress_bar(title) as steps:
        yield steps
