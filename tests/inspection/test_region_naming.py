"""Regions and the kind of defect they look like."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from bench import real_fleet, real_models
from visiqc.domain.golden import ScoringPolicy
from visiqc.domain.ranking import Ranking
from visiqc.domain.verdict import UNKNOWN
from visiqc.inspection.compare import Comparison
from visiqc.inspection.region_naming import RegionNaming, found_regions

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


def test_a_type_too_unlikely_to_be_named_is_kept_beside_unknown_with_its_own_probability() -> None:
    (region,) = found_regions(compared((0.1, 0.0, 0.0)), RANKING, NAMING)
    assert (region.type, region.type_probability) == (UNKNOWN, None)
    assert region.likeliest_type == "ME-SCR"
    assert region.likeliest_probability == pytest.approx(math.exp(0.1) / (math.exp(0.1) + 2))


def test_a_named_type_is_the_likeliest_too() -> None:
    (region,) = found_regions(compared((0.0, 3.0, 0.0)), RANKING, NAMING)
    assert (region.likeliest_type, region.likeliest_probability) == (region.type, region.type_probability)


def test_unknown_in_its_own_right_has_its_probability_and_is_never_the_likeliest_code() -> None:
    (region,) = found_regions(compared((0.0, 1.0, 4.0)), RANKING, NAMING)
    whole = 1 + math.exp(1) + math.exp(4)
    assert (region.type, region.likeliest_type) == (UNKNOWN, "ST-MIS")
    assert region.type_probability == pytest.approx(math.exp(4) / whole)
    assert region.likeliest_probability == pytest.approx(math.exp(1) / whole)


def test_a_model_that_knows_no_code_has_no_likeliest_one() -> None:
    found = compared((0.0, 3.0, 0.0))
    (region,) = found_regions(replace(found, types=found.types[:1]), RANKING, RegionNaming(codes=(UNKNOWN,)))
    assert (region.type, region.type_probability) == (UNKNOWN, 1.0)
    assert (region.likeliest_type, region.likeliest_probability) == ("", None)


def test_without_a_defect_model_a_region_has_no_type() -> None:
    (region,) = found_regions(compared((0.0, 3.0, 0.0)), RANKING, RegionNaming())
    assert (region.type, region.type_probability) == ("", None)
    assert (region.likeliest_type, region.likeliest_probability) == ("", None)


def test_the_naming_is_that_of_the_models_in_use() -> None:
    naming = RegionNaming.of(real_models(), real_fleet())
    assert (naming.codes == ()) == (real_models().defect is None)
