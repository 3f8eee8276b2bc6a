"""What the service is told about orders, lots and units, and what it says of photos."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Self
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict

from visiqc.domain.lot import MILESTONES, Lot, RepeatedFile
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
    """A lot; `units` is its size, null where nobody said, `made_by` who opened it, empty where nobody was recorded."""

    order: str
    code: str
    sku: str
    units: int | None
    required_views: list[str]
    made_at: datetime
    made_by: str

    @classmethod
    def of(cls, lot: Lot) -> Self:
        """One lot."""
        return cls(
            order=lot.order,
            code=lot.code,
            sku=lot.sku,
            units=lot.units,
            required_views=list(lot.required_views),
            made_at=lot.made_at,
            made_by=lot.made_by.name,
        )


class SeenBeforeOut(Out):
    """Where the very file of a photo came first; `message` says it in words."""

    upload_id: str
    order: str
    lot: str
    milestone: str
    unit: int
    view: str
    message: str

    @classmethod
    def of(cls, repeated: RepeatedFile) -> Self:
        """The first photo that had these bytes."""
        return cls(**asdict(repeated.first), message=str(repeated))


class UnitPhotoOut(Out):
    """One photo of a unit.

    `known` where the same file was there before this request. `repeats` says where it came before at another milestone
    or in another lot, null where it did not. `quality` is what the quality gate has against it, said before it is
    scored: empty where nothing is, null where the score was there before.
    """

    unit: int
    view: str
    known: bool
    repeats: SeenBeforeOut | None
    quality: list[ReasonOut] | None
    score: ScoreOut

    @classmethod
    def of(cls, admitted: AdmittedUnitPhoto, score: ScoreOut) -> Self:
        """One photo."""
        complaints, repeats = admitted.complaints, admitted.added.repeats
        return cls(
            unit=admitted.added.photo.unit,
            view=admitted.added.photo.view,
            known=admitted.known,
            repeats=None if repeats is None else SeenBeforeOut.of(repeats),
            quality=None if complaints is None else [ReasonOut.model_validate(each) for each in complaints],
            score=score,
        )


class UnitPhotosOut(Out):
    """The photos of one request, in the order sent."""

    photos: list[UnitPhotoOut]


def lot_path(order: str, lot: str) -> str:
    """The path of a lot; codes may hold letters of any script."""
    return f"/v1/orders/{quote(order, safe='')}/lots/{quote(lot, safe='')}"
