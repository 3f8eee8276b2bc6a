"""Shares with the interval that their sample size deserves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

from visiqc.errors import InputError


class Interval(NamedTuple):
    """A confidence interval, both ends included."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Proportion:
    """`hits` of `total`, with a Wilson interval.

    Attributes:
        hits: How many; a fraction where it is a mean over several runs on the same `total` photos.
        total: Out of how many, at least 1.
        confidence: Of the interval, in (0, 1).
    """

    hits: float
    total: int
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if self.total < 1 or not 0 <= self.hits <= self.total:
            raise InputError(
                f"a share needs 0 <= hits <= total and a total of at least 1, got {self.hits}/{self.total}"
            )
        if not 0 < self.confidence < 1:
            raise InputError(f"a confidence lies between 0 and 1, got {self.confidence}")

    @property
    def value(self) -> float:
        """The share itself, in [0, 1]."""
        return self.hits / self.total

    @property
    def interval(self) -> Interval:
        """Wilson's score interval, which neither leaves [0, 1] nor collapses at 0 and 1.

        Source:
            Wilson, JASA 22 (1927) 209–212; Newcombe, Statistics in Medicine 17 (1998) 857–872, method 3.

        Example:
            >>> round(Proportion(81, 263).interval.high, 4)
            0.3662
        """
        z = normal_quantile(self.confidence)
        n, share = self.total, self.value
        centre = share + z * z / (2 * n)
        reach = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
        scale = 1 + z * z / n
        # At 0 and 1 the end is the share itself; rounding must not put it a step inside.
        low = 0.0 if self.hits == 0 else max(0.0, (centre - reach) / scale)
        high = 1.0 if self.hits == n else min(1.0, (centre + reach) / scale)
        return Interval(low, high)


def normal_quantile(confidence: float) -> float:
    """Standard deviations a two-sided normal interval of that confidence reaches: 0.95 gives 1.96."""
    return NormalDist().inv_cdf((1 + confidence) / 2)
