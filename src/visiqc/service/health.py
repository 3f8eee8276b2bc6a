"""Whether the service can do its work, asked at most once a second however often strangers ask."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final, Literal

import structlog

from visiqc.batch.queue import ScoringQueue
from visiqc.errors import VisiQCError
from visiqc.service.model_watch import ModelWatch, PartsKeeper

KEEP_S: Final = 1.0
Check = Literal["ok", "behind", "failing"]
"""`behind`: it works, with the models before those that were promoted last, which cannot be loaded."""

log = structlog.get_logger("visiqc.service")


class Readiness:
    """Checks every part the service needs. The probe needs no key, so it tells no details; the log does."""

    def __init__(self, keeper: PartsKeeper, queue: ScoringQueue, watch: ModelWatch) -> None:
        """Nothing is asked yet."""
        self._keeper = keeper
        self._watch = watch
        self._queue = queue
        self._lock = threading.Lock()
        self._checked_at = float("-inf")
        self._stored: dict[str, Check] = {}

    def checks(self) -> dict[str, Check]:
        """The state of each part; the queue's is always of this moment."""
        with self._lock:
            if time.monotonic() - self._checked_at > KEEP_S:
                parts = self._keeper.current
                self._stored = {
                    "database": _try("database", parts.records.ready),
                    "blobs": _try("blobs", parts.blobs.ready),
                    "models": _try("models", lambda: parts.models.digests),
                }
                self._checked_at = time.monotonic()
            checks: dict[str, Check] = {**self._stored, "queue": "ok" if self._queue.accepting else "failing"}
        if self._watch.behind and checks["models"] == "ok":
            checks["models"] = "behind"
        return checks


def _try(part: str, check: Callable[[], object]) -> Check:
    try:
        check()
    except VisiQCError as err:
        log.warning("not ready", part=part, error=str(err))
        return "failing"
    return "ok"
