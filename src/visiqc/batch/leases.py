"""The jobs one process holds: taken one by one, and held for as long as it works on them.

A killed process renews nothing, so its jobs are free again after `LEASE_S`. Clocks of several machines may differ by
some seconds. A lease that ends too early costs a photo scored twice, never two scores: the first verdict stands.
"""

from __future__ import annotations

import itertools
import os
import socket
import threading
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from visiqc.domain.upload import PutOff, Upload
from visiqc.errors import IntegrityError, NotFound, VisiQCError
from visiqc.inspection.lot_ports import JobRecords

LEASE_S: Final = 15.0
"""How long a job is held without a sign of life."""
RENEW_S: Final = 4.0
"""Seconds between two signs of life: three may fail before the job is lost."""
MAX_WHY: Final = 500
"""Most characters that are kept of a reason."""

log = structlog.get_logger("visiqc.batch.leases")


class Leases:
    """Takes jobs under one name, and renews them in a thread."""

    def __init__(self, records: JobRecords, clock: Callable[[], datetime]) -> None:
        """Nothing is held yet."""
        self._records = records
        self._clock = clock
        self.worker = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._lock = threading.Lock()
        # Each lease has a name of its own, so that a late release never frees a job that was taken again since.
        self._tokens = itertools.count(1)
        self._held: dict[str, str] = {}
        self._owed: dict[str, tuple[str, PutOff | None]] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Leases:
        """Renew while the context lasts."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def take(self, upload_id: str | None = None) -> Upload | None:
        """The oldest job that nobody holds, or the one that is named; None where it is not to be had.

        Raises:
            Unavailable: The database is out of reach.
        """
        now, token = self._clock(), f"{self.worker}#{next(self._tokens)}"
        taken = self._records.lease(token, now=now, until=_later(now), upload_id=upload_id)
        if not taken:
            return None
        with self._lock:
            self._held[taken[0].id] = token
        return taken[0]

    def settled(self, upload_id: str) -> None:
        """Hold a job no longer that has its answer, and so is nobody's any more."""
        with self._lock:
            self._held.pop(upload_id, None)

    def give_back(self, upload_id: str) -> None:
        """Let others have a job; at once, or when the database can be reached again."""
        self._owe(upload_id, None)

    def put_off(self, upload_id: str, error: Exception) -> None:
        """Give a job back that `error` prevented: nobody gets it before a pause, longer each time."""
        self._owe(upload_id, PutOff(self._clock(), why_put_off(error)))

    def _owe(self, upload_id: str, put_off: PutOff | None) -> None:
        with self._lock:
            token = self._held.pop(upload_id, None)
            if token is not None:
                self._owed[token] = (upload_id, put_off)
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
            self._owed |= {token: (upload_id, None) for upload_id, token in self._held.items()}
            self._held.clear()
        self._release_owed()

    def _renew(self) -> None:
        while not self._stopping.wait(RENEW_S):
            with self._lock:
                held = dict(self._held)
            try:
                for upload_id, token in held.items():
                    self._records.renew(token, [upload_id], until=_later(self._clock()))
            except Exception as err:  # as in the queue: it is tried again; what is lost meanwhile is scored by others
                log.warning("leases cannot be renewed", photos=len(held), exc_info=err)
            self._release_owed()

    def _release_owed(self) -> None:
        with self._lock:
            owed = dict(self._owed)
        for token, (upload_id, put_off) in owed.items():
            try:
                self._records.release(token, upload_id, put_off=put_off)
            except Exception as err:  # the thread that renews the others must not end with it
                log.warning("a job cannot be given back yet", upload_id=upload_id, exc_info=err)
                return
            with self._lock:
                self._owed.pop(token, None)


def why_put_off(error: Exception) -> str:
    """What kept a photo from its score, for people: foreign errors hold paths and values, which stay in the log."""
    if isinstance(error, (NotFound, IntegrityError)):
        return _keepable(f"stored data is missing or damaged: {error}; restore it from a backup")[:MAX_WHY]
    if isinstance(error, VisiQCError):
        return _keepable(str(error))[:MAX_WHY]
    if isinstance(error, MemoryError):
        return "there was too little memory"
    return f"VisiQC itself failed ({type(error).__name__}); the log of its worker says more"


def _keepable(text: str) -> str:
    """`text` without what no database can keep: a reason that cannot be written would hold the job."""
    return text.replace("\0", " ").encode(errors="replace").decode()


def _later(now: datetime) -> datetime:
    return now + timedelta(seconds=LEASE_S)
