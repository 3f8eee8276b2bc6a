"""Rotations of a part without texture, found in feature space."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pictures import SIZE, shot
from visiqc.vision.foreground import foreground_mask
from visiqc.vision.rotation import IDENTITY_SIDE, PATCH_SIDE, STEPS, Embed, likely_warps, place, turned_patches
from visiqc.vision.types import Matrix
from visiqc.vision.warp import scaling, similarity, transform

MIDDLE = (SIZE[1] / 2, SIZE[0] / 2)


def turned(degrees: float) -> Matrix:
    return similarity(angle=np.radians(degrees), scale=1.15, source=MIDDLE, target=(MIDDLE[0] + 20, MIDDLE[1] - 8))


def angle_of(warp: Matrix) -> float:
    """Degrees by which `warp` turns, within ±180."""
    return float(np.degrees(np.arctan2(warp[1, 0], warp[0, 0])))


@pytest.mark.parametrize("name", ["plate", "ring"])
@pytest.mark.parametrize("degrees", range(7, 360, 41))
def test_every_rotation_of_a_part_without_texture_is_found_within_ten_degrees(
    drawn: dict[str, Any], embed: Embed, name: str, degrees: int
) -> None:
    golden = drawn[name]
    upload, _ = shot(golden.product, turned(degrees), gain=0.85, noise_seed=degrees)
    warps = likely_warps(golden.target.bank, upload, foreground_mask(upload), embed)
    over_golden = [warp @ turned(degrees) @ np.linalg.inv(golden.target.photo_to_align) for warp in warps]
    assert min(abs(angle_of(warp)) for warp in over_golden) < 10


def test_rotations_offered_are_at_least_two_steps_apart(drawn: dict[str, Any], embed: Embed) -> None:
    golden = drawn["plate"]
    warps = likely_warps(golden.target.bank, golden.photo, golden.mask, embed, most=5)
    angles = np.sort([angle_of(warp) % 360 for warp in warps])
    apart = np.diff(np.append(angles, angles[0] + 360))
    assert len(warps) == 5
    assert apart.min() > 2 * 360 / STEPS - 1


def test_the_bank_holds_unit_vectors_in_bytes_and_shares_of_product(drawn: dict[str, Any]) -> None:
    bank = drawn["ring"].target.bank
    lengths = np.linalg.norm(bank.features.astype(np.float32) / 127, axis=-1)
    assert bank.features.shape[:2] == bank.weights.shape == (STEPS, (PATCH_SIDE // 16) ** 2)
    assert np.abs(lengths - 1).max() < 0.06
    assert bank.weights.min() >= 0
    assert 0.9 < bank.weights.max() <= 1


def test_place_is_the_middle_and_spread_of_the_mask() -> None:
    mask = np.zeros((100, 200), bool)
    mask[20:60, 50:150] = True
    where = place(mask)
    assert (where.x, where.y) == (99.5, 39.5)
    assert where.radius == pytest.approx(np.hypot(100, 40) / np.sqrt(12), rel=1e-3)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (40, 60)])
def test_an_empty_mask_or_a_speck_is_placed_as_the_whole_frame(size: tuple[int, int]) -> None:
    mask = np.zeros(size, bool)
    mask[0, 0] = True
    where = place(mask)
    assert (where.x, where.y) == ((size[1] - 1) / 2, (size[0] - 1) / 2)
    assert 0 < where.radius < np.hypot(*size)


def test_the_patch_shows_the_product_in_its_middle_at_one_size_whatever_the_photo() -> None:
    small, large = np.zeros((100, 100), bool), np.zeros((400, 400), bool)
    small[20:40, 30:70] = True
    large[80:160, 120:280] = True
    corner = np.array([[30, 20]], np.float32)
    on_small = transform(place(small).to_patch(), corner)
    on_large = transform(place(large).to_patch(), transform(scaling(4), corner))
    assert on_small == pytest.approx(on_large, abs=0.2)


def test_turned_patches_start_unturned_and_come_round(drawn: dict[str, Any]) -> None:
    golden = drawn["ring"]
    patches = turned_patches(golden.photo, golden.mask, steps=4)
    assert {patch.shape for patch in patches} == {(IDENTITY_SIDE, IDENTITY_SIDE, 3)}
    back = np.rot90(patches[2], 2)
    assert np.abs(patches[0].astype(int) - back)[64:-64, 64:-64].mean() < 3


def test_a_photo_of_a_single_row_is_no_error(drawn: dict[str, Any], embed: Embed) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (1, 448, 3)).astype(np.uint8)
    for warp in likely_warps(drawn["ring"].target.bank, photo, np.ones((1, 448), bool), embed):
        assert np.isfinite(warp).all()
