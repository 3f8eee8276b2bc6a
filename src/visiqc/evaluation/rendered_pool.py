"""Several processes that score rendered products; each opens the models once and takes one product at a time."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import cv2

from visiqc.errors import Unavailable
from visiqc.evaluation.protocol import Progress
from visiqc.evaluation.rendered_scoring import Job, Loader, ModelSet, score_product

_LOOK_EVERY_S = 1.0


class _Worker:
    """What a process keeps between products."""

    parts: ModelSet
    counter: Any  # the shared counter; its type has no public name


def score_in_processes(
    jobs: Sequence[Job], load: Loader, processes: int, *, done: int, total: int, progress: Progress | None
) -> None:
    """Score products in several processes, each with one thread of OpenCV.

    Args:
        jobs: Products whose photos do not all have an answer.
        load: Opens the models in each process; threads of ONNX Runtime are its business.
        processes: At most this many at a time.
        done: Photos that were done before.
        total: Photos there are.
        progress: Called about once a second.

    Raises:
        Unavailable: A process died, rows cannot be kept, or a model failed for want of memory or its device.
    """
    context = multiprocessing.get_context(
        "spawn"
    )  # a fork would inherit the sessions' threads, which do not survive it
    counter = context.Value("l", 0)
    pool = ProcessPoolExecutor(
        min(processes, len(jobs)), mp_context=context, initializer=_open, initargs=(load, counter)
    )
    try:
        _await([pool.submit(_score, job) for job in jobs], counter, done, total, progress)
    except BrokenProcessPool as err:
        raise Unavailable("a process that scored died, perhaps for want of memory; the same call goes on") from err
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _await(futures: list[Future[str]], counter: Any, done: int, total: int, progress: Progress | None) -> None:
    waiting = set(futures)
    told = -1
    while waiting:
        finished, waiting = wait(waiting, timeout=_LOOK_EVERY_S, return_when=FIRST_EXCEPTION)
        names = [future.result() for future in finished]  # raises what the process raised
        now = done + int(counter.value)
        if progress is not None and now != told:
            progress(now, total, names[-1] if names else "")
            told = now


def _open(load: Loader, counter: Any) -> None:
    cv2.setNumThreads(1)
    _Worker.parts = load()
    _Worker.counter = counter


def _score(job: Job) -> str:
    for _ in score_product(job, _Worker.parts):
        with _Worker.counter.get_lock():
            _Worker.counter.value += 1
    return job.product.sku
