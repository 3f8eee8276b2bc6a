"""The regions of a comparison that matter, and what kind of defect each looks like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from visiqc.domain.ranking import Ranking
from visiqc.domain.verdict import LEAST_SURE, UNKNOWN, Region
from visiqc.inspection.compare import Comparison
from visiqc.inspection.fleet import Fleet
from visiqc.inspection.parts import Models
from visiqc.vision.change_map import region_type
from visiqc.vision.regions import Spot, find_spots
from visiqc.vision.types import Mask, ScoreMap


class _Looks(NamedTuple):
    """What a region looks like, as `Region` has it."""

    type: str = ""
    probability: float | None = None
    likeliest: str = ""
    likeliest_probability: float | None = None


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
    looks = _looks(spot, found, naming)
    change = _highest(found.change_map, spot.cells)
    return Region(
        box=spot.box,
        area_px=spot.area_px,
        peak=spot.peak,
        p_value=ranking.p_value(spot.peak),
        type=looks.type,
        type_probability=looks.probability,
        golden_peak=_highest(found.golden_map, spot.cells),
        change_peak=None if change is None else float(1.0 / (1.0 + np.exp(-change))),
        likeliest_type=looks.likeliest,
        likeliest_probability=looks.likeliest_probability,
    )


def _looks(spot: Spot, found: Comparison, naming: RegionNaming) -> _Looks:
    if found.types is None or found.scores is None or not naming.codes:
        return _Looks()
    sure = region_type(found.types, spot.cells, np.nan_to_num(found.scores), temperature=naming.temperature)
    odds = dict(zip(naming.codes, sure.tolist(), strict=True))
    first = max(odds, key=odds.__getitem__)
    codes = {code: one for code, one in odds.items() if code != UNKNOWN}  # what a defect can turn out to be
    likeliest = max(codes, key=codes.__getitem__, default="")
    sure_enough = odds[first] >= LEAST_SURE
    return _Looks(
        type=first if sure_enough else UNKNOWN,
        probability=odds[first] if sure_enough else None,
        likeliest=likeliest,
        likeliest_probability=codes.get(likeliest),
    )


def _highest(scores: ScoreMap | None, cells: Mask) -> float | None:
    return None if scores is None else float(np.nanmax(scores[cells]))
