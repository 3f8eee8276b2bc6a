"""Who does a long list of like tasks: the seam between a job and the processes or machines that work on it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")

Opener = Callable[[], Callable[[T], R]]
"""Called once in each worker: loads what the work needs and returns the work itself. It must be possible to pickle it,
as must tasks and results."""


@dataclass(frozen=True, slots=True)
class Finished(Generic[T, R]):
    """One task and what came of it.

    Attributes:
        task: The task.
        result: What the work returned; None where every worker that tried it died.
        died: How many workers died of it.
    """

    task: T
    result: R | None
    died: int = 0


class Runner(Protocol):
    """Works on tasks with any number of workers."""

    def run(self, tasks: Iterable[T], opener: Opener[T, R]) -> Generator[Finished[T, R], None, None]:
        """Work on tasks as they come, and yield them as they are finished, in any order.

        Tasks are taken only as workers become free, so that a list of any length needs no memory. Closing the generator
        stops the work.

        Args:
            tasks: What is to be done; taken from in the caller's own thread, between two results.
            opener: Makes the work.

        Raises:
            Exception: Whatever the work raised; nothing more is done then. Work that can go on returns its failures.
        """
        ...


class InThisProcess:
    """Works on one task after the other, here: the plain loop."""

    def run(self, tasks: Iterable[T], opener: Opener[T, R]) -> Generator[Finished[T, R], None, None]:
        """Work on tasks; see `Runner.run`."""
        work = opener()
        for task in tasks:
            yield Finished(task, work(task))
