"""Image-level metrics: hand-computed values, symmetries, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visiqc.errors import InputError
from visiqc.evaluation.image_metrics import (
    auroc,
    average_precision,
    bootstrap_auroc,
    decision_rates,
    f1_max,
    ks_uniform,
    newcombe_auroc,
)

GOOD, BAD = False, True
SCORES = [0.1, 0.4, 0.35, 0.8]
LABELS = [GOOD, GOOD, BAD, BAD]


@st.composite
def scored(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Few distinct scores, so that ties are common."""
    size = draw(st.integers(2, 40))
    scores = draw(st.lists(st.integers(-4, 4), min_size=size, max_size=size))
    defects = draw(st.integers(1, size - 1))
    order = draw(st.permutations(range(size)))
    return np.array(scores, float), np.array(order) < defects


def test_the_values_are_those_computed_by_hand() -> None:
    assert auroc(SCORES, LABELS) == 0.75
    assert average_precision(SCORES, LABELS) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert f1_max(SCORES, LABELS) == pytest.approx((0.8, 0.35, 2 / 3, 1.0))


def test_ties_count_half() -> None:
    assert auroc([1, 1, 1, 2], [GOOD, BAD, GOOD, BAD]) == pytest.approx((0.5 + 0.5 + 1 + 1) / 4)
    assert auroc([3, 3, 3], [GOOD, BAD, BAD]) == 0.5


@given(scored())
def test_auroc_is_the_share_of_pairs_in_order(case: tuple[np.ndarray, np.ndarray]) -> None:
    scores, labels = case
    gaps = scores[labels][:, None] - scores[~labels][None, :]
    assert auroc(scores, labels) == pytest.approx(np.mean((gaps > 0) + 0.5 * (gaps == 0)))


@given(scored())
def test_turning_the_scores_round_turns_auroc_round(case: tuple[np.ndarray, np.ndarray]) -> None:
    scores, labels = case
    assert auroc(-scores, labels) == pytest.approx(1 - auroc(scores, labels))


@given(scored())
def test_only_the_order_of_the_scores_matters(case: tuple[np.ndarray, np.ndarray]) -> None:
    scores, labels = case
    assert auroc(np.exp(scores), labels) == auroc(scores, labels)
    assert average_precision(np.exp(scores), labels) == average_precision(scores, labels)


@given(scored())
def test_no_threshold_beats_f1_max(case: tuple[np.ndarray, np.ndarray]) -> None:
    scores, labels = case
    best = f1_max(scores, labels)
    tried = [
        2 * np.sum(labels & (scores >= t)) / (np.sum(labels) + np.sum(scores >= t)) for t in np.unique(scores).tolist()
    ]
    assert best.f1 == pytest.approx(max(tried))
    assert best.recall == pytest.approx(np.mean(scores[labels] >= best.threshold))


def test_an_infinite_score_ranks_above_all_others() -> None:
    assert auroc([0.2, 5.0, np.inf], [GOOD, GOOD, BAD]) == 1.0
    assert bootstrap_auroc([0.2, np.inf, np.inf, 1.0], [GOOD, GOOD, BAD, BAD], resamples=100).high <= 1


@pytest.mark.parametrize("metric", [auroc, average_precision, f1_max, decision_rates])
@pytest.mark.parametrize(
    ("scores", "labels", "said"),
    [
        ([], [], "0 good, 0 defective"),
        ([1.0], [BAD], "0 good, 1 defective"),
        ([1.0, 2.0], [GOOD], r"\(2,\) and \(1,\)"),
    ],
)
def test_missing_classes_and_lengths_that_differ_are_refused(metric, scores, labels, said) -> None:
    with pytest.raises(InputError, match=said):
        metric(scores, labels)


def test_a_photo_without_a_score_is_not_dropped_in_silence() -> None:
    with pytest.raises(InputError, match="1 of 2 scores are NaN"):
        auroc([np.nan, 1.0], [GOOD, BAD])


def test_rates_count_what_was_decided() -> None:
    rates = decision_rates([True, True, False, True], [BAD, BAD, GOOD, GOOD])
    assert (rates.tpr.value, rates.fpr.value) == (1.0, 0.5)
    assert (rates.tpr.total, rates.fpr.hits) == (2, 1)


