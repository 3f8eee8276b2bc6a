"""Regions of a map, and maps as colours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visiqc.vision.regions import Spot, find_spots, heat_colours, overlay

ANY = np.ones((1, 1), bool)
FRAME = (160, 200)


def quiet(height: int = 20, width: int = 25) -> np.ndarray:
    return np.full((height, width), 0.2, np.float32)


def test_planted_blobs_are_found_with_box_area_and_peak_the_worst_first() -> None:
    scores = quiet()
    scores[2:5, 3:7] = 1.5
    scores[10:12, 15] = 3.0
    scores[11, 15] = 4.0
    assert find_spots(scores, 1.0, FRAME) == [
        Spot(box=(120, 80, 128, 96), area_px=128, peak=4.0, cells=ANY),
        Spot(box=(24, 16, 56, 40), area_px=12 * 64, peak=1.5, cells=ANY),
    ]


def test_cells_that_touch_at_a_corner_are_one_region() -> None:
    scores = quiet()
    scores[4, 4] = scores[5, 5] = 2
    (spot,) = find_spots(scores, 1.0, FRAME)
    assert (spot.box, spot.area_px) == ((32, 32, 48, 48), 128)


def test_boxes_and_areas_end_at_the_frame() -> None:
    scores = quiet()
    scores[-1, -1] = 2
    assert find_spots(scores, 1.0, (155, 193)) == [Spot(box=(192, 152, 193, 155), area_px=3, peak=2.0, cells=ANY)]


def test_the_threshold_itself_counts_and_what_is_not_judged_does_not() -> None:
    scores = np.full((3, 3), np.nan, np.float32)
    assert find_spots(scores, -5.0, (24, 24)) == []
    scores[1, 1] = 1.25
    assert [spot.peak for spot in find_spots(scores, 1.25, (24, 24))] == [1.25]
    assert find_spots(scores, 1.26, (24, 24)) == []


def test_an_infinite_score_is_a_region() -> None:
    scores = quiet()
    scores[3, 3] = np.inf
    assert find_spots(scores, 1.0, FRAME)[0].peak == np.inf


def test_at_most_twenty_are_named_and_they_are_the_worst() -> None:
    scores = quiet(41, 41)
    scores[::4, ::4] = np.arange(121, dtype=np.float32).reshape(11, 11) + 2
    peaks = [spot.peak for spot in find_spots(scores, 1.0, (328, 328))]
    assert peaks == sorted(range(103, 123), reverse=True)


@given(st.integers(0, 2**16), st.integers(1, 90), st.integers(1, 120))
def test_areas_add_up_to_the_pixels_over_the_threshold(seed: int, height: int, width: int) -> None:
    cells = (-(-height // 8), -(-width // 8))
    scores = np.random.default_rng(seed).choice([0, 2], size=cells, p=[0.9, 0.1]).astype(np.float32)
    spots = find_spots(scores, 1.0, (height, width))
    over = np.kron(scores >= 1, np.ones((8, 8), bool))[:height, :width]
    assert len(spots) == 20 or sum(spot.area_px for spot in spots) == over.sum()
    for spot in spots:
        x0, y0, x1, y1 = spot.box
        assert 0 <= x0 < x1 <= width
        assert 0 <= y0 < y1 <= height
        assert 0 < spot.area_px <= (x1 - x0) * (y1 - y0)


@given(st.floats(0, 5, width=32), st.lists(st.floats(0, 100, width=32), min_size=1, max_size=8))
def test_a_score_has_one_colour_whatever_else_is_in_the_picture(score: float, others: list[float]) -> None:
    alone = heat_colours(np.array([[score]], np.float32), low=0.5, high=2)
    among = heat_colours(np.array([[score, *others, np.nan]], np.float32), low=0.5, high=2)
    assert np.array_equal(alone[0, 0], among[0, 0])


def test_low_and_unjudged_are_transparent_and_high_is_red() -> None:
    low, unjudged, high, beyond = heat_colours(np.array([[0.5, np.nan, 2, 90]], "f4"), low=0.5, high=2)[0]
    assert low[3] == unjudged[3] == 0
    assert np.array_equal(high, beyond)
    assert high[0] > 100 > high[1]
    assert high[3] == 200


def test_alpha_rises_with_the_score() -> None:
    ramp = heat_colours(np.linspace(0, 3, 50, dtype=np.float32)[None], low=0.5, high=2)
    assert (np.diff(ramp[0, :, 3].astype(int)) >= 0).all()


def test_equal_limits_are_no_division_by_zero() -> None:
    found = heat_colours(np.array([[0, 1, 2, np.nan]], np.float32), low=1, high=1)
    assert found[0, :, 3].tolist() == [0, 0, 200, 0]


@pytest.mark.parametrize("size", [(160, 200), (155, 193), (153, 194)])
def test_an_overlay_leaves_a_good_piece_as_it_is_and_marks_a_bad_place(size: tuple[int, int]) -> None:
    frame = np.random.default_rng(0).integers(0, 256, (*size, 3)).astype(np.uint8)
    scores = quiet()
    assert np.array_equal(overlay(frame, scores, low=0.5, high=2), frame)
    scores[10:14, 10:14], scores[0, 0] = 5, np.nan
    marked = overlay(frame, scores, low=0.5, high=2)
    assert (marked.shape, marked.dtype) == (frame.shape, np.dtype(np.uint8))
    assert marked[90:100, 90:100, 0].mean() > marked[90:100, 90:100, 2].mean() + 40
    assert np.array_equal(marked[:60], frame[:60])


def test_a_spot_names_the_cells_it_is_made_of() -> None:
    scores = quiet()
    scores[2:5, 3:7] = 1.5
    (spot,) = find_spots(scores, 1.0, FRAME)
    assert np.array_equal(spot.cells, scores == 1.5)
