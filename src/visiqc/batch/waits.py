"""Who waits for which photo's answer, whoever scores it."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import Future
from typing import Final

import structlog

from visiqc.inspection.lot_ports import JobRecords

LOOK_S: Final = 0.1
"""Seconds between two looks at the record for photos that others score."""

log = structlog.get_logger("visiqc.batch.waits")


class Waits:
    """A future for each photo that somebody may wait for. It ends when the photo is settled, or scoring is put off."""

    def __init__(self, records: JobRecords) -> None:
        """Nobody waits yet."""
        self._records = records
        self._changed = threading.Condition()
        self._futures: dict[str, Future[None]] = {}
        self._left: set[str] = set()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def open(self, upload_id: str) -> bool:
        """Have a future for a photo; False where there is one already."""
        with self._changed:
            if upload_id in self._futures:
                return False
            future: Future[None] = Future()
            future.set_running_or_notify_cancel()  # a waiting request that is cancelled must not cancel the scoring
            self._futures[upload_id] = future
            return True

    def of(self, upload_id: str) -> Future[None] | None:
        """The future of a photo; None where there is none, or not any more."""
        with self._changed:
            return self._futures.get(upload_id)

    def close(self, upload_id: str) -> None:
        """Tell those who wait for a photo that there is nothing more to wait for."""
        with self._changed:
            future = self._futures.pop(upload_id, None)
            self._left.discard(upload_id)
        if future is not None:
            future.set_result(None)

    def leave(self, upload_ids: Iterable[str]) -> None:
        """Photos that others score: look at the record until they are settled."""
        with self._changed:
            self._left.update(upload_id for upload_id in upload_ids if upload_id in self._futures)
            self._changed.notify_all()

    @property
    def left(self) -> int:
        """How many photos were left to others."""
        return len(self._left)

    def start(self) -> None:
        """Look from now on."""
        self._thread = threading.Thread(target=self._look_on, name="waits", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it looks."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """Look no more, and let everybody go who waits for others' work."""
        with self._changed:
            self._stopping = True
            left = list(self._left)
            self._changed.notify_all()
        for upload_id in left:
            self.close(upload_id)

    def _look_on(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._left or self._stopping)
                if not self._stopping:
                    self._changed.wait_for(lambda: self._stopping, LOOK_S)
                if self._stopping:
                    return
                left = frozenset(self._left)
            try:
                settled = left - self._records.unsettled(left)
            except Exception as err:  # as in the queue: the database may come back
                log.warning("the record cannot be looked at", photos=len(left), exc_info=err)
                settled = frozenset()
            for upload_id in settled:
                self.close(upload_id)