def delong_error(scores: np.ndarray, labels: np.ndarray) -> float:
    """Standard error by DeLong, DeLong and Clarke-Pearson (1988), from the placement values."""
    gaps = scores[labels][:, None] - scores[~labels][None, :]
    wins = (gaps > 0) + 0.5 * (gaps == 0)
    return float(np.sqrt(wins.mean(1).var(ddof=1) / wins.shape[0] + wins.mean(0).var(ddof=1) / wins.shape[1]))


def test_the_bootstrap_agrees_with_delong_on_independent_photos() -> None:
    rng = np.random.default_rng(1)
    labels = np.arange(120) < 60
    scores = rng.normal(size=120) + labels
    low, high = bootstrap_auroc(scores, labels)
    assert low < auroc(scores, labels) < high
    assert high - low == pytest.approx(2 * 1.96 * delong_error(scores, labels), rel=0.1)


def test_copies_of_a_piece_do_not_narrow_the_interval() -> None:
    rng = np.random.default_rng(2)
    labels = np.arange(30) < 15
    scores = rng.normal(size=30) + labels
    pieces = [str(i) for i in range(30)] * 4
    alone = bootstrap_auroc(scores, labels)
    copied = bootstrap_auroc(np.tile(scores, 4), np.tile(labels, 4), specimens=pieces)
    assert copied == pytest.approx(alone, abs=0.02)


def test_the_interval_repeats_with_its_seed() -> None:
    runs = np.random.default_rng(3).normal(size=(3, 40)) + np.linspace(0, 1, 40)
    labels = np.arange(40) >= 20
    assert bootstrap_auroc(runs, labels, seed=5) == bootstrap_auroc(runs, labels, seed=5)
    assert bootstrap_auroc(runs, labels, seed=5) != bootstrap_auroc(runs, labels, seed=6)


def test_a_piece_with_good_and_defective_photos_is_drawn_whole() -> None:
    low, high = bootstrap_auroc(
        [1.0, 2.0, 3.0, 2.5], [GOOD, BAD, BAD, GOOD], specimens=["a", "a", "b", "c"], resamples=200
    )
    assert 0 <= low <= high <= 1


def test_a_perfect_ranking_of_few_pieces_is_not_called_certain() -> None:
    low, high = bootstrap_auroc([0.0, 0.1, 0.2, 1.0, 1.1, 1.2], [GOOD] * 3 + [BAD] * 3)
    assert high == 1.0
    assert low < 0.8
    assert bootstrap_auroc([0.0] * 50 + [1.0] * 50, [GOOD] * 50 + [BAD] * 50).low > low


@pytest.mark.parametrize("value", [0.0, 0.3, 0.5, 0.93, 1.0])
def test_newcombes_interval_solves_its_equation_and_mirrors(value: float) -> None:
    low, high = newcombe_auroc(value, 12, 20)
    assert newcombe_auroc(1 - value, 12, 20) == pytest.approx((1 - high, 1 - low))
    for end in {low, high} - {0.0, 1.0}:
        spread = 1 + 15 * (1 - end) / (2 - end) + 15 * end / (1 + end)
        assert abs(end - value) == pytest.approx(1.959964 * np.sqrt(end * (1 - end) * spread / 240), rel=1e-4)


def test_impossible_intervals_are_refused() -> None:
    with pytest.raises(InputError):
        newcombe_auroc(0.5, 0, 3)
    with pytest.raises(InputError, match="100 resamples"):
        bootstrap_auroc(SCORES, LABELS, resamples=10)
    with pytest.raises(InputError, match="2 names for 4 photos"):
        bootstrap_auroc(SCORES, LABELS, specimens=["a", "b"])


def test_the_distance_from_uniform_is_the_one_computed_by_hand() -> None:
    found = ks_uniform([0.1, 0.5, 0.6])
    assert found.distance == pytest.approx(0.4)  # at 0.6 all three have come
    assert found.excess == pytest.approx(0.4)
    assert ks_uniform([0.9, 1.0]).excess == pytest.approx(0.0)
    assert ks_uniform([0.9, 1.0]).distance == pytest.approx(0.9)


def test_uniform_p_values_stay_under_the_limit_95_times_in_100() -> None:
    rng = np.random.default_rng(4)
    found = [ks_uniform(row) for row in rng.random((1000, 40))]
    assert 0.02 < np.mean([one.excess > one.limit for one in found]) < 0.05 + 0.02


@pytest.mark.parametrize("wrong", [[], [0.2, 1.2], [-0.1], [np.nan, 0.5]])
def test_what_is_no_p_value_is_refused(wrong: list[float]) -> None:
    with pytest.raises(InputError):
        ks_uniform(wrong)
