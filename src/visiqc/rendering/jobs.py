"""Many shots by many processes: a process a core, each photo kept when it is done, and nothing lost when one dies."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import wait as wait_for
from pathlib import Path
from typing import Any

import cv2

from visiqc.errors import Unavailable
from visiqc.evaluation.rendered_sets import MANIFEST
from visiqc.rendering.folder import Picture, is_finished, keep, require_room
from visiqc.rendering.plan import Progress
from visiqc.rendering.shots import Shot

Photographer = Callable[[Shot], Picture]
"""Takes a photo; a function that another process can import."""

_KILLED = (
    "a rendering process was killed, as the system does when memory runs out; nothing that was finished is lost: "
    "run the same command again, with fewer --workers if this happens often"
)
_Take = Callable[[Shot], Mapping[str, float]]

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TBB_NUM_THREADS")
"""With a process a core, more threads would only get in each other's way."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A shot that could not be taken."""

    shot: Shot
    error: BaseException


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What one run did.

    Attributes:
        already: Photos that were finished before.
        taken: Photos it took.
        failures: Shots it could not take.
        wall_s: Time it took.
        seconds: CPU time by stage, of all the photos it took.
    """

    already: int
    taken: int
    failures: tuple[Failure, ...]
    wall_s: float
    seconds: Mapping[str, float]


def render_all(
    shots: Sequence[Shot],
    folder: Path,
    *,
    workers: int,
    photographer: Photographer,
    prepare: Callable[[], None] | None = None,
    progress: Progress | None = None,
) -> Rendered:
    """Take every shot that is not finished yet. The folder must be claimed.

    A shot that fails is counted and the others go on.

    Args:
        shots: All of the set.
        folder: Where they are kept.
        workers: Processes, at least 1.
        photographer: Takes a photo.
        prepare: Called once in each process before its first photo; like `photographer`, found by import there.
        progress: Told after each photo.

    Raises:
        Unavailable: The disk is full or may not be written, Mitsuba is out of reach, or the system killed a process.
    """
    start = time.monotonic()
    missing = [shot for shot in shots if not is_finished(folder, shot)]
    already, taken, failures = len(shots) - len(missing), 0, list[Failure]()
    seconds: Counter[str] = Counter()
    tell = progress or (lambda *_: None)
    tell("starting", already, len(shots))
    if missing:
        require_room(folder, photos=len(missing), side_px=max(shot.side_px for shot in missing))
        (folder / MANIFEST).unlink(missing_ok=True)
    take = partial(_take, folder=folder, photographer=photographer)
    with closing(_results(missing, take, workers=min(workers, len(missing)), prepare=prepare or _nothing)) as results:
        for shot, result in results:
            if isinstance(result, BaseException):
                failures.append(Failure(shot, result))
            else:
                taken += 1
                seconds.update(result)
            tell(f"{shot.sku} {shot.name}", already + taken + len(failures), len(shots))
    return Rendered(
        already=already,
        taken=taken,
        failures=tuple(failures),
        wall_s=time.monotonic() - start,
        seconds=dict(seconds),
    )


def _take(shot: Shot, *, folder: Path, photographer: Photographer) -> dict[str, float]:
    """Take and keep a shot, in a process of its own; CPU seconds by stage."""
    picture = photographer(shot)
    start = time.process_time()
    keep(folder, shot, picture)
    return {**picture.seconds, "write": time.process_time() - start}


def _results(
    shots: Sequence[Shot], take: _Take, *, workers: int, prepare: Callable[[], None]
) -> Generator[tuple[Shot, Mapping[str, float] | BaseException]]:
    """Each shot with its CPU seconds, or why it could not be taken, in the order they end."""
    work = _Work(shots)
    running: dict[Future[Mapping[str, float]], tuple[Shot, int]] = {}
    with _pools(workers) as pools:

        def hand_out(worker: int) -> None:
            if shot := work.next_for(worker):
                try:
                    running[pools[worker].submit(take, shot)] = shot, worker
                except BrokenProcessPool as err:
                    raise Unavailable(_KILLED) from err

        for start in [pool.submit(prepare) for pool in pools]:
            if error := _error_of(start):
                raise error
        for worker in range(workers):
            hand_out(worker)
        while running:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                shot, worker = running.pop(future)
                error = _error_of(future)
                hand_out(worker)
                yield shot, error or future.result()


def _error_of(future: Future[Any]) -> BaseException | None:
    """What a finished job raised; what would stop every other job too is raised here."""
    error = future.exception()
    if isinstance(error, BrokenProcessPool):
        raise Unavailable(_KILLED) from error
    if isinstance(error, Unavailable):
        raise error
    return error


class _Work:
    """Shots still to be handed out. A product's go to one worker, which has built it, while there are others left."""

    def __init__(self, shots: Sequence[Shot]) -> None:
        self._left: dict[str, deque[Shot]] = {}
        for shot in shots:
            self._left.setdefault(shot.sku, deque()).append(shot)
        self._at: dict[int, str] = {}

    def next_for(self, worker: int) -> Shot | None:
        """The next shot for a worker; None = there is no more."""
        if not self._left:
            return None
        if self._at.get(worker) not in self._left:
            begun = set(self._at.values())
            fresh = next((sku for sku in self._left if sku not in begun), None)
            self._at[worker] = fresh or max(self._left, key=lambda sku: len(self._left[sku]))
        sku = self._at[worker]
        shot = self._left[sku].popleft()
        if not self._left[sku]:
            del self._left[sku]
        return shot


@contextmanager
def _pools(count: int) -> Iterator[list[ProcessPoolExecutor]]:
    """Pools of one process each, so that a job can be given to a certain process; killed if the block is left early."""
    context = multiprocessing.get_context("spawn")  # a fork would inherit the threads of whatever was imported
    pools = [ProcessPoolExecutor(1, mp_context=context, initializer=_start) for _ in range(count)]
    before = set(multiprocessing.active_children())
    try:
        with _births():
            for pool in pools:
                pool.submit(_nothing)
        yield pools
    except BaseException:
        for child in set(multiprocessing.active_children()) - before:
            child.kill()
        raise
    finally:
        for pool in pools:
            pool.shutdown(cancel_futures=True)


@contextmanager
def _births() -> Iterator[None]:
    """Processes born in the block have one thread a library and are deaf to Ctrl-C, which is for us to act on.

    The signal is blocked and not ignored: Mitsuba listens for it while it renders, and would hand back half a picture.
    """
    kept = {name: os.environ.get(name) for name in _ONE_THREAD}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in kept.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _start() -> None:
    """Begin a worker's life: one thread for OpenCV too, and its end when the parent ends, even by `kill -9`."""
    cv2.setNumThreads(1)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait_for([sentinel])
    os._exit(1)


def _nothing() -> None:
    """Done at once; a process starts with its first job."""
