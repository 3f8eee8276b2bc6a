from __future__ import annotations

import numpy as np
import pytest

from visiqc.errors import InputError
from visiqc.rendering.noise import octaves, waves


def test_octaves_have_unit_spread() -> None:
    assert octaves(np.random.default_rng(0), 128).std() == pytest.approx(1.0, abs=1e-5)


def test_octaves_tile() -> None:
    picture = octaves(np.random.default_rng(1), 128, cells=4, count=3)
    seam = np.abs(picture[:, 0] - picture[:, -1]).max()
    assert seam <= 1.2 * np.abs(np.diff(picture, axis=1)).max()


def test_octaves_finer_than_the_picture_are_left_out() -> None:
    few, many = (octaves(np.random.default_rng(2), 32, cells=8, count=count) for count in (3, 9))
    assert np.array_equal(few, many)


def test_cells_that_do_not_tile_are_refused_with_both_numbers_named() -> None:
    with pytest.raises(InputError, match=r"3 cells.*128 px"):
        octaves(np.random.default_rng(0), 128, cells=3)


def test_waves_have_the_slope_they_were_asked_for() -> None:
    points = np.random.default_rng(3).uniform(-200, 200, (20_000, 3))
    field = waves(np.random.default_rng(4), wavelengths=(1.5, 6.0), slope=0.02)
    assert np.sqrt((field.gradient(points) ** 2).sum(axis=1).mean()) == pytest.approx(0.02, rel=0.05)


def test_the_gradient_of_waves_is_how_their_height_changes() -> None:
    points, step = np.random.default_rng(5).uniform(-5, 5, (50, 3)), 1e-2
    field = waves(np.random.default_rng(6), wavelengths=(1.5, 6.0), slope=1.0)
    along = (field.at(points + np.array([step, 0, 0])) - field.at(points - np.array([step, 0, 0]))) / (2 * step)
    assert along == pytest.approx(field.gradient(points)[:, 0], abs=5e-3)


def test_equal_seeds_give_equal_waves() -> None:
    first, second = (waves(np.random.default_rng(7), wavelengths=(1.0, 2.0), slope=0.1) for _ in range(2))
    assert np.array_equal(first.vectors, second.vectors)
