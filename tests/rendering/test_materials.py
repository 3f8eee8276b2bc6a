from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visiqc.errors import BadRecipe
from visiqc.rendering.decals import Overlay
from visiqc.rendering.materials import (
    GEMS,
    METALS,
    gem_bsdf,
    linear_rgb,
    metal_bsdf,
    overlay_bsdf,
    play_of_colour,
    reflectance,
)


def normal_incidence(bsdf: dict[str, object]) -> np.ndarray:
    """Fresnel's reflectance of a conductor, straight on."""
    n, k = (np.array(bsdf[key]["value"]) for key in ("eta", "k"))  # type: ignore[index]
    return ((n - 1) ** 2 + k**2) / ((n + 1) ** 2 + k**2)


@pytest.mark.parametrize("metal", METALS)
def test_a_metal_reflects_the_colour_it_is_named_by(metal: str) -> None:
    assert normal_incidence(metal_bsdf(metal)) == pytest.approx(reflectance(metal), abs=1e-6)


def test_white_in_lab_is_white_in_rgb() -> None:
    assert linear_rgb((100, 0, 0)) == pytest.approx([1, 1, 1], abs=2e-3)
    assert linear_rgb((53.39, 0, 0)) == pytest.approx([0.2140, 0.2140, 0.2140], abs=1e-3)


@given(shift=st.floats(1, 9))
def test_a_plating_that_drifts_yellow_reflects_less_blue(shift: float) -> None:
    assert reflectance("rhodium", (0, 0, shift))[2] < reflectance("rhodium")[2]


@pytest.mark.parametrize("gem", GEMS)
def test_a_gem_is_glass_of_its_own_index_or_has_a_body(gem: str) -> None:
    made = gem_bsdf(gem)
    coat = made["bsdf_0"] if gem == "pearl" else made
    assert coat["eta" if gem == "opal" else "int_ior"] == GEMS[gem].index
    assert (coat["type"] == "dielectric") == (GEMS[gem].opaque is None)


def test_a_full_tint_leaves_a_gem_colourless() -> None:
    assert gem_bsdf("ruby", tint=1.0)["specular_transmittance"]["value"] == [1, 1, 1]


def test_satin_is_rougher_than_polished_metal() -> None:
    assert metal_bsdf("silver", "satin")["alpha"] > 3 * metal_bsdf("silver")["alpha"]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: metal_bsdf("tin"), "no metal 'tin'; known are gold24"),
        (lambda: metal_bsdf("silver", "matt"), "no finish 'matt'; known are polished"),
        (lambda: gem_bsdf("glass"), "no gem 'glass'"),
        (lambda: overlay_bsdf(Overlay(kind="paint"), "silver"), "no overlay kind 'paint'"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_does(call, said: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BadRecipe, match=said):
        call()


def test_an_opal_plays_in_several_colours_and_always_the_same() -> None:
    points = np.random.default_rng(0).uniform(-2, 2, (500, 3))
    colours = play_of_colour(points)
    assert len(np.unique(colours.round(3), axis=0)) > 20
    assert (colours == play_of_colour(points)).all()
    assert 0 < colours.min() <= colours.max() < 1
