"""From scores of good pieces to a p-value with an honest bound.

Stage 0 ranks a score among the *fleet*: good photos of many other products. From 29 accepted specimens of
the product itself, the p-value is an upper confidence limit of the chance that a good specimen scores as
high (Clopper and Pearson 1934), so that a level α, where it can be reached at all, holds with 95 %
confidence: 29 / 59 / 149 / 299 specimens support 10 / 5 / 2 / 1 %.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime

from visiqc.errors import InvalidRecord

CONFIDENCE = 0.95
STAGE_SPECIMENS = (29, 59, 149, 299)
"""Specimens needed for stages 1 to 4."""
STAGE_LEVELS = (0.10, 0.05, 0.02, 0.01)
"""False-alarm rate each of the stages 1 to 4 can bound: ln(1 - CONFIDENCE) / ln(1 - α) specimens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Scores of accepted specimens of one golden version; a new one supersedes, none is edited.

    Attributes:
        id: Named by verdicts that rest on it.
        sku, golden_version: What was calibrated.
        scores: Tolerated score of each specimen, ascending.
        photo_digests: SHA-256 of the accepted photos.
        made_at: UTC.
        fleet: Digest of the fleet sidecar that scaled the scores; they mean nothing under another.
        specimens: Digests of the photos of each specimen, so that it can be scored again when the models change;
            those counted before this was kept are missing.
    """

    id: str
    sku: str
    golden_version: int
    scores: tuple[float, ...]
    photo_digests: tuple[str, ...]
    made_at: datetime
    fleet: str = ""
    specimens: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        if len(self.specimens) > len(self.scores) or not all(self.specimens):
            raise InvalidRecord("calibration specimens must have a score and at least one photo each")
        if any(math.isnan(score) for score in self.scores):
            raise InvalidRecord("calibration scores must be numbers; one is NaN")
        if any(b < a for a, b in zip(self.scores, self.scores[1:], strict=False)):
            raise InvalidRecord("calibration scores must be ascending")


def stage_of(specimens: int) -> int:
    """Calibration stage that `specimens` accepted pieces support: 0 (none of its own) to 4.

    Example:
        >>> [stage_of(n) for n in (0, 28, 29, 59, 149, 299)]
        [0, 0, 1, 2, 3, 4]
    """
    return sum(specimens >= needed for needed in STAGE_SPECIMENS)


def smallest_level(specimens: int) -> float:
    """Smallest false-alarm rate that `specimens` can bound with 95 % confidence; 1.0 with none.

    The maximum of n good scores is exceeded by a share of good pieces below 1 - 0.05^(1/n) with 95 %
    confidence (Wilks 1941).

    Example:
        >>> [round(smallest_level(n), 4) for n in (29, 59, 149, 299)]
        [0.0981, 0.0495, 0.0199, 0.01]
    """
    if specimens <= 0:
        return 1.0
    return float(1.0 - (1.0 - CONFIDENCE) ** (1.0 / specimens))


def exceedances(scores: tuple[float, ...], score: float) -> int:
    """How many of the ascending `scores` are at least `score`.

    Raises:
        InvalidRecord: `score` is NaN; bisection would rank it below everything, which reads as a perfect piece.
    """
    if math.isnan(score):
        raise InvalidRecord("a score must be a number to be ranked, got NaN")
    return len(scores) - bisect_left(scores, score)


def rank_p_value(scores: tuple[float, ...], score: float) -> float:
    """Conformal p-value (1 + #{s_i >= score}) / (n + 1), in (0, 1] (Vovk et al. 2005)."""
    return (1 + exceedances(scores, score)) / (len(scores) + 1)


def bounded_p_value(scores: tuple[float, ...], score: float) -> float:
    """Upper 95 % confidence limit of the share of good pieces that score at least `score`.

    Args:
        scores: Tolerated scores of independent good specimens, ascending.
        score: The score in question.

    Returns:
        In (0, 1]; 1.0 when no bound is possible.

    Source:
        Clopper and Pearson, Biometrika 26 (1934) 404–413.
    """
    n, k = len(scores), exceedances(scores, score)
    if k >= n:
        return 1.0
    if k == 0:
        return smallest_level(n)  # the closed form; bisection can land one rounding step above the level it supports
    low, high = k / n, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _binomial_cdf(k, n, middle) > 1.0 - CONFIDENCE:
            low = middle
        else:
            high = middle
    return high


def _binomial_cdf(k: int, n: int, rate: float) -> float:
    """P[Binomial(n, rate) <= k], summed in logarithms so that n in the thousands stays exact."""
    if rate <= 0.0:
        return 1.0
    if rate >= 1.0:
        return 1.0 if k >= n else 0.0
    log_rate, log_rest = math.log(rate), math.log1p(-rate)
    log_choose = math.lgamma(n + 1)
    terms = (
        math.exp(log_choose - math.lgamma(i + 1) - math.lgamma(n - i + 1) + i * log_rate + (n - i) * log_rest)
        for i in range(k + 1)
    )
    return min(1.0, math.fsum(terms))
