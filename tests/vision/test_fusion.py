"""Golden map and change map as one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visiqc.vision.fusion import Fusion, fused

WEIGHTS = Fusion(golden_weight=0.5, change_weight=0.4, offset=-0.2, veto=1.5)
SCORES = st.floats(0, 20, width=32)
ODDS = st.floats(-15, 15, width=32)


def one(golden: float, change: float, fusion: Fusion = WEIGHTS) -> float:
    return float(fused(np.full((1, 1), golden, np.float32), np.full((1, 1), change, np.float32), fusion)[0, 0])


def test_the_value_is_the_weighed_product() -> None:
    assert one(1.0, 0.0) == pytest.approx(np.exp(-0.2))
    assert one(1.2, 1.0) == pytest.approx(1.2**0.5 * np.exp(0.4 - 0.2))


@given(SCORES, SCORES, ODDS, ODDS)
def test_a_higher_score_of_either_map_never_lowers_the_fused_one(a: float, b: float, c: float, d: float) -> None:
    assert one(min(a, b), min(c, d)) <= one(max(a, b), max(c, d))


@given(st.floats(1.5, 20, width=32), ODDS)
def test_from_the_veto_on_the_golden_map_flags_however_sure_the_other_is(golden: float, change: float) -> None:
    assert one(golden, change) >= 1.0 - 1e-6


def test_without_a_veto_in_reach_a_sure_change_map_can_clear() -> None:
    assert one(1.4, -12.0) < 1.0


def test_what_either_did_not_judge_is_not_judged() -> None:
    golden = np.array([[np.nan, 1.0, 1.0]], np.float32)
    change = np.array([[0.0, np.nan, 0.0]], np.float32)
    assert np.isnan(fused(golden, change, WEIGHTS)).tolist() == [[True, True, False]]


@pytest.mark.parametrize("odd", [{"veto": 0.0}, {"change_weight": -0.1}, {"offset": float("nan")}])
def test_weights_that_would_turn_the_order_round_are_not_sound(odd: dict[str, float]) -> None:
    assert WEIGHTS.sound
    assert not replace(WEIGHTS, **odd).sound
