from __future__ import annotations

import numpy as np
import pytest

from visiqc.training.synth.masks import blob, edge_of, perlin, place_on, window


@pytest.mark.parametrize("cell", [3.0, 8.0, 40.0])
def test_perlin_noise_is_zero_on_average_and_about_one_at_most(cell: float) -> None:
    noise = np.stack([perlin((120, 90), cell, np.random.default_rng(seed)) for seed in range(12)])
    assert noise.shape == (12, 120, 90)
    assert abs(float(noise.mean())) < 0.1
    assert 0.5 < float(np.abs(noise).max()) < 1.6


def test_larger_cells_are_smoother() -> None:
    def roughness(cell: float) -> float:
        noise = perlin((96, 96), cell, np.random.default_rng(0))
        return float(np.abs(np.diff(noise, axis=0)).mean() / noise.std())

    assert roughness(4) > 2 * roughness(12) > 4 * roughness(48)


def test_a_blob_has_about_the_area_asked_for() -> None:
    areas = [float(blob((100, 100), (50, 50), 15, np.random.default_rng(seed)).sum()) for seed in range(30)]
    assert np.mean(areas) == pytest.approx(np.pi * 15**2, rel=0.25)


def test_a_place_is_on_the_area_and_an_empty_one_has_none() -> None:
    area = np.zeros((9, 7), bool)
    assert place_on(area, np.random.default_rng(0)) is None
    area[2, 5] = True
    assert place_on(area, np.random.default_rng(0)) == (5, 2)


def test_a_window_is_cut_to_the_picture() -> None:
    assert window((1, 8), 3, (10, 10)) == (slice(5, 10), slice(0, 5))


def test_the_pictures_border_is_no_edge() -> None:
    assert not edge_of(np.ones((8, 8), bool)).any()
