"""Who is doing a re-score at this moment, so that nobody does the same one beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RescoreLease:
    """A re-score is done by one process at a time: the one that holds this.

    Attributes:
        worker: Names the process: host, process id, and what tells it from others of that id, with `:` between.
        since: When it began, UTC.
        until: It is dead unless it says otherwise before then, UTC.
    """

    worker: str
    since: datetime
    until: datetime

    def __str__(self) -> str:
        host, process, _ = self.worker.rsplit(":", 2)
        return f"process {process} on {host}, since {self.since:%Y-%m-%d %H:%M} UTC"
