"""What inspectors' reviews and their queue need of the written record: a part of the `Records` port."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from visiqc.domain.inspection_queue import Place, QueueCount, QueueFilter, QueueItem, Requeued
from visiqc.domain.review import Review


class ReviewRecords(Protocol):
    """Reviews of photos, and the photos that wait for one."""

    def add_review(self, review: Review) -> Review:
        """Keep a review.

        Raises:
            NotFound: No such upload.
            Conflict: It does not supersede the newest review of its photo: somebody answered meanwhile, and the
                message says who and what.
        """
        ...

    def reviews(self, upload_id: str) -> tuple[Review, ...]:
        """All reviews of a photo, oldest first; `NotFound` without the upload."""
        ...

    def queue(self, wanted: QueueFilter, *, after: Place | None = None, limit: int = 50) -> tuple[QueueItem, ...]:
        """Photos in the order of their risk, from just after a place on; as fast at the end as at the beginning."""
        ...

    def queue_item(self, upload_id: str) -> QueueItem | None:
        """Where one photo stands; None before it has a verdict."""
        ...

    def requeued(self, upload_id: str) -> Requeued | None:
        """Why a re-score queued a photo; None where its verdict of record did."""
        ...

    def queue_counts(self, wanted: QueueFilter) -> Sequence[QueueCount]:
        """How many photos there are by outcome; `wanted.outcome` and `wanted.answered` do not matter."""
        ...

    def reviewed(self, wanted: QueueFilter, *, after: int = 0, limit: int = 200) -> tuple[tuple[int, str], ...]:
        """Number and id of uploads whose review stands, in the order they came, from just after a number on.

        Only the places of `wanted` matter.
        """
        ...

    def look_at(self, upload_id: str, viewer: str, name: str, *, at: datetime, since: datetime) -> tuple[str, ...]:
        """Say that somebody has a photo open; returns the names of the others who had it open at `since` or later."""
        ...
