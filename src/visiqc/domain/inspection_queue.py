"""The photos that wait for an inspector, in the order of their risk."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from visiqc.domain.lot import UnitPhoto
from visiqc.domain.outcome import Outcome
from visiqc.domain.verdict import Verdict
from visiqc.errors import InputError

RISK: Final = (Outcome.REJECT, Outcome.WRONG_SAMPLE, Outcome.REVIEW, Outcome.RETAKE, Outcome.PASS)
"""Outcomes, those first that an inspector must see first."""
MOST_AT_ONCE: Final = 200
_CURSOR: Final = re.compile(r"([0-4])_([0-9.e+-]{1,32})_([0-9]{1,18})", re.ASCII)


class Answered(StrEnum):
    """Which photos are asked for, by what inspectors said about them."""

    OPEN = "open"
    DONE = "done"
    ALL = "all"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a photo stands in the queue; smaller comes first. Later questions go on after it, however long it is."""

    rank: int
    p_value: float
    seq: int

    def __str__(self) -> str:
        return f"{self.rank}_{self.p_value!r}_{self.seq}"

    @classmethod
    def read(cls, text: str) -> Place:
        """The place that `str` wrote.

        Raises:
            InputError: It is not one.
        """
        match = _CURSOR.fullmatch(text)
        try:
            place = match and cls(int(match[1]), float(match[2]), int(match[3]))
        except ValueError:
            place = None
        if place is None or not math.isfinite(place.p_value):
            raise InputError(f"{text[:80]!r} is not a place in the queue; begin again without `after`")
        return place


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFilter:
    """Which photos are asked for; empty = any.

    Attributes:
        order, lot, milestone: Where the photo belongs.
        outcome: Of the verdict it is queued by; None = all but PASS.
        answered: Whether inspectors answered it.
    """

    order: str = ""
    lot: str = ""
    milestone: str = ""
    outcome: Outcome | None = None
    answered: Answered = Answered.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueItem:
    """One photo in the queue.

    Attributes:
        upload_id: The photo.
        place: Where it stands.
        sku: Its product.
        outcome: Of the verdict it is queued by: of record, or of a re-score that found it riskier.
        unit_photo: Which unit it shows; None where it belongs to no lot.
        decision: Of the review that stands; empty while there is none.
        decided_by: Who made that review.
        rescored: Whether a re-score queued it.
    """

    upload_id: str
    place: Place
    sku: str
    outcome: Outcome
    unit_photo: UnitPhoto | None = None
    decision: str = ""
    decided_by: str = ""
    rescored: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCount:
    """How many photos of one outcome are open, and how many are done."""

    outcome: Outcome
    open: int
    done: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Requeued:
    """Why a photo waits that was less risky, or none at all, at the time.

    Attributes:
        was: Its outcome of record.
        now: The verdict of the re-score that queued it.
        models: The models of that verdict, by name.
    """

    was: Outcome
    now: Verdict
    models: str

    def __str__(self) -> str:
        before = "passed" if self.was is Outcome.PASS else f"was {self.was}"
        return f"re-scored on {self.now.made_at:%Y-%m-%d} by {self.models}: {self.now.outcome}; {before} at the time"


def risk_of(verdict: Verdict) -> tuple[int, float]:
    """Rank and p-value by which a verdict's photo is queued; photos that were never compared have the p-value 1."""
    return RISK.index(verdict.outcome), verdict.calibration.p_value if verdict.calibration else 1.0
