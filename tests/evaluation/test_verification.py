"""Same item or not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visiqc.errors import InputError
from visiqc.evaluation.verification import Pairs, all_pairs, equal_error_rate, recall_at_1, tar_at_far

tenths = st.lists(st.integers(0, 10).map(lambda v: v / 10), min_size=1, max_size=30).map(np.array)
pair_sets = st.builds(Pairs, tenths, tenths)


def pairs(genuine: list[float], impostor: list[float]) -> Pairs:
    return Pairs(np.array(genuine), np.array(impostor))


def test_pairs_are_unordered_and_leave_the_diagonal_out() -> None:
    similarity = np.array([[1, 0.9, 0.1], [0.9, 1, 0.2], [0.1, 0.2, 1]])
    found = all_pairs(similarity, ["ring", "ring", "bead"])
    assert found.genuine.tolist() == [0.9]
    assert sorted(found.impostor.tolist()) == [0.1, 0.2]


def test_tar_at_far_is_the_one_computed_by_hand() -> None:
    some = pairs([0.9, 0.8, 0.5, 0.3], [0.7, 0.4, 0.2, 0.1])
    assert tar_at_far(some, 0.0) == (0.5, 0.0, 0.8)
    assert tar_at_far(some, 0.25) == (0.75, 0.25, 0.5)
    assert tar_at_far(some, 0.2499).tar == 0.5


def test_a_rate_too_few_impostors_can_show_accepts_none_of_them() -> None:
    assert tar_at_far(pairs([0.9, 0.6], [0.7] * 50), 0.01).far == 0.0


def test_a_rate_that_is_met_exactly_is_met() -> None:
    impostors = [float(n) for n in range(120)]
    assert tar_at_far(pairs([114.0, 112.5], impostors), 0.05) == (0.5, 0.05, 114.0)


def test_nothing_is_accepted_where_an_impostor_leads() -> None:
    assert tar_at_far(pairs([0.9], [0.9, 0.1]), 0.4) == (0.0, 0.0, np.inf)


@given(pair_sets, st.floats(0, 1))
def test_the_threshold_does_what_it_says(some: Pairs, far: float) -> None:
    found = tar_at_far(some, far)
    assert found.far == pytest.approx(np.mean(some.impostor >= found.threshold))
    assert found.tar == pytest.approx(np.mean(some.genuine >= found.threshold))
    assert found.far <= far + 1e-12


@pytest.mark.parametrize(
    ("genuine", "impostor", "rate"),
    [
        ([0.9, 0.8], [0.1, 0.2], 0.0),
        ([0.1, 0.2], [0.9, 0.8], 1.0),
        ([0.5], [0.5], 0.5),
        ([0.9, 0.4, 0.8, 0.7], [0.1, 0.5, 0.2, 0.3], 0.25),
    ],
)
def test_the_equal_error_rate_is_the_one_computed_by_hand(genuine, impostor, rate: float) -> None:
    assert equal_error_rate(pairs(genuine, impostor)) == pytest.approx(rate)


@given(pair_sets)
def test_the_equal_error_rate_lies_between_the_rates_around_it(some: Pairs) -> None:
    rate = equal_error_rate(some)
    errors = [(np.mean(some.impostor >= t), np.mean(some.genuine < t)) for t in [*np.linspace(0, 1, 11), 2.0]]
    assert 0 <= rate <= min(max(pair) for pair in errors) + 1e-12


@given(pair_sets)
def test_swapping_the_kinds_mirrors_the_equal_error_rate(some: Pairs) -> None:
    assert equal_error_rate(Pairs(-some.impostor, -some.genuine)) == pytest.approx(equal_error_rate(some))


def test_recall_asks_for_the_nearest_other_photo() -> None:
    similarity = [[1, 0.9, 0.1, 0.2], [0.3, 1, 0.8, 0.1], [0.1, 0.2, 1, 0.5], [0.9, 0.9, 0.9, 1]]
    assert recall_at_1(similarity, ["a", "a", "b", "b"]) == 0.5
    assert recall_at_1(similarity, ["a", "a", "b", "c"]) == 0.5  # b and c have no second photo


def test_a_tie_with_another_item_is_a_miss() -> None:
    assert recall_at_1([[1, 0.5, 0.5], [0.5, 1, 0.1], [0.5, 0.1, 1]], ["a", "a", "b"]) == 0.5


def test_empty_and_broken_cases_are_refused() -> None:
    with pytest.raises(InputError, match="0 genuine, 1 impostor"):
        tar_at_far(pairs([], [0.1]), 0.01)
    with pytest.raises(InputError, match="1 genuine, 0 impostor"):
        equal_error_rate(pairs([0.1], []))
    with pytest.raises(InputError, match="two photos"):
        recall_at_1(np.eye(2), ["a", "b"])
    with pytest.raises(InputError, match=r"\(2, 2\) for 3 labels"):
        all_pairs(np.eye(2), ["a", "b", "c"])
    with pytest.raises(InputError, match="symmetric"):
        all_pairs([[1, 0.2], [0.4, 1]], ["a", "a"])
    with pytest.raises(InputError, match="NaN"):
        recall_at_1([[1, np.nan], [0.4, 1]], ["a", "a"])
    with pytest.raises(InputError, match=r"\[0, 1\]"):
        tar_at_far(pairs([0.1], [0.2]), 1.5)
