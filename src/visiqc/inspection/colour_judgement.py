"""Whether a colour differs more than good pieces' colours do, and how that is said."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from visiqc.domain.calibration import rank_p_value
from visiqc.domain.colour import ColourPart, ColourReport
from visiqc.domain.reasons import Reason, ReasonCode
from visiqc.inspection.fleet import Fleet

SHARE_OF_LEVEL = 0.4
"""Part of the review level that each of the two colour tests may use: they come on top of the comparison's own."""


def judged_colour(report: ColourReport, fleet: Fleet, *, alpha: float, single: bool = False) -> ColourReport:
    """The report with limits and p-values from the fleet; as it is where the fleet knows no colours.

    Args:
        report: From `vision.colour_measure`.
        fleet: Its good photos' scores are the scale.
        alpha: Level of each test.
        single: Whether the view has one golden, whose light is the only one that is known.
    """
    parts, spot, stones = report.parts, report.spot, report.stone_score
    good_metal, good_stones = fleet.colours(single=single)
    if good_metal:
        limit = _limit(good_metal, alpha)
        parts = tuple(
            replace(part, limit=limit, p_value=rank_p_value(good_metal, part.evidence))
            if part.part is ColourPart.METAL
            else part
            for part in parts
        )
    if good_stones and spot is not None and stones is not None:
        # Stones are ranked by spot and evidence together; the spot's limit is what the sum leaves to it.
        limit = max(0.0, _limit(good_stones, alpha) - (stones - spot.delta))
        spot = replace(spot, limit=limit, p_value=rank_p_value(good_stones, stones))
    return replace(report, parts=parts, spot=spot)


def _limit(scores: Sequence[float], alpha: float) -> float:
    """The lowest score whose rank among the good ones is at most `alpha`, or the smallest share they can tell."""
    ranks = max(1, math.floor(alpha * (len(scores) + 1) + 1e-9))
    allowed = ranks - 1  # good photos that may score as high
    return float(np.nextafter(scores[len(scores) - 1 - allowed], np.inf))


def colour_reasons(report: ColourReport | None) -> tuple[Reason, ...]:
    """A reason for each part whose colour differs."""
    if report is None:
        return ()
    reasons = []
    metal = report.of(ColourPart.METAL)
    if metal is not None and metal.differs:
        reasons.append(
            Reason(
                code=ReasonCode.COLOUR_DIFFERS,
                message=(
                    f"the metal's colour differs from the golden sample's: ΔE00 {metal.delta_e00:.1f} ± "
                    f"{metal.uncertainty:.1f}, {_direction(metal.delta_a, metal.delta_b)}"
                ),
                advice="Hold the piece beside the golden sample under one lamp; check alloy and plating.",
                value=metal.evidence,
                limit=metal.limit,
            )
        )
    if report.spot is not None and report.spot.differs:
        x0, y0, x1, y1 = report.spot.box
        reasons.append(
            Reason(
                code=ReasonCode.COLOUR_DIFFERS,
                message=(
                    f"a stone may have another colour: ΔE {report.spot.delta:.1f} at x {x0}–{x1}, y {y0}–{y1} of the "
                    "golden view"
                ),
                advice="Hold the stone beside the golden sample's under one lamp.",
                value=report.spot.delta,
                limit=report.spot.limit,
            )
        )
    return tuple(reasons)


def _direction(delta_a: float, delta_b: float) -> str:
    red = "redder" if delta_a > 0 else "greener"
    yellow = "yellower" if delta_b > 0 else "bluer"
    return yellow if abs(delta_b) >= abs(delta_a) else red
