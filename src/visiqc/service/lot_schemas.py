"""What the service is told about orders, lots and units, and what it says of photos."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict

from visiqc.domain.lot import MILESTONES
from visiqc.service.admission import AdmittedUnitPhoto
from visiqc.service.schemas import ReasonOut, ScoreOut


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Out(BaseModel):
    """What is read off the fields of a record."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class OrderIn(_In):
    """An order to open; without milestones it gets the usual four."""

    code: str
    milestones: list[str] = list(MILESTONES)


class LotIn(_In):
    """A lot to open; without required views, units must show those of the golden version."""

    code: str
    sku: str
    units: int | None = None
    required_views: list[str] = []


class LotOut(Out):
    """A lot; `units` is its size, null where nobody said."""

    order: str
    code: str
    sku: str
    units: int | None
    required_views: list[str]
    made_at: datetime


class UnitPhotoOut(Out):
    """One photo of a unit.

    `known` where the same file was there before. `quality` is what the quality gate has against it, said before it is
    scored: empty where nothing is, null where the score was there before.
    """

    unit: int
    view: str
    known: bool
    quality: list[ReasonOut] | None
    score: ScoreOut

    @classmethod
    def of(cls, admitted: AdmittedUnitPhoto, score: ScoreOut) -> Self:
        """One photo."""
        complaints = admitted.complaints
        return cls(
            unit=admitted.added.photo.unit,
            view=admitted.added.photo.view,
            known=not admitted.added.new,
            quality=None if complaints is None else [ReasonOut.model_validate(each) for each in complaints],
            score=score,
        )


class UnitPhotosOut(Out):
    """The photos of one request, in the order sent."""

    photos: list[UnitPhotoOut]


def lot_path(order: str, lot: str) -> str:
    """The path of a lot; codes may hold letters of any script."""
    return f"/v1/orders/{quote(order, safe='')}/lots/{quote(lot, safe='')}"
