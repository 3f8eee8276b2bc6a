"""What the service says about the inspectors' queue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self

from pydantic import BaseModel, ConfigDict

from visiqc.domain.inspection_queue import QueueCount, QueueItem
from visiqc.domain.outcome import Outcome


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True)


class PlaceOut(_Out):
    """Which unit a photo shows."""

    order: str
    lot: str
    milestone: str
    unit: int
    view: str


class QueueItemOut(_Out):
    """A photo in the queue; `decision` and `decided_by` are empty while nobody answered. `rescored` where a re-score
    found it riskier than its verdict of record: outcome and p-value are then the new ones.
    """

    id: str
    sku: str
    outcome: Outcome
    p_value: float
    place: PlaceOut | None
    decision: str
    decided_by: str
    rescored: bool

    @classmethod
    def of(cls, item: QueueItem) -> Self:
        """One photo."""
        return cls(
            id=item.upload_id,
            sku=item.sku,
            outcome=item.outcome,
            p_value=item.place.p_value,
            place=PlaceOut.model_validate(item.unit_photo) if item.unit_photo else None,
            decision=item.decision,
            decided_by=item.decided_by,
            rescored=item.rescored,
        )


class QueueCountOut(_Out):
    """How many photos of one outcome are open, and how many are done."""

    outcome: Outcome
    open: int
    done: int


class QueueOut(_Out):
    """A page of the queue, riskiest first; `after` asks for the next one, null at the end."""

    items: list[QueueItemOut]
    after: str | None
    counts: list[QueueCountOut]

    @classmethod
    def of(cls, items: Sequence[QueueItem], counts: Iterable[QueueCount], *, limit: int) -> Self:
        """One page; `items` may hold one more than `limit`, which tells that there is a next page."""
        page = items[:limit]
        return cls(
            items=[QueueItemOut.of(item) for item in page],
            after=str(page[-1].place) if len(items) > limit else None,
            counts=[QueueCountOut.model_validate(count) for count in counts],
        )
