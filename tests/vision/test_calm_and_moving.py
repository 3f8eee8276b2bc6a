"""Calm photos are held to a tighter scale; parts that move are looked for elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visiqc.vision import golden_map

RNG = np.random.default_rng(7)
ALL = np.ones((12, 10), bool)


def unit_map() -> np.ndarray:
    vectors = RNG.normal(size=(12, 10, 8)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=2, keepdims=True)


def test_a_photo_twice_as_calm_as_usual_counts_double() -> None:
    scores = np.full((6, 6), 0.2, np.float32)
    assert np.allclose(golden_map.calmed(scores, usual=0.4), 0.4)


def test_a_photo_more_disturbed_than_usual_is_not_excused() -> None:
    scores = np.full((6, 6), 0.9, np.float32)
    assert np.array_equal(golden_map.calmed(scores, usual=0.4), scores)


def test_calm_is_bounded_where_only_camera_noise_is_left() -> None:
    scores = np.full((6, 6), 1e-4, np.float32)
    assert golden_map.calmed(scores, usual=0.4).max() == pytest.approx(golden_map.MOST_CALM * 1e-4)


@given(st.floats(0.05, 3.0), st.floats(0.05, 3.0))
def test_a_defect_never_scores_less_for_being_worse(usual: float, level: float) -> None:
    scores = np.full((6, 6), level, np.float32)
    mild, bad = scores.copy(), scores.copy()
    mild[0, 0], bad[0, 0] = level + 0.5, level + 1.0
    assert golden_map.calmed(bad, usual).max() > golden_map.calmed(mild, usual).max()


def test_not_judged_stays_not_judged_and_an_empty_map_stays_as_it_is() -> None:
    scores = np.full((4, 4), np.nan, np.float32)
    assert np.isnan(golden_map.calmed(scores, usual=0.4)).all()


def test_distance_elsewhere_is_the_nearest_of_all_cells() -> None:
    query, golden = unit_map(), unit_map()
    cells = golden_map.worst_cells(RNG.random((12, 10)).astype(np.float32), ALL, 30)
    found = golden_map.elsewhere_distance(query, [golden], ALL, cells)
    brute = np.linalg.norm(query[cells][:, None] - golden.reshape(1, -1, 8), axis=2).min(axis=1)
    assert np.allclose(found, brute, atol=1e-3)


def test_a_part_that_moved_is_forgiven_and_a_new_one_is_not() -> None:
    golden = np.zeros((12, 10, 8), np.float32)
    golden[..., 0] = 1.0
    golden[2, 2] = np.eye(8, dtype=np.float32)[1]  # the hook
    moved, new = golden.copy(), golden.copy()
    moved[2, 2], moved[9, 7] = golden[0, 0], golden[2, 2]
    new[9, 7] = np.eye(8, dtype=np.float32)[5]
    allowed = np.ones((12, 10), np.float32)
    for query, at_least, at_most in ((moved, 0.0, 1e-3), (new, 1.4, 1.42)):
        distance = golden_map.nearest_distance(query, [golden])
        assert at_least <= golden_map.forgiven(distance, query, [golden], allowed, ALL)[9, 7] <= at_most


def test_forgiving_never_raises_a_distance() -> None:
    query, golden = unit_map(), unit_map()
    distance = golden_map.nearest_distance(query, [golden])
    assert (golden_map.forgiven(distance, query, [golden], np.ones_like(distance), ALL) <= distance + 1e-6).all()
