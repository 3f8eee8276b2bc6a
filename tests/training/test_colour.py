"""The light model's fit finds the numbers that drew the data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from visiqc.training.colour import Change, fitted, likelihood
from visiqc.vision.colour_light import FITTED

TRUE = replace(FITTED, kelvin=0.06, same=0.015, shared=0.7, mirrored=0.25, tint=0.05, floor=0.02, floor_kelvin=0.01)


def _drawn(count: int, *, seed: int = 0) -> list[Change]:
    """Changes as the model says they come about."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        light = rng.multivariate_normal(np.zeros(2), TRUE.prior)
        alike = rng.random() < TRUE.shared
        surface = TRUE.same**2 * np.eye(2) if alike else TRUE.other_surface
        ground = rng.multivariate_normal(np.zeros(2), surface)
        tint = np.array([0.25, -0.45]) * rng.uniform(0, 1.2)
        metal = light + TRUE.mirrored * ground + TRUE.floor * rng.normal(size=2) + TRUE.tint * tint * rng.normal()
        found.append(Change(metal, light + ground, tint))
    return found


def test_the_truth_is_likelier_than_the_shipped_numbers_on_data_drawn_from_it() -> None:
    drawn = _drawn(200)
    assert likelihood(drawn, TRUE) > likelihood(drawn, FITTED)


@pytest.mark.slow
def test_a_fit_comes_near_the_numbers_that_drew_the_data() -> None:
    drawn = _drawn(150)
    model = fitted(drawn, rounds=2)
    assert likelihood(drawn, model) > likelihood(drawn, FITTED)
    assert model.mirrored == pytest.approx(TRUE.mirrored, abs=0.1)
    assert model.kelvin == pytest.approx(TRUE.kelvin, rel=0.4)


def test_a_photo_without_ground_is_worth_its_metal_alone() -> None:
    change = Change(np.zeros(2), None, np.array([0.2, -0.4]))
    assert np.isfinite(likelihood([change], FITTED))
