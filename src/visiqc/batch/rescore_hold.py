"""One process at a time does a re-score: it holds it in the database, and says again and again that it lives.

A killed process says nothing any more, so the same command goes on after `LEASE_S`.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from visiqc.batch.leases import LEASE_S, RENEW_S
from visiqc.domain.rescore import RescoreRequest
from visiqc.domain.rescore_lease import RescoreLease
from visiqc.errors import Conflict
from visiqc.inspection.rescore_ports import RescoreRecords

ASK_EVERY_S: Final = 0.25
"""Seconds between two looks at whether another process lives."""

log = structlog.get_logger("visiqc.batch.rescore_hold")


class RescoreHold:
    """Holds one re-score while the context lasts.

    Raises:
        Conflict: On entry: another process does it, and lives.
    """

    def __init__(
        self,
        request: RescoreRequest,
        records: RescoreRecords,
        clock: Callable[[], datetime],
        *,
        waiting: Callable[[RescoreLease], None] = lambda _: None,
        lease_s: float = LEASE_S,
        renew_s: float = RENEW_S,
    ) -> None:
        """Nothing is held yet; `waiting` is told when another process holds it that may be dead."""
        self._fingerprint = request.fingerprint
        self._records = records
        self._clock = clock
        self._tell_waiting = waiting
        self._lease_s = lease_s
        self._renew_s = renew_s
        self._worker = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._since = clock()
        self._lost_to: RescoreLease | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="rescore-hold", daemon=True)

    def __enter__(self) -> RescoreHold:
        """Take it, if need be after waiting for the lease of a dead process to end."""
        self._take()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(self._renew_s)
        try:
            self._records.let_go_rescore(self._fingerprint, self._worker)
        except Exception as err:
            log.warning("the hold on the re-score cannot be let go yet", exc_info=err)

    def require(self) -> None:
        """Return while it is ours.

        Raises:
            Conflict: This process was away for so long, in a sleeping computer perhaps, that another took over.
        """
        if self._lost_to is not None:
            raise Conflict(
                f"this process was away for too long and the re-score is now done by {self._lost_to}; nothing is lost: "
                "wait for it to end, then give the same command again"
            )

    def _take(self) -> None:
        held = self._ask()
        if held.worker == self._worker:
            return
        first, give_up = held, time.monotonic() + self._lease_s
        self._tell_waiting(first)
        while held.worker != self._worker:
            if (held.worker, held.until) != (first.worker, first.until):
                raise Conflict(
                    f"this re-score is being done already, by {held}; wait for it to end, then give the same command "
                    "again, or stop it first"
                )
            time.sleep(min(ASK_EVERY_S, self._renew_s))
            # No sign of life for so long on our own watch: dead, even where its clock runs ahead of ours.
            held = self._ask(first.until if time.monotonic() > give_up else None)

    def _ask(self, now: datetime | None = None) -> RescoreLease:
        at = self._clock()
        lease = RescoreLease(
            worker=self._worker, since=self._since, until=max(at, now or at) + timedelta(seconds=self._lease_s)
        )
        return self._records.hold_rescore(self._fingerprint, lease, now=max(at, now or at))

    def _renew(self) -> None:
        while not self._stopping.wait(self._renew_s):
            try:
                held = self._ask()
            except Exception as err:
                log.warning("the hold on the re-score cannot be renewed", exc_info=err)
                continue
            if held.worker != self._worker:
                self._lost_to = held
                return
