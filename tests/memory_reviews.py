"""Reviews and the queue in memory: the part of `MemoryRecords` that is about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from visiqc.domain.inspection_queue import RISK, Answered, Place, QueueCount, QueueFilter, QueueItem, risk_of
from visiqc.domain.outcome import Outcome
from visiqc.domain.review import Review, require_newest, standing_review


class MemoryReviews:
    """Kept under the lock of the records it is mixed into."""

    def __init__(self) -> None:
        super().__init__()
        self._reviews: dict[str, list[Review]] = {}
        self._viewings: dict[tuple[str, str], tuple[str, datetime]] = {}

    def add_review(self, review: Review) -> Review:
        with self._lock:
            self.upload(review.upload_id)
            kept = self._reviews.setdefault(review.upload_id, [])
            require_newest(kept, review)
            kept.append(review)
            return review

    def reviews(self, upload_id: str) -> tuple[Review, ...]:
        self.upload(upload_id)
        return tuple(self._reviews.get(upload_id, ()))

    def queue(self, wanted: QueueFilter, *, after: Place | None = None, limit: int = 50) -> tuple[QueueItem, ...]:
        fitting = [
            item
            for item in self._items(wanted)
            if wanted.answered is Answered.ALL or (wanted.answered is Answered.OPEN) == (not item.decision)
            if item.outcome is wanted.outcome or (wanted.outcome is None and item.outcome is not Outcome.PASS)
            if after is None or item.place > after
        ]
        return tuple(sorted(fitting, key=lambda item: item.place)[:limit])

    def queue_item(self, upload_id: str) -> QueueItem | None:
        return next((item for item in self._items(QueueFilter()) if item.upload_id == upload_id), None)

    def queue_counts(self, wanted: QueueFilter) -> Sequence[QueueCount]:
        items = self._items(wanted)
        counts = []
        for outcome in RISK:
            done = [bool(item.decision) for item in items if item.outcome is outcome]
            counts.append(QueueCount(outcome=outcome, open=done.count(False), done=done.count(True)))
        return counts

    def reviewed(self, wanted: QueueFilter, *, after: int = 0, limit: int = 200) -> tuple[tuple[int, str], ...]:
        found = [(item.place.seq, item.upload_id) for item in self._items(wanted) if item.decision]
        return tuple(sorted(each for each in found if each[0] > after)[:limit])

    def look_at(self, upload_id: str, viewer: str, name: str, *, at: datetime, since: datetime) -> tuple[str, ...]:
        self.upload(upload_id)
        self._viewings[upload_id, viewer] = (name, at)
        others = [(key, seen) for key, seen in self._viewings.items() if key[0] == upload_id and key[1] != viewer]
        return tuple(sorted(who for _, (who, seen_at) in others if seen_at >= since))

    def _items(self, wanted: QueueFilter) -> list[QueueItem]:
        items = []
        for seq, upload in enumerate(self._uploads.values(), 1):
            place, verdict = self.unit_photo(upload.id), self.verdict(upload.id)
            named = ((wanted.order, "order"), (wanted.lot, "lot"), (wanted.milestone, "milestone"))
            if verdict and all(not value or getattr(place, name, None) == value for value, name in named):
                stands = standing_review(self.reviews(upload.id))
                items.append(
                    QueueItem(
                        upload_id=upload.id,
                        place=Place(*risk_of(verdict), seq),
                        sku=upload.sku,
                        outcome=verdict.outcome,
                        unit_photo=place,
                        decision=stands.decision if stands else "",
                        decided_by=stands.author_name if stands else "",
                    )
                )
        return items
