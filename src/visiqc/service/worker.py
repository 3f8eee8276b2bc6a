"""A worker process: scores what services and imports accepted, and answers nobody."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from functools import partial
from types import FrameType

import structlog

from visiqc.batch.leases import Leases
from visiqc.batch.queue import DRAIN_GRACE_S, ScoringQueue
from visiqc.domain.verdict import Verdict
from visiqc.inspection.inspect import score_upload
from visiqc.inspection.parts import Parts
from visiqc.service.app import score_with, warm_parts
from visiqc.service.metrics import Metrics
from visiqc.service.model_watch import ModelWatch, PartsKeeper
from visiqc.settings import Settings

log = structlog.get_logger("visiqc.service.worker")


def run_worker(
    parts: Parts,
    settings: Settings,
    *,
    workers: int,
    on_ready: Callable[[], None],
    grace_s: float = DRAIN_GRACE_S,
    score: Callable[[str, Parts], Verdict] = score_upload,
) -> None:
    """Score until SIGTERM or SIGINT, then finish the photos in hand; blocks.

    Killed, it loses nothing: what it held is free for others as soon as its leases end.

    Args:
        parts: Every port, filled.
        settings: How promoted models are followed.
        workers: Photos scored at the same time.
        on_ready: Called once the work has begun.
        grace_s: Longest time that stopping waits for the photos in hand.
        score: The story the workers run.
    """
    metrics, keeper = Metrics(), PartsKeeper(parts)
    watch = ModelWatch(keeper, partial(warm_parts, settings), metrics, every_s=settings.model_poll_s)
    leases = Leases(parts.records, parts.clock)
    queue = ScoringQueue(
        partial(score_with, score, keeper), parts.records, leases, metrics, capacity=0, workers=workers
    )
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():  # asked twice: leave the photos in hand to others; a thread, since a handler may take no lock
            threading.Thread(target=queue.abandon, daemon=True).start()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    if not settings.names_models:
        watch.start()
    queue.start()
    log.info("worker begins", worker=leases.worker, workers=workers)
    on_ready()
    stop.wait()
    watch.stop()
    queue.drain(grace_s)
