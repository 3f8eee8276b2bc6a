"""Figures with intervals over designs."""

from __future__ import annotations

import numpy as np
import pytest

from visiqc.errors import InputError
from visiqc.evaluation.clustered import (
    alarm_threshold,
    auroc_estimate,
    cluster_weights,
    exceeds,
    interval_of,
    share_estimate,
    weighted_auroc,
    weighted_share,
)
from visiqc.evaluation.image_metrics import auroc

SCORES, LABELS = [0.1, 0.4, 0.35, 0.8, 0.4], [False, False, True, True, True]


def test_a_row_of_ones_gives_the_plain_auroc_and_ties_count_half() -> None:
    assert weighted_auroc(SCORES, LABELS, np.ones((1, 5)))[0] == pytest.approx(auroc(SCORES, LABELS))
    assert weighted_auroc([1.0, 1.0], [False, True], np.ones((1, 2)))[0] == 0.5


def test_a_photo_drawn_twice_counts_as_two() -> None:
    weights = np.array([[1.0, 2.0, 0.0, 1.0, 3.0]])
    repeated = [0.1, 0.4, 0.4, 0.8, 0.4, 0.4, 0.4]
    labels = [False, False, False, True, True, True, True]
    assert weighted_auroc(SCORES, LABELS, weights)[0] == pytest.approx(auroc(repeated, labels))


def test_what_ranks_above_all_may_be_infinite() -> None:
    assert weighted_auroc([np.inf, 0.0, np.inf], [False, False, True], np.ones((1, 3)))[0] == 0.75


def test_a_draw_without_one_of_the_kinds_has_no_figure() -> None:
    assert np.isnan(weighted_auroc(SCORES, LABELS, np.array([[1.0, 1.0, 0.0, 0.0, 0.0]]))[0])
    assert np.isnan(weighted_share([True], np.array([[0.0]]))[0])
    assert np.isnan(alarm_threshold([], np.ones((1, 0)), 0.05)[0])


def test_whole_designs_are_drawn_and_the_first_row_is_the_figure_itself() -> None:
    weights = cluster_weights(["a", "a", "b", "c"], draws=100)
    assert weights.shape == (101, 4)
    assert (weights[0] == 1).all()
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, [0, 2, 3]].sum(axis=1) == 3).all()


def test_the_order_of_the_photos_changes_no_draw() -> None:
    first, second = (cluster_weights(names, draws=100) for names in (["a", "b", "c"], ["c", "a", "b"]))
    assert (first == second[:, [1, 2, 0]]).all()


def test_at_most_the_share_asked_for_is_flagged_and_one_more_would_be_too_many() -> None:
    good = np.arange(40.0)
    (threshold,) = alarm_threshold(good, np.ones((1, 40)), 0.05)
    assert threshold == 37.0
    assert exceeds(good, np.array([threshold])).sum() == 2


def test_equal_scores_of_good_photos_are_flagged_together_or_not_at_all() -> None:
    thresholds = alarm_threshold([5.0, 5.0, 5.0, 1.0], np.ones((1, 4)), 0.5)
    assert thresholds[0] == 5.0
    assert not exceeds([5.0], thresholds).any()


def test_designs_that_stand_together_make_the_interval_wider() -> None:
    flagged = [True] * 20 + [False] * 20
    alone = interval_of(weighted_share(flagged, cluster_weights([str(n) for n in range(40)])))
    together = interval_of(weighted_share(flagged, cluster_weights([str(n // 10) for n in range(40)])))
    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_an_interval_never_collapses_where_nothing_can_vary_it() -> None:
    names = ["a", "b", "c"]
    weights = cluster_weights(names, draws=100)
    share = share_estimate(weighted_share([True, True, True], weights), names)
    assert (share.value, share.interval.high) == (1.0, 1.0)
    assert share.interval.low < 0.6
    six = [*names, *names]
    labels = [False] * 3 + [True] * 3
    perfect = auroc_estimate(weighted_auroc([0, 0, 0, 1, 1, 1], labels, cluster_weights(six, draws=100)), labels, six)
    assert perfect.value == 1.0
    assert perfect.interval.low < 0.9
    assert (perfect.n, perfect.designs) == (3, 3)


@pytest.mark.parametrize(("names", "draws"), [([], 200), (["a"], 99)])
def test_no_photo_or_too_few_draws_are_refused(names: list[str], draws: int) -> None:
    with pytest.raises(InputError, match="at least 100 draws"):
        cluster_weights(names, draws=draws)
