"""Defects sorted by how large they are and how much they stand out."""

from __future__ import annotations

import math
from dataclasses import dataclass

LARGE = 0.005
"""Share of the product's area over which a defect must not be missed."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Values from `low` up to but without `high`."""

    title: str
    low: float
    high: float

    def holds(self, value: float | None) -> bool:
        """Whether a value lies in it; what was not measured lies in none."""
        return value is not None and self.low <= value < self.high


AREA_BINS = (
    Bin("under 0.1 % of the product", 0.0, 0.001),
    Bin("0.1 to 0.5 %", 0.001, 0.005),
    Bin("0.5 to 2 %", 0.005, 0.02),
    Bin("2 % and over", 0.02, math.inf),
)
"""By the defect's share of the product's area."""
CONTRAST_BINS = (
    Bin("under 10 grey levels", 0.0, 10.0),
    Bin("10 to 25", 10.0, 25.0),
    Bin("25 to 50", 25.0, 50.0),
    Bin("50 and over", 50.0, math.inf),
)
"""By the mean difference from the good piece on the defect."""
