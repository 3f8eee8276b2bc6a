"""The calibration's promises, by figures, by properties and by simulation."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import a_calibration
from visiqc.domain.calibration import (
    CONFIDENCE,
    STAGE_LEVELS,
    STAGE_SPECIMENS,
    Calibration,
    bounded_p_value,
    exceedances,
    rank_p_value,
    smallest_level,
    stage_of,
)
from visiqc.errors import InvalidRecord

STAGES = list(zip(STAGE_SPECIMENS, STAGE_LEVELS, strict=True))
RUNS = 2000
SLACK = 3 * (0.05 * 0.95 / RUNS) ** 0.5
"""Three standard errors of a 5 % share over RUNS simulated calibrations."""

finite = st.floats(min_value=-1e6, max_value=1e6)
ascending = st.lists(finite, min_size=1, max_size=60).map(lambda scores: tuple(sorted(scores)))


def calibration(scores: tuple[float, ...]) -> Calibration:
    return Calibration(
        id="c1",
        sku="R1",
        golden_version=1,
        scores=scores,
        photo_digests=("0" * 64,) * len(scores),
        made_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


@cache
def p_of(n: int, k: int) -> float:
    """The bounded p-value of a score that `k` of `n` specimens reach; scores enter through their ranks only."""
    return bounded_p_value(tuple(float(i) for i in range(n)), n - k - 0.5)


def flagged(scores: np.ndarray, candidate: float, alpha: float) -> bool:
    return p_of(len(scores), int(np.sum(scores >= candidate))) <= alpha


@pytest.mark.parametrize(("needed", "level"), STAGES)
def test_each_stage_supports_its_level_and_one_specimen_fewer_does_not(needed: int, level: float) -> None:
    assert smallest_level(needed) <= level < smallest_level(needed - 1)
    assert stage_of(needed) == stage_of(needed - 1) + 1


def test_without_specimens_nothing_is_bounded() -> None:
    assert smallest_level(0) == rank_p_value((), 3.0) == bounded_p_value((), 3.0) == 1.0


def test_a_score_above_all_specimens_reaches_exactly_the_smallest_level() -> None:
    for n in range(1, 1500):
        assert p_of(n, 0) == smallest_level(n) == pytest.approx(1 - 0.05 ** (1 / n), abs=1e-12)


@pytest.mark.parametrize(
    ("k", "n", "published"),
    [(0, 10, 0.2589), (1, 10, 0.3942), (5, 10, 0.7776), (2, 20, 0.2826), (10, 100, 0.1637), (9, 10, 0.9949)],
)
def test_the_bound_is_the_published_one_sided_clopper_pearson_limit(k: int, n: int, published: float) -> None:
    assert p_of(n, k) == pytest.approx(published, abs=5e-5)


@given(ascending, finite)
def test_the_bound_is_never_below_the_rank(scores: tuple[float, ...], score: float) -> None:
    assert 0 < rank_p_value(scores, score) <= 1
    assert 0 < bounded_p_value(scores, score) <= 1
    assert bounded_p_value(scores, score) >= rank_p_value(scores, score)


@given(ascending, finite, finite)
def test_a_higher_score_never_has_a_higher_p_value(scores: tuple[float, ...], a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert rank_p_value(scores, high) <= rank_p_value(scores, low)
    assert bounded_p_value(scores, high) <= bounded_p_value(scores, low)


@given(ascending, finite)
def test_ties_count_against_the_specimen(scores: tuple[float, ...], score: float) -> None:
    assert exceedances(scores, score) == sum(s >= score for s in scores)


@pytest.mark.parametrize(("n", "alpha"), STAGES)
def test_false_alarms_stay_under_the_level_in_95_of_100_calibrations(n: int, alpha: float) -> None:
    rng = np.random.default_rng(n)
    broken = 0
    for scores in np.sort(rng.random((RUNS, n)), axis=1):
        # Uniform scores: what is flagged lies above some specimen (or all), so 1 - that score is the rate.
        reached = [scores[-1 - k] for k in range(n) if p_of(n, k) <= alpha]
        broken += (1 - reached[-1]) > alpha
    assert broken / RUNS <= 1 - CONFIDENCE + SLACK


@pytest.mark.parametrize(("n", "alpha"), STAGES)
@pytest.mark.parametrize("shares", [(0.5, 0.4, 0.06, 0.03, 0.01), (0.85, 0.12, 0.03), (0.989, 0.011), (1.0,)])
def test_heavily_tied_scores_do_not_break_the_bound(n: int, alpha: float, shares: tuple[float, ...]) -> None:
    rng = np.random.default_rng(n)
    values = np.arange(len(shares))
    broken = 0
    for scores in rng.choice(values, size=(RUNS, n), p=shares):
        rate = sum(share for value, share in zip(values, shares, strict=True) if flagged(scores, value, alpha))
        broken += rate > alpha
    assert broken / RUNS <= 1 - CONFIDENCE + SLACK


@pytest.mark.parametrize("tied", [False, True])
def test_the_rank_p_value_of_a_good_piece_is_super_uniform(tied: bool) -> None:
    rng = np.random.default_rng(3)
    draws = rng.integers(0, 4, (RUNS, 40)) if tied else rng.random((RUNS, 40))
    p_values = np.array([rank_p_value(tuple(sorted(row[1:].tolist())), float(row[0])) for row in draws])
    for alpha in (0.025, 0.05, 0.1, 0.25, 0.5):
        assert np.mean(p_values <= alpha) <= alpha + 3 * (alpha * (1 - alpha) / RUNS) ** 0.5


def test_calibration_scores_must_ascend() -> None:
    assert calibration((1.0, 1.0, 2.0)).scores == (1.0, 1.0, 2.0)
    with pytest.raises(InvalidRecord, match="ascending"):
        calibration((2.0, 1.0))


def test_nan_is_neither_calibrated_with_nor_ranked() -> None:
    with pytest.raises(InvalidRecord, match="NaN"):
        calibration((1.0, float("nan")))
    with pytest.raises(InvalidRecord, match="NaN"):
        bounded_p_value((1.0, 2.0), float("nan"))
    with pytest.raises(InvalidRecord, match="NaN"):
        rank_p_value((1.0, 2.0), float("nan"))


@pytest.mark.parametrize("specimens", [(("a",), ("b",), ("c",), ("d",)), (("a",), ())])
def test_specimens_without_a_score_or_a_photo_are_refused(specimens: tuple[tuple[str, ...], ...]) -> None:
    with pytest.raises(InvalidRecord, match="a score and at least one photo each"):
        a_calibration(specimens=specimens)
    assert a_calibration(specimens=(("a", "b"),)).specimens == (("a", "b"),)
