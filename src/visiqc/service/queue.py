"""The bounded queue of accepted photos, and the threads that score them.

Room is reserved for a whole request before anything of it is stored, so that accepting is a promise the queue
can keep. The promise outlives the process: what is accepted is in the record, and the next start resumes it.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Final

import structlog

from visiqc.domain.upload import Upload
from visiqc.domain.verdict import Verdict
from visiqc.errors import Busy, Unavailable, VisiQCError
from visiqc.inspection.ports import Records
from visiqc.service.metrics import Metrics

DRAIN_GRACE_S: Final = 25.0
"""Longest time a stopping service goes on scoring; under the 30 s after which Kubernetes kills."""
RETRY_PAUSE_S: Final = 1.0
"""Pause of a worker after database or disk were out of reach, doubled each time up to `MAX_PAUSE_S`."""
MAX_PAUSE_S: Final = 30.0
LAST_PHOTO_S: Final = 2.0
"""How long the end of a service waits for the photo in hand, which is scored again if it is cut off."""
FIRST_GUESS_S: Final = 0.5
"""Seconds one photo takes, until some were measured."""

log = structlog.get_logger("visiqc.service.queue")


class Places:
    """Room in the queue that one request holds until its photos take it."""

    def __init__(self, queue: ScoringQueue, count: int) -> None:
        """`count` places of `queue`, already subtracted from its room."""
        self._queue = queue
        self.left = count

    def take(self, uploads: Sequence[Upload]) -> int:
        """Queue `uploads`, which must be in the record; returns how many were not queued already."""
        return self._queue._enqueue([upload.id for upload in uploads], self)  # noqa: SLF001 - two halves of one


class ScoringQueue:
    """Scores accepted photos in their order, a few at a time; never more than `capacity` wait."""

    def __init__(
        self,
        score: Callable[[str], Verdict],
        records: Records,
        metrics: Metrics,
        *,
        capacity: int,
        workers: int,
    ) -> None:
        """A queue at rest; `start` begins the work.

        Args:
            score: The story to run with each upload's id; must bear to be run twice.
            records: Where failures are kept and unfinished uploads are found.
            metrics: Where verdicts are counted.
            capacity: Photos that may wait, those being scored not counted.
            workers: Photos scored at the same time.
        """
        self._score = score
        self._records = records
        self._metrics = metrics
        self._capacity = capacity
        self._worker_count = workers
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._waiting: deque[str] = deque()
        self._unsettled: dict[str, Future[None]] = {}
        self._active = 0
        self._reserved = 0
        self._closed = False
        self._seconds_each = FIRST_GUESS_S
        self._threads: list[threading.Thread] = []
        metrics.capacity.set(capacity)
        metrics.waiting.set_function(lambda: len(self._waiting))
        metrics.scoring.set_function(lambda: self._active)

    # -- taking in

    @property
    def accepting(self) -> bool:
        """Whether every worker runs and new photos are taken."""
        return bool(self._threads) and all(thread.is_alive() for thread in self._threads) and not self._closed

    @property
    def ended(self) -> bool:
        """Whether the grace of a stop is over and long work should give up."""
        return self._stopping.is_set()

    @contextmanager
    def reserve(self, count: int) -> Iterator[Places]:
        """Hold `count` places; those not taken in the block are given back.

        Raises:
            Busy: There is no room now; says after how many seconds there probably is.
            Unavailable: The service is stopping.
        """
        with self._changed:
            self._require_room(count)
            self._reserved += count
        places = Places(self, count)
        try:
            yield places
        finally:
            with self._changed:
                self._reserved -= places.left
                self._changed.notify_all()

    def require_room(self, count: int = 1) -> None:
        """Raise as `reserve` would, holding nothing: lets a full queue refuse before a body is read."""
        with self._changed:
            self._require_room(count)

    def _require_room(self, count: int) -> None:
        if self._closed:
            raise Unavailable("the service is stopping; send the request again in a few seconds")
        lacking = len(self._waiting) + self._reserved + count - self._capacity
        if lacking > 0:
            wait_s = math.ceil(lacking * self._seconds_each / self._worker_count)
            raise Busy(
                f"the queue has no room for {count} more photos ({self._capacity} may wait); try again in {wait_s} s",
                retry_after_s=wait_s,
            )

    def _enqueue(self, upload_ids: Iterable[str], places: Places | None = None) -> int:
        with self._changed:
            new = [upload_id for upload_id in upload_ids if upload_id not in self._unsettled]
            for upload_id in new:
                self._put(upload_id)
            if places is not None:
                taken = min(len(new), places.left)
                places.left -= taken
                self._reserved -= taken
            self._changed.notify_all()
        return len(new)

    def _put(self, upload_id: str) -> None:
        future: Future[None] = Future()
        future.set_running_or_notify_cancel()  # a waiting request that is cancelled must not cancel the scoring
        self._unsettled[upload_id] = future
        self._waiting.append(upload_id)

    def resume(self) -> int:
        """Queue what a process that died had accepted, even beyond the capacity; returns how many."""
        return self._enqueue(upload.id for upload in self._records.pending())

    def unsettled(self, upload_id: str) -> Future[None] | None:
        """A future that ends when the upload has a verdict or a failure, or scoring it is put off.

        None when the upload is not this queue's to score, or not any more.
        """
        with self._changed:
            return self._unsettled.get(upload_id)

    # -- working

    def start(self) -> None:
        """Start the workers."""
        self._threads = [
            threading.Thread(target=self._work, name=f"scoring-{n + 1}", daemon=True) for n in range(self._worker_count)
        ]
        for thread in self._threads:
            thread.start()

    def _work(self) -> None:
        pause_s = RETRY_PAUSE_S
        while (upload_id := self._next()) is not None:
            try:
                self._score_one(upload_id)
            except Exception as err:
                # What gets here is about the record, not about the photo: accepted as it is, it stays so. Tell those
                # who wait that it takes longer, and try again later.
                log.warning("scoring put off", upload_id=upload_id, pause_s=pause_s, exc_info=err)
                self._finished(upload_id, again=True)
                self._stopping.wait(pause_s)
                pause_s = min(2 * pause_s, MAX_PAUSE_S)
            else:
                self._finished(upload_id)
                pause_s = RETRY_PAUSE_S

    def _next(self) -> str | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopping.is_set())
            if self._stopping.is_set():
                return None
            self._active += 1
            return self._waiting.popleft()

    def _score_one(self, upload_id: str) -> None:
        """Score one photo or keep why it cannot be; raises only when neither can be written."""
        began = time.monotonic()
        try:
            verdict = self._score(upload_id)
        except Unavailable:
            raise
        except Exception as err:  # as in batch: one bad photo must not end the worker of all the others
            log.error("scoring failed", upload_id=upload_id, exc_info=err)
            why = str(err) if isinstance(err, VisiQCError) else "scoring failed inside VisiQC; its log says why"
            self._records.fail(upload_id, why)
            self._metrics.failures.inc()
            return
        spent = time.monotonic() - began
        with self._changed:
            self._seconds_each += 0.2 * (spent - self._seconds_each)
        self._metrics.record_verdict(verdict)
        log.info("scored", upload_id=upload_id, sku=verdict.sku, outcome=verdict.outcome.value, ms=round(spent * 1000))

    def _finished(self, upload_id: str, *, again: bool = False) -> None:
        with self._changed:
            self._active -= 1
            future = self._unsettled.pop(upload_id, None)
            if again and not self._stopping.is_set():
                self._put(upload_id)
            self._changed.notify_all()
        if future is not None:
            future.set_result(None)

    # -- stopping

    def close(self, grace_s: float = DRAIN_GRACE_S) -> None:
        """Take nothing new; after `grace_s` seconds leave what is not scored to the next start. Does not block."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
        timer = threading.Timer(grace_s, self.abandon)
        timer.daemon = True
        timer.start()

    def drain(self, grace_s: float = DRAIN_GRACE_S) -> int:
        """Close, wait until everything accepted is scored or the grace is over, and end the workers.

        Returns:
            Photos left in the record for the next start.
        """
        self.close(grace_s)
        with self._changed:
            self._changed.wait_for(lambda: self._stopping.is_set() or not self._busy())
            left = len(self._waiting)
        self.abandon()
        for thread in self._threads:
            thread.join(timeout=LAST_PHOTO_S)
        self._threads = []
        return left

    def _busy(self) -> bool:
        return bool(self._waiting or self._active or self._reserved)

    def abandon(self) -> None:
        """Stop after the photo in hand, and let those who wait for the others answer that these are pending."""
        with self._changed:
            self._stopping.set()
            left = [self._unsettled.pop(upload_id, None) for upload_id in self._waiting]
            self._changed.notify_all()
        for future in left:
            if future is not None:  # None when this was called before
                future.set_result(None)
