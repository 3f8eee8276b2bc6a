"""Golden map and change map as one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visiqc.vision.fusion import Footing, Fusion, SizeScale, belief, fused

WEIGHTS = Fusion(
    golden_weight=0.5,
    change_weight=0.4,
    offset=-0.2,
    veto=1.5,
    believed=2.0,
    doubted=3.0,
    single_believed=-1.0,
    single_doubted=1.0,
    alone_weight=1.2,
    alone_offset=0.1,
)
SCORES = st.floats(0, 20, width=32)
ODDS = st.floats(-15, 15, width=32)


def several(restless: float) -> Footing:
    return Footing(restless=restless, single=False, side=512, likeness=0.5)


def single(restless: float) -> Footing:
    return Footing(restless=restless, single=True, side=512, likeness=0.5)


def one(golden: float, change: float, restless: float = 0.0) -> float:
    maps = (np.full((1, 1), value, np.float32) for value in (golden, change))
    return float(fused(*maps, WEIGHTS, footing=several(restless))[0, 0])


def test_the_value_is_the_weighed_product() -> None:
    assert one(1.0, 0.0) == pytest.approx(np.exp(-0.2))
    assert one(1.2, 1.0) == pytest.approx(1.2**0.5 * np.exp(0.4 - 0.2))


def test_of_a_view_whose_goldens_differ_as_none_of_the_fleet_the_golden_map_alone_is_asked() -> None:
    assert [belief(several(each), WEIGHTS) for each in (-9.0, 2.0, 2.5, 3.0, 9.0)] == [1.0, 1.0, 0.5, 0.0, 0.0]
    assert [belief(several(each), replace(WEIGHTS, doubted=2.0)) for each in (2.0, 2.1)] == [1.0, 0.0]
    assert [belief(single(each), WEIGHTS) for each in (-1.0, 0.5, 1.0)] == [1.0, 0.25, 0.0]
    assert one(0.9, -12.0, 3.0) == one(0.9, 12.0, 3.0) == pytest.approx(0.9**1.2 * np.exp(0.1))
    assert one(0.9, 1.0, 2.5) == pytest.approx(np.sqrt(one(0.9, 1.0, 2.0) * one(0.9, 1.0, 3.0)))


def test_of_one_golden_a_kind_of_goods_that_the_fleet_does_not_know_is_judged_by_the_golden_map_alone() -> None:
    knowing = replace(WEIGHTS, single_known=0.6)
    assert [belief(footing(-9.0), knowing) for footing in (single, several)] == [0.0, 1.0]
    assert belief(single(-9.0)._replace(likeness=0.6), knowing) == 1.0
    maps = np.full((1, 1), 0.9, np.float32), np.full((1, 1), 12.0, np.float32)
    assert fused(*maps, knowing, footing=single(-9.0)) == pytest.approx(0.9**1.2 * np.exp(0.1))


def test_what_both_say_of_a_view_of_one_golden_has_a_scale_of_its_own() -> None:
    own = replace(WEIGHTS, single_scale=2.0, single_shift=-0.5)
    maps = np.full((1, 1), 1.2, np.float32), np.full((1, 1), 1.0, np.float32)
    assert fused(*maps, own, footing=several(-2.0)) == fused(*maps, WEIGHTS, footing=several(-2.0))
    of_one = fused(*maps, own, footing=single(-2.0))
    assert of_one == pytest.approx((1.2**0.5 * np.exp(0.4 - 0.2)) ** 2 * np.exp(-0.5))


SIZES = (
    SizeScale(side=400, scale=1.0, shift=0.0),
    SizeScale(side=800, scale=0.8, shift=-0.6, calm=0.4),
)


def at_side(side: float, restless: float = -2.0) -> Footing:
    return Footing(restless=restless, single=False, side=side, likeness=0.5)


def test_larger_frames_have_a_scale_of_their_own_and_sizes_between_lie_between() -> None:
    own = replace(WEIGHTS, sizes=SIZES)
    assert own.size(at_side(400 * np.sqrt(2))) == SizeScale(
        side=400 * np.sqrt(2), scale=pytest.approx(0.9), shift=pytest.approx(-0.3), calm=pytest.approx(0.2)
    )
    maps = np.full((1, 1), 1.2, np.float32), np.full((1, 1), 1.0, np.float32)
    plain = fused(*maps, WEIGHTS, footing=several(-2.0))
    at = {side: fused(*maps, own, footing=at_side(side)) for side in (400, 800)}
    assert at[400] == pytest.approx(plain)
    assert at[800] == pytest.approx(plain**0.8 * np.exp(-0.6))


def test_beyond_the_known_sizes_the_nearest_counts() -> None:
    own = replace(WEIGHTS, sizes=SIZES)
    assert [replace(own.size(at_side(side)), side=1.0) for side in (100, 3000)] == [
        replace(size, side=1.0) for size in SIZES
    ]


def test_without_known_sizes_none_changes_anything() -> None:
    assert WEIGHTS.size(at_side(900)) == SizeScale(side=900, scale=1.0, shift=0.0)


def test_one_golden_has_sizes_of_its_own() -> None:
    own = replace(WEIGHTS, sizes=SIZES, single_sizes=(SizeScale(side=400, scale=2.0, shift=1.0),))
    assert replace(own.size(at_side(800)), side=800) == SIZES[1]
    assert own.size(at_side(800)._replace(single=True)) == SizeScale(side=800, scale=2.0, shift=1.0)


def test_what_size_adds_to_restlessness_does_not_cost_belief() -> None:
    own = replace(WEIGHTS, sizes=SIZES)
    assert belief(at_side(800, 2.5), WEIGHTS) == pytest.approx(0.5)
    assert belief(at_side(800, 2.9), own) == pytest.approx(0.5)
    assert belief(at_side(800, 2.9), replace(own, known=0.6)) == pytest.approx(0.1)  # of a kind the fleet does not know


@given(SCORES, SCORES, ODDS, ODDS, st.floats(-5, 8))
def test_a_higher_score_of_either_map_never_lowers_the_fused_one(
    a: float, b: float, c: float, d: float, restless: float
) -> None:
    assert one(min(a, b), min(c, d), restless) <= one(max(a, b), max(c, d), restless)


@given(st.floats(1.5, 20, width=32), ODDS)
def test_from_the_veto_on_the_golden_map_flags_however_sure_the_other_is(golden: float, change: float) -> None:
    assert one(golden, change) >= 1.0 - 1e-6


def test_without_a_veto_in_reach_a_sure_change_map_can_clear() -> None:
    assert one(1.4, -12.0) < 1.0


def test_what_either_did_not_judge_is_not_judged() -> None:
    golden = np.array([[np.nan, 1.0, 1.0]], np.float32)
    change = np.array([[0.0, np.nan, 0.0]], np.float32)
    assert np.isnan(fused(golden, change, WEIGHTS, footing=several(0.0))).tolist() == [[True, True, False]]


@pytest.mark.parametrize(
    "odd",
    [
        {"veto": 0.0},
        {"change_weight": -0.1},
        {"single_scale": -0.1},
        {"single_shift": float("inf")},
        {"offset": float("nan")},
        {"believed": float("nan")},
        {"believed": 4.0},
        {"single_believed": 4.0},
        {"sizes": SIZES[::-1]},
        {"sizes": (SIZES[0], SIZES[0])},
        {"single_sizes": SIZES[::-1]},
        {"known": float("nan")},
        {"single_known": float("nan")},
        {"sizes": (replace(SIZES[0], scale=0.0),)},
        {"sizes": (replace(SIZES[0], side=0.0),)},
        {"sizes": (replace(SIZES[0], shift=float("nan")),)},
    ],
)
def test_weights_that_would_turn_the_order_round_are_not_sound(odd: dict[str, Any]) -> None:
    assert WEIGHTS.sound
    assert not replace(WEIGHTS, **odd).sound
