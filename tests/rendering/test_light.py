from __future__ import annotations

import numpy as np
import pytest

from visiqc.errors import BadRecipe
from visiqc.rendering.light import Light, Panel, blackbody, environment, towards
from visiqc.rendering.lights import LIGHTS, draw_light


def bare(*panels: Panel) -> Light:
    return Light(name="test", panels=panels, horizon=0.2, below=0.1, zenith=0.3, kelvin=5500)


def value_at(picture: np.ndarray, azimuth: float, elevation: float) -> np.ndarray:
    """The environment's radiance in a direction, by the layout its docstring states."""
    x, y, z = towards(azimuth, elevation)
    polar, around = np.arccos(z), np.arctan2(x, y) % (2 * np.pi)
    rows, columns = picture.shape[:2]
    return picture[int(polar / np.pi * rows), int(around / (2 * np.pi) * columns)]


LAMP = Panel(azimuth_deg=40, elevation_deg=30, width_deg=20, height_deg=20, radiance=9.0)


def test_a_lamp_is_where_it_was_put_and_nowhere_else() -> None:
    picture = environment(bare(LAMP), camera_azimuth_deg=-90)
    assert value_at(picture, -50, 30).mean() == pytest.approx(9.0, rel=0.05)
    assert value_at(picture, 40, 30).max() < 0.5


def test_a_card_takes_light_away() -> None:
    card = Panel(azimuth_deg=40, elevation_deg=30, width_deg=60, height_deg=60, radiance=0.9, card=True)
    with_card = environment(bare(LAMP, card), camera_azimuth_deg=-90)
    assert value_at(with_card, -50, 30).mean() == pytest.approx(0.9, rel=0.1)


def test_daylight_is_white_and_a_bulb_is_warm() -> None:
    assert blackbody(5500) == pytest.approx([1, 1, 1])
    red, _, blue = blackbody(3000)
    assert red > 1.3
    assert blue < 0.6


@pytest.mark.parametrize("name", LIGHTS)
def test_every_light_is_drawn_alike_from_equal_seeds_and_otherwise_from_others(name: str) -> None:
    drawn = [draw_light(name, np.random.default_rng(seed), camera_elevation_deg=30) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    picture = environment(drawn[0], camera_azimuth_deg=-90)
    assert picture.shape == (256, 512, 3)
    assert np.isfinite(picture).all()
    assert picture.min() > 0


def test_no_light_is_a_point() -> None:
    for name in LIGHTS:
        light = draw_light(name, np.random.default_rng(0), camera_elevation_deg=30)
        assert min(panel.width_deg for panel in light.panels) > 2


def test_an_unknown_light_is_refused_with_those_that_exist() -> None:
    with pytest.raises(BadRecipe, match="no light 'moon'; known are soft_boxes"):
        draw_light("moon", np.random.default_rng(0), camera_elevation_deg=30)
