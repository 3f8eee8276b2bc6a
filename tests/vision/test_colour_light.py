"""What the light model believes of a change, by limits it must keep."""

from __future__ import annotations

import numpy as np
import pytest

from visiqc.vision.colour_light import FITTED, Shift, agreed, ground_likelihood, light_change, unexplained

WARMER = np.array([0.06, -0.12])
WOOD = np.array([0.45, -0.50])


def test_a_small_change_of_the_ground_is_taken_for_light() -> None:
    light = light_change(WARMER, None)
    assert light.shared_ground is not None
    assert light.shared_ground > 0.9
    assert light.expected.mean == pytest.approx(WARMER, abs=0.03)


def test_another_surface_is_taken_for_another_surface_and_partly_mirrored() -> None:
    light = light_change(WOOD, None)
    assert light.shared_ground is not None
    assert light.shared_ground < 0.05
    assert np.linalg.norm(light.expected.mean) < 0.7 * np.linalg.norm(WOOD)
    assert np.trace(light.expected.covariance) > np.trace(light_change(WARMER, None).expected.covariance)


def test_a_card_makes_it_surer_and_is_believed() -> None:
    without, carded = light_change(None, None), light_change(WOOD, WARMER)
    assert carded.carded
    assert not without.carded
    assert light_change(None, WARMER).expected.mean == pytest.approx(WARMER, abs=0.02)
    assert np.trace(light_change(None, WARMER).expected.covariance) < np.trace(without.expected.covariance)


def test_a_change_that_light_explains_is_no_evidence_and_one_that_it_does_not_is() -> None:
    light = light_change(WARMER, None)
    same = unexplained(WARMER, light, [0.25, -0.5])
    plated = unexplained(WARMER + np.array([-0.25, 0.4]), light, [0.25, -0.5])
    assert same.evidence(FITTED.another) < 0 < plated.evidence(FITTED.another)


def test_the_same_shift_is_less_evidence_along_the_tint_than_across_it() -> None:
    light, tint = light_change(np.zeros(2), None), np.array([0.25, -0.5])
    along = tint / np.linalg.norm(tint)
    across = np.array([along[1], -along[0]])
    weights = [unexplained(0.2 * way, light, tint).evidence(FITTED.another) for way in (along, across)]
    assert weights[0] < weights[1]


def test_goldens_that_agree_are_as_sure_as_one_and_those_that_do_not_are_less() -> None:
    sure, vague = np.eye(2) * 0.01, np.eye(2) * 0.09
    one = Shift(np.array([0.1, 0.0]), sure)
    assert agreed([one, one]).covariance == pytest.approx(sure)
    apart = agreed([one, Shift(np.array([-0.1, 0.0]), sure)])
    assert apart.mean == pytest.approx([0, 0])
    assert apart.covariance[0, 0] > 0.01
    assert agreed([one, Shift(np.array([0.9, 0.0]), vague)]).mean[0] == pytest.approx(0.18)


def test_a_ground_like_the_golden_one_is_likelier_than_an_odd_one() -> None:
    assert ground_likelihood(WARMER, FITTED) > ground_likelihood(WOOD, FITTED)
