"""What the size of the golden frame does to scores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from visiqc.errors import InputError
from visiqc.evaluation.fusion_fit import STEADY, MapPair, fit_fusion, fused_score
from visiqc.evaluation.size_fit import fit_sizes
from visiqc.vision.fusion import Fusion

RNG = np.random.default_rng(5)


def photos(
    *, side: float, grown: float = 0.0, stretch: float = 1.0, restless: float = 0.0, count: int = 400
) -> list[MapPair]:
    """Photos in frames of one side, whose change map grows with it; one in four has a defect."""
    return [
        MapPair(
            golden=np.exp(RNG.normal(-0.5, 0.2, (4, 5))).astype(np.float32),
            change=(stretch * RNG.normal(-4, 1, (4, 5)) + grown + (6 if n % 4 == 0 else 0)).astype(np.float32),
            defective=n % 4 == 0,
            footing=STEADY._replace(side=side, restless=restless),
        )
        for n in range(count)
    ]


def reached(group: list[MapPair], fusion: Fusion) -> tuple[float, float]:
    scores = [fused_score(photo, fusion) for photo in group if not photo.defective]
    return float(np.mean(np.array(scores) >= 1.0)), float(np.median(scores))


def test_good_photos_reach_the_same_scores_at_every_size() -> None:
    usual, large = photos(side=400), photos(side=800, grown=3.0, stretch=1.4)
    fusion = fit_fusion(usual).fusion
    assert reached(large, fusion)[0] > 0.5
    sized = fit_sizes([large, usual], fusion, usual_side=400)
    assert [size.side for size in sized.sizes] == [400, 800]
    for group in (usual, large):
        assert reached(group, sized) == pytest.approx((0.05, 0.5), abs=0.02)


def test_at_the_side_the_weights_come_from_nothing_changes() -> None:
    grown = ((320, -1.0), (500, 1.0), (800, 3.0))
    groups = [photos(side=side, grown=more, restless=-3 + more) for side, more in grown]
    fusion = fit_fusion(groups[1]).fusion
    size = fit_sizes(groups, fusion, usual_side=400).size(STEADY._replace(side=400))
    assert (size.scale, size.shift, size.calm) == pytest.approx((1.0, 0.0, 0.0), abs=1e-5)


def test_restlessness_that_grows_with_the_size_is_taken_off() -> None:
    usual, large = photos(side=400, restless=-3.0), photos(side=800, restless=-1.5)
    fusion = fit_fusion(usual).fusion
    assert [size.calm for size in fit_sizes([usual, large], fusion, usual_side=400).sizes] == pytest.approx([0.0, 1.5])


def test_known_is_what_looks_as_much_like_the_fleet_as_nineteen_in_twenty_of_its_views() -> None:
    groups = photos(side=400), photos(side=800)
    looked = [
        [replace(photo, footing=photo.footing._replace(likeness=n / 400)) for n, photo in enumerate(group)]
        for group in groups
    ]
    assert fit_sizes(looked, fit_fusion(groups[0]).fusion, usual_side=400).known == pytest.approx(0.05, abs=0.005)


def test_sizes_that_were_known_do_not_count_twice() -> None:
    groups = photos(side=400), photos(side=800, grown=3.0)
    fusion = fit_fusion(groups[0]).fusion
    once = fit_sizes(groups, fusion, usual_side=400)
    assert fit_sizes(groups, once, usual_side=400) == once


def test_one_golden_and_several_are_fitted_apart() -> None:
    several = photos(side=400), photos(side=800, grown=3.0)
    single = [
        [replace(photo, footing=photo.footing._replace(single=True)) for photo in group]
        for group in (photos(side=400), photos(side=800, grown=1.0))
    ]
    fusion = fit_fusion([*several[0], *single[0]]).fusion
    sized = fit_sizes([several[0] + single[0], several[1] + single[1]], fusion, usual_side=400)
    assert sized.sizes[1].shift < sized.single_sizes[1].shift < -0.1
    for group in (several[1], single[1]):
        assert reached(group, sized) == pytest.approx((0.05, 0.5), abs=0.02)


def test_a_kind_that_is_not_there_shares_the_sizes_of_the_other() -> None:
    groups = photos(side=400), photos(side=800, grown=3.0)
    sized = fit_sizes(groups, fit_fusion(groups[0]).fusion, usual_side=400)
    assert sized.sizes == sized.single_sizes


def test_smaller_frames_that_are_calmer_cost_no_belief() -> None:
    small, usual = photos(side=320, restless=-3.0), photos(side=400, restless=-1.5)
    sized = fit_sizes([small, usual], fit_fusion(usual).fusion, usual_side=400)
    assert [size.calm for size in sized.sizes] == [0.0, 0.0]


def test_sizes_that_photos_do_not_have_are_one() -> None:
    groups = photos(side=400), photos(side=800, grown=3.0), photos(side=805, grown=3.0)
    assert [size.side for size in fit_sizes(groups, fit_fusion(groups[0]).fusion, usual_side=400).sizes] == [400, 800]


def test_too_few_good_photos_of_one_golden_share_the_sizes_of_several() -> None:
    groups = photos(side=400), photos(side=800, grown=3.0)
    few = [[replace(photo, footing=photo.footing._replace(single=True)) for photo in group[:20]] for group in groups]
    fusion = fit_fusion(groups[0]).fusion
    several = fit_sizes(groups, fusion, usual_side=400)
    assert fit_sizes([a + b for a, b in zip(groups, few, strict=True)], fusion, usual_side=400) == several


def test_too_few_good_photos_and_sizes_far_from_the_usual_side_are_refused() -> None:
    usual = photos(side=400)
    fusion = fit_fusion(usual).fusion
    with pytest.raises(InputError, match=r"at least 20 good photos .* got 300 and 0, 15 and 0; add photos"):
        fit_sizes([usual, photos(side=800, count=20)], fusion, usual_side=400)
    with pytest.raises(InputError, match="got none"):
        fit_sizes([], fusion, usual_side=400)
    for side in (300, 1000, 0, -5, float("nan")):
        with pytest.raises(InputError, match="frames of 400 to 800 px; name sizes on both sides of it"):
            fit_sizes([usual, photos(side=800)], fusion, usual_side=side)
