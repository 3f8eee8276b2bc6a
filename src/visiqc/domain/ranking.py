"""A score held against its calibration: which stage speaks, what it can support, what it says."""

from __future__ import annotations

import math
from collections.abc import Sequence

from visiqc.domain.calibration import (
    STAGE_LEVELS,
    Calibration,
    bounded_p_value,
    rank_p_value,
    stage_of,
)
from visiqc.domain.golden import ScoringPolicy
from visiqc.domain.verdict import CalibrationReport
from visiqc.errors import InvalidRecord


def source_in_force(own: Calibration | None, fleet_source: str) -> str:
    """What scores are held against: the id of the SKU's own calibration once it speaks, the fleet's digest before."""
    return own.id if own is not None and stage_of(len(own.scores)) > 0 else fleet_source


class Ranking:
    """What scores of one golden version are held against.

    The fleet speaks (stage 0, provisional) until 29 accepted specimens of the SKU do. A level the stage
    cannot support is raised to the one it can: from 29 specimens review starts at 10 %, from 59 at 5 %.

    For every score, `score >= review_threshold` exactly when `p_value(score) <= alpha_review`.

    Args:
        own: The SKU's calibration in force, or None.
        fleet: Ascending scores of good photos of other products, one of each comparison: a photo that was held against
            one golden and against three has two.
        fleet_source: Digest of the fleet sidecar.
        policy: The levels the golden version asks for.

    Raises:
        InvalidRecord: There is nothing to hold a score against.
    """

    def __init__(
        self, own: Calibration | None, *, fleet: Sequence[float], fleet_source: str, policy: ScoringPolicy
    ) -> None:
        self.stage = stage_of(len(own.scores)) if own is not None else 0
        if own is not None and self.stage > 0:
            self._scores, self._p_value = own.scores, bounded_p_value
            floor = STAGE_LEVELS[self.stage - 1]
        else:
            self._scores, self._p_value = tuple(fleet), rank_p_value
            floor = 1.0 / (len(self._scores) + 1)
        self._source = source_in_force(own, fleet_source)
        if not self._scores:
            raise InvalidRecord("a score needs something to be held against, got an empty fleet")
        self.alpha_review = max(policy.alpha_review, floor)
        self.alpha_reject = max(policy.alpha_reject, floor)
        self.review_threshold = self._threshold(self.alpha_review)

    def p_value(self, score: float) -> float:
        """The score's p-value in the stage that speaks, in (0, 1]."""
        return self._p_value(self._scores, score)

    def report(self, score: float) -> CalibrationReport:
        """The score with everything it was held against."""
        return CalibrationReport(
            stage=self.stage,
            n=len(self._scores),
            source=self._source,
            score=score,
            p_value=self.p_value(score),
            alpha_review=self.alpha_review,
            alpha_reject=self.alpha_reject,
            review_threshold=self.review_threshold,
            provisional=self.stage == 0,
        )

    def _threshold(self, alpha: float) -> float:
        """The lowest score whose p-value is at most `alpha`: just above one of the calibration's own scores."""
        low, high = 0, len(self._scores)  # how many of the highest scores may lie at or above the threshold
        while low < high:
            middle = (low + high + 1) // 2
            above = (
                math.nextafter(self._scores[len(self._scores) - middle - 1], math.inf)
                if middle < len(self._scores)
                else -math.inf
            )
            if self._p_value(self._scores, above) <= alpha:
                low = middle
            else:
                high = middle - 1
        return math.nextafter(self._scores[len(self._scores) - low - 1], math.inf)
