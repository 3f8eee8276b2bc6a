"""Where a region lies, and which maps a comparison made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from visiqc.domain.verdict import IDENTITY_WARP, UNKNOWN, Region, Warp
from visiqc.evaluation.rendered_rows import CHANGE_MAP, FUSED, GOLDEN_MAP
from visiqc.evaluation.rendered_scoring import found_region, maps_of, on_defect
from visiqc.inspection.compare import Comparison

TWICE: Warp = (0.5, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 1.0)
"""From an upload of twice the frame's size."""


def region(*box: int) -> Region:
    return Region(box=(box[0], box[1], box[2], box[3]), area_px=1, peak=1.0, p_value=0.1)


@pytest.mark.parametrize(
    ("box", "warp", "touches"),
    [
        ((10, 10, 20, 20), IDENTITY_WARP, True),
        ((0, 0, 12, 12), IDENTITY_WARP, True),
        ((0, 0, 8, 8), IDENTITY_WARP, False),
        ((0, 0, 8, 8), TWICE, True),
        ((20, 10, 30, 20), IDENTITY_WARP, False),
    ],
)
def test_a_region_is_on_the_defect_where_the_boxes_touch_on_the_upload(
    box: tuple[int, ...], warp: Warp, touches: bool
) -> None:
    assert on_defect(region(*box), warp, (10, 10, 20, 20)) is touches


def test_no_region_is_on_a_defect_that_is_not_there() -> None:
    assert not on_defect(region(0, 0, 99, 99), IDENTITY_WARP, None)


def test_a_row_keeps_the_likeliest_code_of_a_region_beside_its_shown_type() -> None:
    withheld = replace(region(0, 0, 8, 8), type=UNKNOWN, likeliest_type="ME-SCR", likeliest_probability=0.4)
    kept = found_region(withheld, IDENTITY_WARP, (0, 0, 9, 9))
    assert (kept.type, kept.probability, kept.on_defect) == (UNKNOWN, None, True)
    assert (kept.likeliest, kept.likeliest_probability) == ("ME-SCR", 0.4)
    assert found_region(region(0, 0, 8, 8), None, None).likeliest is None


def test_only_maps_that_were_made_are_kept() -> None:
    scores = np.ones((2, 2), np.float32)
    assert maps_of(Comparison()) == {}
    assert list(maps_of(Comparison(scores=scores, golden_map=scores))) == [FUSED, GOLDEN_MAP]
    whole = maps_of(Comparison(scores=scores, golden_map=scores, change_map=scores - 3))
    assert list(whole) == [FUSED, GOLDEN_MAP, CHANGE_MAP]
