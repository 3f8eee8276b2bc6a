"""What a re-score found: each photo beside what was said of it before, and how many changed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from visiqc.domain.agreement import Agreement, contradicts
from visiqc.domain.inspection_queue import RISK
from visiqc.domain.lot import UnitPhoto
from visiqc.domain.outcome import Outcome
from visiqc.domain.rescore import RescoreTask
from visiqc.domain.review import Decision, Review
from visiqc.domain.verdict import CalibrationReport, Verdict

ESCAPES = (Outcome.REJECT, Outcome.WRONG_SAMPLE)
"""What a photo that passed must not turn out to be."""


def moved(before: Verdict, now: Verdict) -> float:
    """How far the p-value moved, in powers of ten and seen from the review level: 2.0 = a hundred times less likely.

    Both p-values count in units of their own review level, for the level of a calibration stage may differ. 0.0
    where one of the photos was not compared; negative where the photo looks better than before.
    """
    if before.calibration is None or now.calibration is None:
        return 0.0
    return _past_review(now.calibration) - _past_review(before.calibration)


def _past_review(calibration: CalibrationReport) -> float:
    return math.log10(calibration.alpha_review) - math.log10(max(calibration.p_value, 1e-12))


@dataclass(frozen=True, slots=True, kw_only=True)
class RescoredPhoto:
    """One photo of a run beside what was said about it before.

    Attributes:
        task: Its place in the plan.
        photo_name: The name its sender gave.
        received_at: When it came, UTC.
        place: Its place among orders and lots; None where it belongs to none.
        in_accepted_lot: Whether nothing stood against its lot when the run was planned.
        before: Its verdict of record.
        now: The new verdict; None where there is none yet, or none could be had.
        error: Why it could not be scored; empty otherwise.
        moved: As `moved`.
        review: What inspectors say of it, as it stands; None while nobody answered.
    """

    task: RescoreTask
    photo_name: str
    received_at: datetime
    place: UnitPhoto | None
    in_accepted_lot: bool
    before: Verdict
    now: Verdict | None = None
    error: str = ""
    moved: float = 0.0
    review: Review | None = None

    @property
    def changed(self) -> bool:
        """Whether its outcome is another one now."""
        return self.now is not None and self.now.outcome is not self.before.outcome

    @property
    def riskier(self) -> bool:
        """Whether an inspector should see it earlier, by its new outcome, than by that of record."""
        return self.now is not None and RISK.index(self.now.outcome) < RISK.index(self.before.outcome)

    @property
    def contradicts_inspector(self) -> bool:
        """Whether its new outcome is the opposite of what an inspector decided."""
        return self.review is not None and self.now is not None and contradicts(self.review.decision, self.now.outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class RescoreTally:
    """How many photos of a lot went from one outcome to another.

    Attributes:
        order, lot: The lot; None for photos that belong to none.
        accepted: Whether nothing stood against the lot when the run was planned.
        before: Outcome of record.
        now: The new outcome; None where the photo could not be scored.
        decision: What inspectors decided about these photos, as it stands; None while nobody answered.
        photos: How many.
    """

    order: str | None
    lot: str | None
    accepted: bool
    before: Outcome
    now: Outcome | None
    decision: Decision | None = None
    photos: int

    @property
    def changed(self) -> bool:
        """Whether the outcome is another one now."""
        return self.now is not None and self.now is not self.before

    @property
    def worse(self) -> bool:
        """Whether the new outcome is more severe."""
        return self.now is not None and self.now.severity > self.before.severity

    @property
    def escaped(self) -> bool:
        """Whether what passed would be rejected today."""
        return self.before is Outcome.PASS and self.now in ESCAPES


def agreement(tallies: Iterable[RescoreTally]) -> tuple[Agreement, Agreement]:
    """How often the outcomes of record, and the new ones, say what inspectors decided; of the same photos."""
    before, now = Agreement(), Agreement()
    for tally in tallies:
        if tally.decision is not None and tally.now is not None:
            before.count(tally.decision, tally.before, tally.photos)
            now.count(tally.decision, tally.now, tally.photos)
    return before, now
