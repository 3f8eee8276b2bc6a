"""The jobs one process holds: taken one by one, and held for as long as it works on them.

A killed process renews nothing, so its jobs are free again after `LEASE_S`. Clocks of several machines may differ by
some seconds. A lease that ends too early costs a photo scored twice, never two scores: the first verdict stands.
"""

from __future__ import annotations

import os
import socket
import threading
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from visiqc.domain.upload import Upload
from visiqc.errors import VisiQCError
from visiqc.inspection.lot_ports import JobRecords

LEASE_S: Final = 15.0
"""How long a job is held without a sign of life."""
RENEW_S: Final = 4.0
"""Seconds between two signs of life: three may fail before the job is lost."""

log = structlog.get_logger("visiqc.batch.leases")


class Leases:
    """Takes jobs under one name, and renews them in a thread."""

    def __init__(self, records: JobRecords, clock: Callable[[], datetime]) -> None:
        """Nothing is held yet."""
        self._records = records
        self._clock = clock
        self.worker = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._lock = threading.Lock()
        self._held: set[str] = set()
        self._owed: set[str] = set()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def take(self, upload_id: str | None = None) -> Upload | None:
        """The oldest job that nobody holds, or the one that is named; None where it is not to be had.

        Raises:
            Unavailable: The database is out of reach.
        """
        now = self._clock()
        taken = self._records.lease(self.worker, now=now, until=_later(now), upload_id=upload_id)
        if not taken:
            return None
        with self._lock:
            self._held.add(taken[0].id)
            self._owed.discard(taken[0].id)
        return taken[0]

    def settled(self, upload_id: str) -> None:
        """Hold a job no longer that has its answer, and so is nobody's any more."""
        with self._lock:
            self._held.discard(upload_id)

    def give_back(self, upload_id: str) -> None:
        """Let others have a job; at once, or when the database can be reached again."""
        with self._lock:
            self._held.discard(upload_id)
            self._owed.add(upload_id)
        self._release_owed()

    def start(self) -> None:
        """Renew from now on."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._renew, name="leases", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Renew no more, and give back what is still held."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(RENEW_S)
        with self._lock:
            self._owed |= self._held
            self._held.clear()
        self._release_owed()

    def _renew(self) -> None:
        while not self._stopping.wait(RENEW_S):
            with self._lock:
                held = list(self._held)
            try:
                if held:
                    self._records.renew(self.worker, held, until=_later(self._clock()))
            except Exception as err:  # as in the queue: it is tried again; what is lost meanwhile is scored by others
                log.warning("leases cannot be renewed", photos=len(held), exc_info=err)
            self._release_owed()

    def _release_owed(self) -> None:
        with self._lock:
            owed = list(self._owed)
        for upload_id in owed:
            try:
                self._records.release(self.worker, upload_id)
            except VisiQCError as err:
                log.warning("a job cannot be given back yet", upload_id=upload_id, error=str(err))
                return
            with self._lock:
                self._owed.discard(upload_id)


def _later(now: datetime) -> datetime:
    return now + timedelta(seconds=LEASE_S)
