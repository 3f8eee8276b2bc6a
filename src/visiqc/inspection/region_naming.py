"""The regions of a comparison that matter, and what kind of defect each looks like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from visiqc.domain.ranking import Ranking
from visiqc.domain.verdict import Region
from visiqc.inspection.compare import Comparison
from visiqc.inspection.fleet import Fleet
from visiqc.inspection.parts import Models
from visiqc.vision.change_map import region_type
from visiqc.vision.regions import Spot, find_spots
from visiqc.vision.types import Mask, ScoreMap

UNKNOWN = "unknown"
"""The type of a region that looks like no defect of the catalogue, or like several alike."""
LEAST_SURE = 0.5
"""Probability below which a type is not named: it would more likely be wrong than right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionNaming:
    """How regions get their types.

    Attributes:
        codes: The type classes, the last one `unknown`; empty without a defect model.
        temperature: What type logits are divided by.
    """

    codes: tuple[str, ...] = ()
    temperature: float = 1.0

    @classmethod
    def of(cls, models: Models, fleet: Fleet) -> RegionNaming:
        """As the models and the sidecar in use say."""
        return cls(codes=models.defect.codes if models.defect else (), temperature=fleet.type_temperature)


def found_regions(found: Comparison, ranking: Ranking, naming: RegionNaming) -> tuple[Region, ...]:
    """Where the photo reaches the review threshold, the worst first."""
    if found.scores is None or found.view is None:
        return ()
    threshold = ranking.review_threshold
    return tuple(
        _region(spot, found, ranking, naming)
        for spot in find_spots(found.scores, threshold, found.view.frame_size)
        # The threshold lies one step of a double above a calibrated score; the map is of single precision, in
        # which a piece that scores just what was calibrated would reach it.
        if spot.peak >= threshold
    )


def _region(spot: Spot, found: Comparison, ranking: Ranking, naming: RegionNaming) -> Region:
    kind, sure = _type(spot, found, naming)
    change = _highest(found.change_map, spot.cells)
    return Region(
        box=spot.box,
        area_px=spot.area_px,
        peak=spot.peak,
        p_value=ranking.p_value(spot.peak),
        type=kind,
        type_probability=sure,
        golden_peak=_highest(found.golden_map, spot.cells),
        change_peak=None if change is None else float(1.0 / (1.0 + np.exp(-change))),
    )


def _type(spot: Spot, found: Comparison, naming: RegionNaming) -> tuple[str, float | None]:
    if found.types is None or found.scores is None or not naming.codes:
        return "", None
    odds = region_type(found.types, spot.cells, np.nan_to_num(found.scores), temperature=naming.temperature)
    likely = int(odds.argmax())
    return (naming.codes[likely] if odds[likely] >= LEAST_SURE else UNKNOWN), float(odds[likely])


def _highest(scores: ScoreMap | None, cells: Mask) -> float | None:
    return None if scores is None else float(np.nanmax(scores[cells]))
