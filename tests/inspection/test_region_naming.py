"""Regions and the kind of defect they look like."""

from __future__ import annotations

import numpy as np

from bench import real_fleet, real_models
from visiqc.domain.golden import ScoringPolicy
from visiqc.domain.ranking import Ranking
from visiqc.inspection.compare import Comparison
from visiqc.inspection.region_naming import UNKNOWN, RegionNaming, found_regions

RANKING = Ranking(None, fleet=(0.5,) * 40, fleet_source="fleet", policy=ScoringPolicy())
NAMING = RegionNaming(codes=("ME-SCR", "ST-MIS", "unknown"))


class _View:
    frame_size = (64, 80)


def compared(logits: tuple[float, float, float]) -> Comparison:
    scores = np.full((8, 10), 0.1, np.float32)
    scores[2:4, 3:6] = 1.5
    types = np.zeros((3, 8, 10), np.float32)
    types[:, 2:4, 3:6] = np.array(logits, np.float32)[:, None, None]
    change = np.where(scores > 1, 2.0, -4.0).astype(np.float32)
    return Comparison(view=_View(), scores=scores, golden_map=scores * 2, change_map=change, types=types)  # type: ignore[arg-type]


def test_a_region_names_its_likeliest_type_and_what_each_map_says() -> None:
    (region,) = found_regions(compared((0.0, 3.0, 0.0)), RANKING, NAMING)
    assert (region.type, region.type_in_words) == ("ST-MIS", "missing stone")
    assert region.type_probability is not None
    assert 0.9 < region.type_probability < 0.92
    assert (region.golden_peak, region.peak) == (3.0, 1.5)
    assert region.change_peak is not None
    assert round(region.change_peak, 3) == 0.881


def test_what_looks_like_several_types_alike_is_unknown_and_never_cleared() -> None:
    (region,) = found_regions(compared((0.1, 0.0, 0.0)), RANKING, NAMING)
    assert (region.type, region.type_in_words) == (UNKNOWN, "")


def test_without_a_defect_model_a_region_has_no_type() -> None:
    (region,) = found_regions(compared((0.0, 3.0, 0.0)), RANKING, RegionNaming())
    assert (region.type, region.type_probability) == ("", None)


def test_the_naming_is_that_of_the_models_in_use() -> None:
    naming = RegionNaming.of(real_models(), real_fleet())
    assert (naming.codes == ()) == (real_models().defect is None)
