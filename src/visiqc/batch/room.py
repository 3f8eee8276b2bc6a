"""How many photos may wait, and the places that requests hold among them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

from visiqc.domain.upload import Upload
from visiqc.errors import Busy

FIRST_GUESS_S: Final = 0.5
"""Seconds one photo takes, until some were measured."""
_WEIGHT: Final = 0.2
"""What the newest photo counts in the running mean."""


class Room:
    """The places of a queue. Not safe by itself: its owner asks and changes it under one lock."""

    def __init__(self, capacity: int, *, workers: int) -> None:
        """All places are free.

        Args:
            capacity: Photos that may wait.
            workers: Photos that are scored at the same time.
        """
        self.reserved = 0
        self.seconds_each = FIRST_GUESS_S
        self._capacity = capacity
        self._workers = workers

    def require(self, count: int, *, waiting: int) -> None:
        """Return where `count` more photos have a place beside those that wait or have one reserved.

        Raises:
            Busy: They have none; says after how many seconds they probably will.
        """
        lacking = waiting + self.reserved + count - self._capacity
        if count and lacking > 0:
            wait_s = math.ceil(lacking * self.seconds_each / max(1, self._workers))
            raise Busy(
                f"the queue has no room for {count} more photos ({self._capacity} may wait); try again in {wait_s} s",
                retry_after_s=wait_s,
            )

    def measured(self, spent_s: float) -> None:
        """One photo took so long."""
        self.seconds_each += _WEIGHT * (spent_s - self.seconds_each)


class Places:
    """Room in the queue that one request holds until its photos take it."""

    def __init__(self, enqueue: Callable[[Sequence[str], Places], int], count: int) -> None:
        """`count` places, already reserved; `enqueue` puts photos there and says how many were not queued already."""
        self._enqueue = enqueue
        self.left = count

    def take(self, uploads: Sequence[Upload]) -> int:
        """Queue `uploads`, which must be in the record; returns how many were not queued already."""
        return self._enqueue([upload.id for upload in uploads], self)
