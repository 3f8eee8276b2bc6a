"""Golden map and change map as one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visiqc.vision.fusion import Fusion, Restless, belief, fused

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


def several(log_odds: float) -> Restless:
    return Restless(log_odds, single=False)


def one(golden: float, change: float, restless: float = 0.0) -> float:
    maps = (np.full((1, 1), value, np.float32) for value in (golden, change))
    return float(fused(*maps, WEIGHTS, restless=several(restless))[0, 0])


def test_the_value_is_the_weighed_product() -> None:
    assert one(1.0, 0.0) == pytest.approx(np.exp(-0.2))
    assert one(1.2, 1.0) == pytest.approx(1.2**0.5 * np.exp(0.4 - 0.2))


def test_of_a_view_whose_goldens_differ_as_none_of_the_fleet_the_golden_map_alone_is_asked() -> None:
    assert [belief(several(each), WEIGHTS) for each in (-9.0, 2.0, 2.5, 3.0, 9.0)] == [1.0, 1.0, 0.5, 0.0, 0.0]
    assert [belief(several(each), replace(WEIGHTS, doubted=2.0)) for each in (2.0, 2.1)] == [1.0, 0.0]
    assert [belief(Restless(each, single=True), WEIGHTS) for each in (-1.0, 0.5, 1.0)] == [1.0, 0.25, 0.0]
    assert one(0.9, -12.0, 3.0) == one(0.9, 12.0, 3.0) == pytest.approx(0.9**1.2 * np.exp(0.1))
    assert one(0.9, 1.0, 2.5) == pytest.approx(np.sqrt(one(0.9, 1.0, 2.0) * one(0.9, 1.0, 3.0)))


def test_what_both_say_of_a_view_of_one_golden_has_a_scale_of_its_own() -> None:
    own = replace(WEIGHTS, single_scale=2.0, single_shift=-0.5)
    maps = np.full((1, 1), 1.2, np.float32), np.full((1, 1), 1.0, np.float32)
    assert fused(*maps, own, restless=several(-2.0)) == fused(*maps, WEIGHTS, restless=several(-2.0))
    of_one = fused(*maps, own, restless=Restless(-2.0, single=True))
    assert of_one == pytest.approx((1.2**0.5 * np.exp(0.4 - 0.2)) ** 2 * np.exp(-0.5))


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
    assert np.isnan(fused(golden, change, WEIGHTS, restless=several(0.0))).tolist() == [[True, True, False]]


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
    ],
)
def test_weights_that_would_turn_the_order_round_are_not_sound(odd: dict[str, float]) -> None:
    assert WEIGHTS.sound
    assert not replace(WEIGHTS, **odd).sound
