from __future__ import annotations

import numpy as np
import pytest

from visiqc.errors import BadRecipe
from visiqc.rendering.camera import Camera
from visiqc.rendering.develop import Phone
from visiqc.rendering.spoiling import FAULTS, spoiled

CAMERA = Camera(
    azimuth_deg=-90, elevation_deg=30, roll_deg=0, distance_mm=180, target=(0, 0, 8), field_deg=11, aperture_mm=0.5
)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_changes_the_camera_or_the_phone(fault: str) -> None:
    spoil = spoiled(fault, np.random.default_rng(0))
    assert (spoil.camera(CAMERA), spoil.phone(Phone())) != (CAMERA, Phone())


def test_no_fault_changes_nothing() -> None:
    spoil = spoiled("", np.random.default_rng(0))
    assert (spoil.camera(CAMERA), spoil.phone(Phone()), spoil.light) == (CAMERA, Phone(), "")


def test_an_unknown_fault_is_refused_with_those_that_exist() -> None:
    with pytest.raises(BadRecipe, match="no fault 'upside_down'; known are blurred"):
        spoiled("upside_down", np.random.default_rng(0))
