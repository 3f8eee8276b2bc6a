"""Weighing golden map and change map."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from visiqc.errors import InputError
from visiqc.evaluation.fusion_fit import STEADY, MapPair, fit_fusion, fused_score

RNG = np.random.default_rng(3)


def photos(*, golden_tells: float, change_tells: float, count: int = 60) -> list[MapPair]:
    """Good and defective photos; a map that tells is raised at one place of the defective ones."""
    found = []
    for n in range(count):
        golden = np.exp(RNG.normal(-0.5, 0.2, (4, 5))).astype(np.float32)
        change = RNG.normal(-4, 1, (4, 5)).astype(np.float32)
        if n % 2:
            golden[1, 1] *= np.exp(golden_tells)
            change[1, 1] += change_tells
        found.append(MapPair(golden=golden, change=change, defective=bool(n % 2), group="jig" if n % 4 < 2 else "hand"))
    return found


def test_the_map_that_tells_gets_the_weight() -> None:
    assert fit_fusion(photos(golden_tells=0.0, change_tells=3.0, count=400)).share >= 0.6
    assert fit_fusion(photos(golden_tells=0.6, change_tells=0.0, count=400)).share <= 0.4


def test_one_is_what_one_in_twenty_good_photos_reaches_and_a_half_their_median() -> None:
    seen = photos(golden_tells=1.0, change_tells=4.0, count=400)
    fit = fit_fusion(seen)
    scores = np.array([fused_score(photo, fit.fusion) for photo in seen if not photo.defective])
    assert np.mean(scores >= 1.0) == pytest.approx(0.05, abs=0.01)
    assert np.median(scores) == pytest.approx(0.5, abs=0.02)


def test_of_one_golden_and_of_several_good_photos_reach_the_same_scores() -> None:
    several = photos(golden_tells=1.0, change_tells=4.0, count=400)
    single = [
        replace(photo, change=1.5 * photo.change + 7, footing=STEADY._replace(single=True))
        for photo in photos(golden_tells=1.0, change_tells=4.0, count=400)
    ]
    fusion = fit_fusion([*several, *single]).fusion
    for part in (several, single):
        scores = np.array([fused_score(photo, fusion) for photo in part if not photo.defective])
        assert np.mean(scores >= 1.0) == pytest.approx(0.05, abs=0.01)
        assert np.median(scores) == pytest.approx(0.5, abs=0.02)


def test_too_few_of_one_golden_share_the_scale_of_the_others() -> None:
    several = photos(golden_tells=1.0, change_tells=4.0, count=400)
    few = [replace(photo, footing=STEADY._replace(single=True)) for photo in several[:30]]
    fusion = fit_fusion([*several, *few]).fusion
    assert (fusion.single_scale, fusion.single_shift) == (1.0, 0.0)


def test_no_good_photo_comes_near_the_veto() -> None:
    seen = photos(golden_tells=1.0, change_tells=4.0)
    fit = fit_fusion(seen)
    assert max(photo.golden.max() for photo in seen if not photo.defective) * 1.24 < fit.fusion.veto


@pytest.mark.parametrize("count", [40, 120, 400])
def test_at_the_veto_the_golden_map_alone_outranks_every_good_photo(count: int) -> None:
    seen = photos(golden_tells=1.0, change_tells=4.0, count=count)
    fusion = fit_fusion(seen).fusion
    vetoed = MapPair(
        golden=np.full((4, 5), fusion.veto + 1e-3, np.float32), change=np.full((4, 5), -15, np.float32), defective=True
    )
    assert fused_score(vetoed, fusion) > max(fused_score(photo, fusion) for photo in seen if not photo.defective)


def test_without_defective_photos_both_maps_count_alike() -> None:
    fit = fit_fusion([photo for photo in photos(golden_tells=1, change_tells=1) if not photo.defective])
    assert (fit.share, fit.aurocs) == (0.5, {})


def test_where_the_golden_map_is_alone_it_keeps_the_scale_it_has_alone() -> None:
    seen = photos(golden_tells=1.0, change_tells=4.0)
    alone = np.linspace(0.3, 0.8, 101)
    fusion = fit_fusion(seen, alone=list(alone)).fusion
    for share, expected in ((0.5, 0.5), (0.95, 1.0)):
        golden = np.full((2, 2), np.quantile(alone, share), np.float32)
        unknown = MapPair(
            golden=golden,
            change=np.zeros_like(golden),
            defective=False,
            footing=STEADY._replace(restless=fusion.doubted + 1),
        )
        assert fused_score(unknown, fusion) == pytest.approx(expected, rel=0.02)


def test_what_goldens_of_the_fleet_show_against_each_other_is_believed() -> None:
    seen = [
        replace(photo, footing=STEADY._replace(restless=n / 60, single=n % 2 == 0))
        for n, photo in enumerate(photos(golden_tells=1.0, change_tells=4.0))
    ]
    fusion = fit_fusion(seen).fusion
    assert (fusion.believed, fusion.doubted) == (fusion.single_believed, fusion.single_doubted)  # good ones are single
    assert (fusion.believed, fusion.doubted) == pytest.approx((0.87, 58 / 60), abs=0.01)


def test_too_few_good_photos_and_photos_that_are_all_alike_are_refused() -> None:
    same = MapPair(golden=np.ones((2, 2), np.float32), change=np.zeros((2, 2), np.float32), defective=False)
    with pytest.raises(InputError, match="at least two good photos to scale them by, got 1"):
        fit_fusion([same])
    with pytest.raises(InputError, match="all good photos score alike"):
        fit_fusion([same, same])
