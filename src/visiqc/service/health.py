"""Whether the service can do its work, asked at most once a second however often strangers ask."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final, Literal

import structlog

from visiqc.errors import VisiQCError
from visiqc.inspection.parts import Parts
from visiqc.service.queue import ScoringQueue

KEEP_S: Final = 1.0
Check = Literal["ok", "failing"]

log = structlog.get_logger("visiqc.service")


class Readiness:
    """Checks every part the service needs. The probe needs no key, so it tells no details; the log does."""

    def __init__(self, parts: Parts, queue: ScoringQueue) -> None:
        """Nothing is asked yet."""
        self._parts = parts
        self._queue = queue
        self._lock = threading.Lock()
        self._checked_at = float("-inf")
        self._stored: dict[str, Check] = {}

    def checks(self) -> dict[str, Check]:
        """The state of each part; the queue's is always of this moment."""
        with self._lock:
            if time.monotonic() - self._checked_at > KEEP_S:
                self._stored = {
                    "database": _try("database", self._parts.records.ready),
                    "blobs": _try("blobs", self._parts.blobs.ready),
                    "models": _try("models", lambda: self._parts.models.digests),
                }
                self._checked_at = time.monotonic()
            return {**self._stored, "queue": "ok" if self._queue.accepting else "failing"}


def _try(part: str, check: Callable[[], object]) -> Check:
    try:
        check()
    except VisiQCError as err:
        log.warning("not ready", part=part, error=str(err))
        return "failing"
    return "ok"
