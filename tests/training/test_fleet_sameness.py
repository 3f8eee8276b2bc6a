from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from bench import photo_of, real_fleet, real_models, sent
from pictures import board
from visiqc.domain.verdict import IdentityReport
from visiqc.errors import InputError
from visiqc.inspection.compare import Comparison
from visiqc.inspection.enrol import build_bank
from visiqc.inspection.fleet import closeness, sameness
from visiqc.training.fleet_sameness import (
    Banks,
    Held,
    accepted_unseen,
    cohort_of,
    own_by_name,
    own_by_vector,
    sameness_limits,
    sameness_scores,
)
from visiqc.training.fleet_sidecar import FleetPhotos, Judged, sidecar_metrics
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
    held = [Held("c", found, "a"), Held("c", Comparison(), "a")]
    assert sameness_scores(held, cohort, own) == [sameness(0.7, limit, 0.9)]


def test_the_limits_are_what_one_in_a_hundred_and_one_in_five_hundred_reach() -> None:
    assert sameness_limits([n / 1000 for n in range(1001)]) == (0.99, 0.998)
    with pytest.raises(InputError, match="add products"):
        sameness_limits([])


def reaching(similarity: float, banks: Banks, product: str, shown: str) -> Held:
    """A photo that is so much alike to a product's goldens, laid over them as good photos are."""
    identity = IdentityReport(similarity=similarity, threshold=0.0, accepted=False)
    return Held(product, Comparison(view=banks[product].views[0], identity=identity, alike=1.0), shown)


def test_the_share_of_other_designs_that_pass_is_not_measured_on_what_set_the_limit(banks: Banks) -> None:
    plain = [reaching(0.0, banks, product, shown) for product, shown in permutations("abc", 2)]
    like_all = [reaching(0.9, banks, product, "d") for product in "abc"]
    good = Judged(found=reaching(0.9, banks, "a", "a").found, product="a", photo=Path("a.jpg"))
    designs = {name: name for name in "abcd"}
    photos = FleetPhotos(own=[good], others=[*plain, *like_all], banks=banks, designs=designs)
    scores = sameness_scores(photos.others, photos.cohort, photos.own_rows)
    accepted, sure = sameness_limits(scores)
    fleet = replace(real_fleet(), cohort=photos.cohort, same_accepted=accepted, same_sure=sure)
    # The fourth looks like all others. At the limit that it helped to set, one of its photos passes, of however many.
    assert sum(same >= accepted for same in scores) <= 1
    assert sidecar_metrics(photos, fleet, None)["impostors_accepted"] == pytest.approx(3 / 9)
    alone = replace(photos, others=like_all)
    assert "impostors_accepted" not in sidecar_metrics(alone, fleet, None)


def test_a_design_is_no_part_of_the_cohort_it_is_measured_against(banks: Banks) -> None:
    view = banks["a"].views[0]
    twins = banks | {"b": replace(banks["b"], views=(view,))}
    cohort, designs = cohort_of(twins), {name: name for name in "abcd"}
    held = [reaching(0.9, twins, "a", "b"), reaching(0.6, twins, "c", "d")]
    assert accepted_unseen(held, cohort, own_by_name(twins, designs), designs)[0]
