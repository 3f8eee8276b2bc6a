"""Several processes of this machine, each on one core: while one decodes, another infers.

A worker that dies (killed, or out of memory) is replaced. The task it worked on is tried once more, and given up when
it ends a second worker; the task that waited behind it is not to blame.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import connection
from typing import Any, Final, Generic

from visiqc.batch.runner import Finished, Opener, R, T
from visiqc.errors import Unavailable, VisiQCError

MOST_DEATHS: Final = 2
"""How many workers a task may end."""
MOST_STILLBORN: Final = 4
"""How many workers in a row may end before they are ready; then it is not chance."""
LAST_BREATH_S: Final = 5.0
"""How long a worker without tasks may take to end."""
IN_HAND: Final = 2
"""Tasks that a worker holds: the one it works on, and the next, so that it never waits for us."""
ONE_THREAD: Final = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
}
"""Environment of a worker; read when its libraries load, so it must be there before."""
_SPAWN = multiprocessing.get_context("spawn")  # a fork would inherit the threads' locks, which nobody opens


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(slots=True)
class _Job(Generic[T]):
    task: T
    died: int = 0


@dataclass(slots=True, eq=False)
class _Worker(Generic[T]):
    """A process, our end of its pipe, and its tasks in the order they were sent."""

    process: Any
    pipe: Any
    jobs: deque[_Job[T]] = field(default_factory=deque)
    opened: bool = False


class LocalProcesses:
    """Fills `Runner` with processes of this machine."""

    def __init__(self, processes: int = 0) -> None:
        """Nothing is started yet; `processes` 0 = one for each core this process may use."""
        self.processes = processes or usable_cores()

    def run(self, tasks: Iterable[T], opener: Opener[T, R]) -> Generator[Finished[T, R], None, None]:
        """Work on tasks; see `Runner.run`.

        Raises:
            Unavailable: Workers die before they are ready to work.
        """
        pool = _Pool(opener, iter(tasks))
        try:
            yield from pool.results(self.processes)
        finally:
            pool.stop()


class _Pool(Generic[T, R]):
    """The processes of one run."""

    def __init__(self, opener: Opener[T, R], tasks: Iterator[T]) -> None:
        self._opener = opener
        self._tasks = tasks
        self._again: deque[_Job[T]] = deque()
        self._workers: list[_Worker[T]] = []
        self._stillborn = 0

    def results(self, processes: int) -> Iterator[Finished[T, R]]:
        while True:
            self._employ(processes)
            if not self._workers:
                return
            for worker in self._ready():
                yield from self._hear(worker)

    def stop(self) -> None:
        for worker in self._workers:
            worker.pipe.close()
            worker.process.kill()  # what it works on is not kept anyway
        for worker in self._workers:
            worker.process.join()
        self._workers.clear()

    # -- handing out

    def _employ(self, processes: int) -> None:
        """Give every worker its tasks, start workers while there are tasks for them, let go of those without."""
        for depth in range(1, IN_HAND + 1):  # one for each before anyone has two
            for worker in self._workers:
                self._fill(worker, depth)
            while depth == 1 and len(self._workers) < processes and (job := self._next()):
                self._workers.append(self._started())
                self._send(self._workers[-1], job)
        for worker in [each for each in self._workers if not each.jobs]:
            self._let_go(worker)

    def _fill(self, worker: _Worker[T], depth: int) -> None:
        while len(worker.jobs) < depth and (job := self._next()):
            self._send(worker, job)

    def _next(self) -> _Job[T] | None:
        if self._again:
            return self._again.popleft()
        for task in self._tasks:
            return _Job(task)
        return None

    def _send(self, worker: _Worker[T], job: _Job[T]) -> None:
        worker.jobs.append(job)
        with suppress(BrokenPipeError, ConnectionResetError):  # it died: heard of when it is listened to
            worker.pipe.send(job.task)

    def _started(self) -> _Worker[T]:
        ours, theirs = _SPAWN.Pipe()
        process = _SPAWN.Process(target=_serve, args=(theirs, self._opener), daemon=True, name="visiqc-batch")
        with _environment(ONE_THREAD):
            process.start()
        theirs.close()
        return _Worker(process, ours)

    # -- hearing back

    def _ready(self) -> list[_Worker[T]]:
        by_pipe = {worker.pipe: worker for worker in self._workers}
        return [by_pipe[pipe] for pipe in connection.wait(list(by_pipe))]

    def _hear(self, worker: _Worker[T]) -> Iterator[Finished[T, R]]:
        try:
            kind, said = worker.pipe.recv()
        except (EOFError, OSError):
            yield from self._bury(worker)
            return
        if kind == "failed":
            raise said
        if kind == "opened":
            worker.opened, self._stillborn = True, 0
            return
        job = worker.jobs.popleft()
        yield Finished(job.task, said, job.died)

    def _bury(self, worker: _Worker[T]) -> Iterator[Finished[T, R]]:
        """Put a dead worker's tasks back, and blame the one it worked on."""
        self._let_go(worker)
        if not worker.opened:
            self._again.extendleft(reversed(worker.jobs))
            self._count_stillborn(worker)
            return
        first, *behind = worker.jobs
        first.died += 1
        self._again.extendleft(reversed(behind))
        if first.died < MOST_DEATHS:
            self._again.append(first)
        else:
            yield Finished(first.task, None, first.died)

    def _count_stillborn(self, worker: _Worker[T]) -> None:
        self._stillborn += 1
        if self._stillborn >= MOST_STILLBORN:
            raise Unavailable(
                f"{self._stillborn} worker processes ended before they could work (the last with exit code "
                f"{worker.process.exitcode}); the machine may be out of memory: use fewer of them"
            )

    def _let_go(self, worker: _Worker[T]) -> None:
        self._workers.remove(worker)
        worker.pipe.close()  # it ends when it finds the pipe closed
        worker.process.join(LAST_BREATH_S)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()


def _serve(pipe: Any, opener: Opener[T, R]) -> None:
    """A worker's life: open, then one task after the other until the pipe is closed, by us or because we are gone."""
    import cv2
    import structlog

    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # stdout is for the command's results
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all of them; who started us decides
    cv2.setNumThreads(1)
    try:
        with suppress(EOFError, BrokenPipeError, ConnectionResetError):
            work = opener()
            pipe.send(("opened", None))
            while True:
                pipe.send(("done", work(pipe.recv())))
    except Exception as err:  # noqa: BLE001 - it is raised again where the work was asked for
        with suppress(BrokenPipeError, ConnectionResetError):
            pipe.send(("failed", err if isinstance(err, VisiQCError) else RuntimeError(f"{type(err).__name__}: {err}")))


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """The environment with other values, for the processes that are started in the block."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
