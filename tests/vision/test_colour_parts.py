"""Metal, stones and ground of drawn pieces, whatever light and ground they are shown under."""

from __future__ import annotations

import numpy as np
import pytest

from colour_scenes import CLEAR, GOLD, RUBY, SAPPHIRE, WHITE_GROUND, WHITE_METAL, WOOD, Colour, masks, ring
from visiqc.vision.colour_parts import find_parts, medians, tints
from visiqc.vision.types import Mask


def _iou(one: Mask, two: Mask) -> float:
    return float((one & two).sum() / max((one | two).sum(), 1))


@pytest.mark.parametrize(
    ("metal", "stone", "ground"),
    [(GOLD, RUBY, WHITE_GROUND), (GOLD, CLEAR, WHITE_GROUND), (WHITE_METAL, SAPPHIRE, WOOD)],
    ids=["ruby", "clear", "white metal"],
)
def test_metal_and_stone_are_told_apart(metal: Colour, stone: Colour, ground: Colour) -> None:
    in_metal, in_stone = masks()
    goldens = [tints(ring(metal, stone, ground, light=light)) for light in [(1, 1, 1), (1, 0.92, 0.8)]]
    parts = find_parts(goldens, product=in_metal | in_stone, surroundings=None)
    assert _iou(parts.metal, in_metal) > 0.75
    assert _iou(parts.stones, in_stone) > 0.6


def test_a_clear_stone_in_white_metal_has_no_colour_to_be_told_by() -> None:
    in_metal, in_stone = masks()
    parts = find_parts([tints(ring(WHITE_METAL, CLEAR))], product=in_metal | in_stone, surroundings=None)
    assert not parts.stones.any()


def test_ground_keeps_away_from_the_piece_and_inside_the_surroundings() -> None:
    in_metal, in_stone = masks()
    left = np.zeros_like(in_metal)
    left[:, :60] = True
    parts = find_parts([tints(ring())], product=in_metal | in_stone, surroundings=left)
    assert parts.ground.any()
    assert not (parts.ground & (in_metal | in_stone)).any()
    assert not parts.ground[:, 60:].any()


def test_a_change_of_light_moves_all_parts_alike() -> None:
    in_metal, in_stone = masks()
    first, second = tints(ring()), tints(ring(light=(1, 0.9, 0.75), seed=1))
    parts = find_parts([first], product=in_metal | in_stone, surroundings=None)
    one, two = medians(first, parts), medians(second, parts)
    assert one.metal is not None
    assert two.metal is not None
    assert one.ground is not None
    assert two.ground is not None
    assert two.metal - one.metal == pytest.approx(np.log([1 / 0.9, 0.75 / 0.9]), abs=0.02)
    assert two.ground - one.ground == pytest.approx(np.log([1 / 0.9, 0.75 / 0.9]), abs=0.02)


def test_too_little_of_a_part_has_no_median() -> None:
    parts = find_parts([tints(ring())], product=np.ones((160, 160), bool), surroundings=None)
    assert medians(tints(ring()), parts).ground is None


def test_clipped_and_black_pixels_are_not_sound() -> None:
    photo = np.array([[[255, 240, 200], [128, 128, 128], [0, 0, 3]]], np.uint8)
    assert tints(photo).sound.tolist() == [[False, True, False]]
