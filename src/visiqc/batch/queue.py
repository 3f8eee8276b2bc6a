"""The bounded queue of accepted photos, and the threads that score them.

Room is reserved for a whole request before anything of it is stored, so that accepting is a promise the queue
can keep. The promise outlives the process: what is accepted is in the record, and every worker of every process takes
from there, under a lease, what nobody works on.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Final

import structlog

from visiqc.batch.leases import Leases
from visiqc.batch.room import Places, Room
from visiqc.batch.scoring import Tally, score_or_fail
from visiqc.batch.waits import Waits
from visiqc.domain.verdict import Verdict
from visiqc.errors import Unavailable
from visiqc.inspection.ports import Records

DRAIN_GRACE_S: Final = 25.0
"""Longest time a stopping service goes on scoring; under the 30 s after which Kubernetes kills."""
RETRY_PAUSE_S: Final = 1.0
"""Pause of a worker after database or disk were out of reach, doubled each time up to `MAX_PAUSE_S`."""
MAX_PAUSE_S: Final = 30.0
POLL_S: Final = 0.3
"""How often a worker with nothing to do looks for photos that other processes accepted, or left behind."""
OTHERS_EVERY: Final = 8
"""However many photos are put here, every eighth turn is for the oldest of the record, whoever accepted it."""
LAST_PHOTO_S: Final = 2.0
"""How long the end of a service waits for the photo in hand, which is scored again if it is cut off."""

log = structlog.get_logger("visiqc.batch.queue")


class ScoringQueue:
    """Scores accepted photos a few at a time: first those that were put here, in their order, then what others left."""

    def __init__(
        self,
        score: Callable[[str], Verdict],
        records: Records,
        leases: Leases,
        tally: Tally,
        *,
        capacity: int,
        workers: int,
    ) -> None:
        """A queue at rest; `start` begins the work.

        Args:
            score: The story to run with each upload's id; must bear to be run twice.
            records: Where failures are kept.
            leases: How photos are taken from the record.
            tally: Told what came of each photo.
            capacity: Photos that may wait, those being scored here not counted.
            workers: Photos scored at the same time; 0 leaves all of them to other processes.
        """
        self._score = score
        self._records = records
        self._leases = leases
        self._tally = tally
        self._waits = Waits(records)
        self._room = Room(capacity, workers=workers)
        self._worker_count = workers
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._waiting: deque[str] = deque()
        self._active = 0
        self._turns = 0
        self._closed = False
        self._threads: list[threading.Thread] = []

    # -- taking in

    @property
    def waiting(self) -> int:
        """Photos that wait here, for a worker of this process or of another one."""
        return len(self._waiting) + self._waits.left

    @property
    def active(self) -> int:
        """Photos that are being scored here."""
        return self._active

    @property
    def accepting(self) -> bool:
        """Whether every worker runs and new photos are taken."""
        return self._waits.alive and all(thread.is_alive() for thread in self._threads) and not self._closed

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
            self._room.reserved += count
        places = Places(self._enqueue, count)
        try:
            yield places
        finally:
            with self._changed:
                self._room.reserved -= places.left
                self._changed.notify_all()

    def require_room(self, count: int = 1) -> None:
        """Raise as `reserve` would, holding nothing: lets a full queue refuse before a body is read."""
        with self._changed:
            self._require_room(count)

    def _require_room(self, count: int) -> None:
        if self._closed:
            raise Unavailable("the service is stopping; send the request again in a few seconds")
        self._room.require(count, waiting=self.waiting)

    def _enqueue(self, upload_ids: Iterable[str], places: Places) -> int:
        with self._changed:
            new = [upload_id for upload_id in upload_ids if self._waits.open(upload_id)]
            if self._worker_count:
                self._waiting.extend(new)
            else:
                self._waits.leave(new)
            taken = min(len(new), places.left)
            places.left -= taken
            self._room.reserved -= taken
            self._changed.notify_all()
        return len(new)

    def watch(self, upload_ids: Iterable[str]) -> None:
        """Have futures also for photos that were accepted elsewhere or earlier; those that are settled get none."""
        self._waits.leave([each for each in self._records.unsettled(list(upload_ids)) if self._waits.open(each)])

    def unsettled(self, upload_id: str) -> Future[None] | None:
        """A future that ends when the upload has a verdict or a failure, or scoring it is put off.

        None when nobody here knows of the upload, or not any more.
        """
        return self._waits.of(upload_id)

    # -- working

    def start(self) -> None:
        """Start the workers."""
        self._waits.start()
        self._leases.start()
        self._threads = [
            threading.Thread(target=self._work, name=f"scoring-{n + 1}", daemon=True) for n in range(self._worker_count)
        ]
        for thread in self._threads:
            thread.start()

    def _work(self) -> None:
        pause_s, idle = RETRY_PAUSE_S, False
        while not self._stopping.is_set():
            named = self._next(POLL_S if idle else 0)
            upload_id = None
            try:
                upload_id = self._taken(named)
                if upload_id is not None:
                    self._score_one(upload_id)
            except Exception as err:
                # What gets here is about everything but the photo: accepted as it is, it stays so. Tell those who wait
                # that it takes longer, and try again later, after the others.
                log.warning("scoring put off", upload_id=upload_id or named, pause_s=pause_s, exc_info=err)
                self._put_off(named, upload_id, err)
                self._stopping.wait(pause_s)
                pause_s = min(2 * pause_s, MAX_PAUSE_S)
            else:
                self._finished(named, upload_id)
                pause_s, idle = RETRY_PAUSE_S, upload_id is None

    def _next(self, wait_s: float) -> str | None:
        """The photo that waited longest here; None where none came within `wait_s` seconds, or it is others' turn.

        Whoever asked counts as active until `_finished` or `_put_off`.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopping.is_set(), wait_s)
            self._active += 1
            self._turns += 1
            others = self._turns % OTHERS_EVERY == 0 and not self._closed
            return None if others or not self._waiting or self._stopping.is_set() else self._waiting.popleft()

    def _taken(self, named: str | None) -> str | None:
        """The photo to score now, leased; without a named one, the oldest of the record, unless this is the end."""
        if self._stopping.is_set() or (named is None and self._closed):
            return None
        upload = self._leases.take(named)
        return None if upload is None else upload.id

    def _score_one(self, upload_id: str) -> None:
        """Score one photo or keep why it cannot be; raises only when neither can be written."""
        began = time.monotonic()
        verdict = score_or_fail(self._score, upload_id, self._records)
        if verdict is None:
            self._tally.record_failure()
            return
        spent = time.monotonic() - began
        with self._changed:
            self._room.measured(spent)
        self._tally.record_verdict(verdict)
        log.info("scored", upload_id=upload_id, sku=verdict.sku, outcome=verdict.outcome.value, ms=round(spent * 1000))

    def _finished(self, named: str | None, upload_id: str | None) -> None:
        if upload_id is not None:
            self._leases.settled(upload_id)
            self._waits.close(upload_id)
        elif named is not None:  # settled already, or another process has it
            self._waits.leave([named])
        self._rest()

    def _put_off(self, named: str | None, upload_id: str | None, error: Exception) -> None:
        if upload_id is not None:
            self._leases.put_off(upload_id, error)
        late = upload_id or named
        if late is not None:
            self._waits.close(late)
        if named is not None and not self._stopping.is_set() and self._waits.open(named):
            self._waiting.append(named)
        self._rest()

    def _rest(self) -> None:
        with self._changed:
            self._active -= 1
            self._changed.notify_all()

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
        """Close, wait until everything put here is scored or the grace is over, and end the workers.

        Returns:
            Photos left in the record for the next start, or for others.
        """
        self.close(grace_s)
        with self._changed:
            self._changed.wait_for(lambda: self._stopping.is_set() or not self._busy())
            left = self.waiting
        self.abandon()
        for thread in self._threads:
            thread.join(timeout=LAST_PHOTO_S)
        self._threads = []
        self._leases.stop()
        return left

    def _busy(self) -> bool:
        return bool(self._waiting or self._active or self._room.reserved)

    def abandon(self) -> None:
        """Stop after the photo in hand, and let those who wait for the others answer that these are pending."""
        with self._changed:
            self._stopping.set()
            left = list(self._waiting)
            self._changed.notify_all()
        for upload_id in left:
            self._waits.close(upload_id)
        self._waits.stop()
