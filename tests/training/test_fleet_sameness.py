from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench import photo_of, real_models, sent
from pictures import board
from visiqc.domain.verdict import IdentityReport
from visiqc.errors import InputError
from visiqc.inspection.compare import Comparison
from visiqc.inspection.enrol import build_bank
from visiqc.inspection.fleet import closeness, sameness
from visiqc.training.fleet_sameness import (
    Banks,
    cohort_of,
    own_by_name,
    own_by_vector,
    sameness_limits,
    sameness_scores,
)
from visiqc.vision.photo import DecodeLimits


@pytest.fixture(scope="module")
def banks() -> Banks:
    """Three products, of which the first two photograph one design under other names."""
    rng = np.random.default_rng(0)
    bank, _ = build_bank([sent("a.jpg", photo_of(board(seed=1)))], real_models(), DecodeLimits(), long_side=256)
    view = bank.views[0]

    def looking(*shape: int) -> np.ndarray:
        rows = rng.normal(size=shape).astype(np.float32)
        return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True), np.float32)

    return {name: replace(bank, views=(replace(view, turned=looking(2, 12, 64)),)) for name in ("a", "b", "c")}


DESIGNS = {"a": "ring", "b": "ring", "c": "brooch"}


def test_the_cohort_is_three_turns_of_every_reference_photo(banks: Banks) -> None:
    cohort = cohort_of(banks)
    assert cohort.shape == (9, 64)
    assert np.array_equal(cohort[3:6], banks["b"].views[0].turned[0, ::4])


def test_two_sets_of_one_design_are_no_strangers_to_each_other(banks: Banks) -> None:
    own = own_by_name(banks, DESIGNS)
    assert own["a"].tolist() == own["b"].tolist() == [True] * 6 + [False] * 3
    assert own["c"].tolist() == [False] * 6 + [True] * 3


def test_in_a_cohort_without_names_a_design_is_known_by_its_photos(banks: Banks) -> None:
    own = own_by_vector(banks, cohort_of(banks))
    assert [mask.tolist().index(True) for mask in own.values()] == [0, 3, 6]
    assert [int(mask.sum()) for mask in own.values()] == [3, 3, 3]


def test_a_photo_is_held_to_the_limit_that_strangers_set(banks: Banks) -> None:
    view, cohort, own = banks["c"].views[0], cohort_of(banks), own_by_name(banks, DESIGNS)
    identity = IdentityReport(similarity=0.7, threshold=0.0, accepted=False)
    found = Comparison(view=view, identity=identity, alike=0.9)
    limit = float(np.quantile(closeness(view.turned, cohort[:6]), 0.99))
    assert sameness_scores([("c", found), ("c", Comparison())], cohort, own) == [sameness(0.7, limit, 0.9)]


def test_the_limits_are_what_one_in_a_hundred_and_one_in_five_hundred_reach() -> None:
    assert sameness_limits([n / 1000 for n in range(1001)]) == (0.99, 0.998)
    with pytest.raises(InputError, match="add products"):
        sameness_limits([])
