"""Windowed distances, tolerances and scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visiqc.vision.golden_map import MOST_CALM, calmed, nearest_distance, photo_score, tolerance, tolerated_map


def brute_force(query: np.ndarray, goldens: list[np.ndarray], window: int) -> np.ndarray:
    height, width, _ = query.shape
    found = np.empty((height, width))
    for y in range(height):
        for x in range(width):
            rows = range(max(0, y - window), min(height, y + window + 1))
            columns = range(max(0, x - window), min(width, x + window + 1))
            found[y, x] = min(
                np.linalg.norm(query[y, x].astype(float) - golden[r, c])
                for golden in goldens
                for r in rows
                for c in columns
            )
    return found


maps = st.tuples(st.integers(1, 6), st.integers(1, 7), st.integers(1, 5), st.integers(0, 10_000))


@given(maps, st.integers(0, 3), st.integers(1, 3))
@settings(max_examples=30)
def test_it_is_what_a_loop_over_all_places_finds(shape: tuple[int, int, int, int], window: int, count: int) -> None:
    *size, seed = shape
    rng = np.random.default_rng(seed)
    query, *goldens = (rng.normal(size=size).astype(np.float32) for _ in range(count + 1))
    found = nearest_distance(query, goldens, window=window)
    assert found.dtype == np.float32
    assert found == pytest.approx(brute_force(query, goldens, window), abs=2e-3)


def test_without_a_window_it_is_the_plain_distance() -> None:
    query, golden = np.random.default_rng(0).normal(size=(2, 9, 8, 5)).astype(np.float32)
    plain = np.linalg.norm(query - golden, axis=-1)
    assert nearest_distance(query, [golden], window=0) == pytest.approx(plain, abs=1e-3)


@given(st.integers(0, 100))
def test_identical_maps_are_at_zero_and_more_goldens_never_farther(seed: int) -> None:
    query, golden = np.random.default_rng(seed).normal(size=(2, 6, 6, 4)).astype(np.float32)
    assert nearest_distance(query, [golden, query]).max() < 2e-3
    assert (nearest_distance(query, [golden, golden[::-1]]) <= nearest_distance(query, [golden])).all()


def test_a_shift_within_the_window_costs_nothing() -> None:
    golden = np.random.default_rng(0).normal(size=(12, 12, 5)).astype(np.float32)
    moved = np.roll(golden, (2, -1), axis=(0, 1))
    assert nearest_distance(moved, [golden], window=2)[3:-3, 3:-3].max() < 2e-3
    assert nearest_distance(moved, [golden], window=1)[3:-3, 3:-3].min() > 0.1


def samples_of(seed: int, count: int, size: tuple[int, int] = (7, 9)) -> list[np.ndarray]:
    return list(np.random.default_rng(seed).exponential(size=(count, *size)).astype(np.float32))


@given(st.integers(0, 100), st.integers(1, 5), st.floats(0, 3))
def test_tolerance_is_positive_and_rises_with_every_sample(seed: int, count: int, more: float) -> None:
    samples, judged = samples_of(seed, count), np.ones((7, 9), bool)
    before = tolerance(samples, judged)
    samples[0] = samples[0] + np.float32(more) * (samples[0] > 1)
    assert before.min() > 0
    assert (tolerance(samples, judged) >= before - 1e-5).all()


def test_identical_goldens_still_tolerate_something() -> None:
    assert tolerance([np.zeros((5, 5), np.float32)] * 3, np.ones((5, 5), bool)).min() >= 1e-3


@pytest.mark.parametrize("size", [(1, 1), (1, 30), (2, 2)])
def test_maps_of_a_few_cells_and_nothing_judged_are_no_error(size: tuple[int, int]) -> None:
    samples, nothing = samples_of(0, 2, size), np.zeros(size, bool)
    allowed = tolerance(samples, nothing)
    assert np.isfinite(allowed).all()
    assert np.isnan(tolerated_map(samples[0], allowed, judged=nothing)).all()


def test_what_is_not_judged_is_nan_and_the_rest_is_in_tolerances() -> None:
    judged = np.zeros((9, 9), bool)
    judged[2:7, 2:7] = True
    scores = tolerated_map(np.full((9, 9), 3, np.float32), np.full((9, 9), 2, np.float32), judged=judged)
    assert np.array_equal(np.isfinite(scores), judged)
    assert scores[judged] == pytest.approx(1.5)
    assert scores.dtype == np.float32


def test_the_score_is_the_highest_judged_cell_and_zero_when_there_is_none() -> None:
    scores = np.full((4, 4), np.nan, np.float32)
    assert photo_score(scores) == 0
    scores[1, 2], scores[3, 3] = 0.5, 2.25
    assert photo_score(scores) == 2.25


@given(st.floats(0.05, 5), st.floats(0.05, 5))
def test_calming_never_lowers_a_score_nor_raises_it_beyond_its_limit(level: float, usual: float) -> None:
    scores = np.array([[level, level, 4 * level, np.nan]], np.float32)
    found = calmed(scores, usual)
    factor = found[0, 0] / scores[0, 0]
    assert factor + 1e-5 >= 1
    assert factor <= MOST_CALM + 1e-4
    assert found[0, 2] == pytest.approx(4 * found[0, 0], rel=1e-4)
    assert np.isnan(found[0, 3])


def test_nothing_is_calmed_without_a_usual_level_or_without_a_judged_cell() -> None:
    scores, empty = np.array([[1, np.nan]], np.float32), np.full((2, 2), np.nan, np.float32)
    assert calmed(scores, 0.0) is scores
    assert calmed(empty, 1.0) is empty
