"""The scale card is found by its marker and read off its greys, or honestly not found."""

from __future__ import annotations

import numpy as np
import pytest

from colour_scenes import card_photo, ring
from visiqc.vision.colour_card import read_card

pytest.importorskip("scipy", reason="the card is drawn by the renderer")


def test_neutral_light_reads_as_zero() -> None:
    reading = read_card(card_photo())
    assert reading is not None
    assert reading.chromaticity == pytest.approx([0, 0], abs=0.01)
    assert reading.patches >= 4


def test_the_colour_of_the_light_is_read_off_wherever_the_card_lies() -> None:
    light = (1.0, 0.9, 0.7)
    reading = read_card(card_photo(light, turn_deg=33))
    assert reading is not None
    assert reading.chromaticity == pytest.approx(np.log([1 / 0.9, 0.7 / 0.9]), abs=0.02)
    assert reading.spread < 0.02


def test_no_card_is_none() -> None:
    assert read_card(ring()) is None


def test_a_card_whose_greys_are_cut_off_is_none() -> None:
    photo = card_photo()
    assert read_card(np.ascontiguousarray(photo[:, photo.shape[1] // 2 + 60 :])) is None


def test_clipped_patches_are_not_read() -> None:
    whole, over = read_card(card_photo()), read_card(card_photo((2.2, 2.2, 2.2)))
    assert whole is not None
    assert over is None or over.patches < whole.patches
