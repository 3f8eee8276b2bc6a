"""Maps, masks and boxes find their way back to upload pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visiqc.domain.verdict import IDENTITY_WARP, Warp
from visiqc.errors import InputError
from visiqc.evaluation.frames import bounded_size, box_in_upload, map_in_upload, mask_at

SHIFT: Warp = (1, 0, -5, 0, 1, -3, 0, 0, 1)
"""The upload shows the golden frame 5 px to the right and 3 px down."""


def spotted(size: tuple[int, int], rows: slice, columns: slice) -> np.ndarray:
    score_map = np.zeros(size, np.float32)
    score_map[rows, columns] = 1
    return score_map


def laid(score_map: np.ndarray, warp: Warp = IDENTITY_WARP, **sizes) -> np.ndarray:
    size = score_map.shape
    return map_in_upload(
        score_map,
        warp,
        golden_size=sizes.get("golden", size),
        upload_size=sizes.get("upload", size),
        target=sizes.get("target", size),
    )


def test_without_a_warp_the_map_stays_as_it_is() -> None:
    score_map = np.random.default_rng(0).random((20, 30)).astype("f4")
    assert laid(score_map) == pytest.approx(score_map, abs=1e-6)


def test_a_shifted_upload_shows_the_defect_where_it_is_on_the_upload() -> None:
    score_map = spotted((40, 40), slice(10, 20), slice(10, 20))
    assert laid(score_map, SHIFT) == pytest.approx(spotted((40, 40), slice(13, 23), slice(15, 25)))


def test_what_nobody_judged_scores_zero() -> None:
    score_map = np.ones((40, 40), np.float32)
    score_map[:, 20:] = np.nan
    on_upload = laid(score_map, SHIFT)
    assert not np.isnan(on_upload).any()
    assert on_upload[:3].max() == on_upload[:, :5].max() == on_upload[:, 25:].max() == 0
    assert on_upload[4:, 6:24].min() == 1


def test_frames_of_other_sizes_meet_at_the_target() -> None:
    quarter = (0.25, 0, -0.375, 0, 0.25, -0.375, 0, 0, 1)  # a 160 px upload on a 40 px golden frame
    coarse = spotted((20, 20), slice(5, 10), slice(5, 10))
    on_upload = laid(coarse, quarter, golden=(40, 40), upload=(160, 160), target=(80, 80))
    assert on_upload.sum() == pytest.approx(20 * 20, rel=0.02)
    assert on_upload[22:38, 22:38].min() == pytest.approx(1)


def test_a_narrow_peak_is_averaged_not_missed_when_the_map_is_reduced() -> None:
    score_map = spotted((640, 640), slice(None), slice(301, 302))
    on_upload = laid(score_map, target=(80, 80))
    assert on_upload.sum(axis=1) == pytest.approx(np.full(80, 1 / 8), rel=0.01)


def test_a_turned_upload_is_turned_back() -> None:
    turned: Warp = (0, 1, 0, -1, 0, 39, 0, 0, 1)  # upload (x, y) to golden (y, 39 - x)
    score_map = spotted((40, 40), slice(0, 10), slice(20, 30))
    expected = np.zeros((40, 40), np.float32)
    ys, xs = np.nonzero(score_map)
    expected[xs, 39 - ys] = 1
    assert laid(score_map, turned) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("warp", [(0.0,) * 9, (np.nan, *IDENTITY_WARP[1:])])
def test_a_warp_that_cannot_be_undone_is_refused(warp: Warp) -> None:
    with pytest.raises(InputError, match="invertible"):
        laid(np.zeros((4, 4), np.float32), warp)


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(16, 1024))
def test_a_bounded_size_fits_and_is_never_larger(height: int, width: int, long_side: int) -> None:
    bounded = bounded_size((height, width), long_side)
    assert max(bounded) <= long_side
    assert 1 <= bounded[0] <= height
    assert 1 <= bounded[1] <= width


def test_a_photo_within_the_bound_is_not_resized() -> None:
    assert bounded_size((300, 512), 512) == (300, 512)
    assert bounded_size((1200, 1600), 512) == (384, 512)


def test_a_reduced_mask_keeps_large_regions_half_by_half_and_small_ones_at_all() -> None:
    mask = np.zeros((400, 400), bool)
    mask[100:200, 100:200] = True
    mask[301, 301] = True
    small = mask_at(mask, (100, 100))
    assert small.sum() == 25 * 25 + 1
    assert small[25:50, 25:50].all()
    assert small[75, 75]


def test_a_mask_of_the_right_size_is_left_alone() -> None:
    mask = np.eye(6, dtype=bool)
    assert mask_at(mask, (6, 6)) is mask


@given(st.integers(0, 10_000))
def test_no_defect_vanishes_from_a_reduced_mask(seed: int) -> None:
    mask = np.random.default_rng(seed).random((60, 90)) > 0.997
    assert mask_at(mask, (20, 30)).any() == mask.any()


def test_a_box_comes_back_to_the_upload() -> None:
    assert box_in_upload((10, 10, 20, 20), IDENTITY_WARP) == pytest.approx((10, 10, 20, 20))
    assert box_in_upload((10, 10, 20, 20), SHIFT) == pytest.approx((15, 13, 25, 23))
    half: Warp = (0.5, 0, -0.25, 0, 0.5, -0.25, 0, 0, 1)
    assert box_in_upload((10, 10, 20, 20), half) == pytest.approx((20, 20, 40, 40))
