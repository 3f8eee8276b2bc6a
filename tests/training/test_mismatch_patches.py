"""Patches as serving makes them, and as other phones, hands and masks would."""

from __future__ import annotations

import numpy as np

from bench import png
from pictures import ring, shot
from visiqc.training.mismatch_patches import as_served, found_place, varied
from visiqc.vision.foreground import foreground_mask
from visiqc.vision.rotation import IDENTITY_SIDE, place, turned_patches
from visiqc.vision.seen import see
from visiqc.vision.types import Mask, Photo

SIDE = (IDENTITY_SIDE, IDENTITY_SIDE, 3)


def photographed() -> tuple[Photo, Mask]:
    photo, mask = shot(ring())
    return photo, mask


def test_a_served_patch_is_the_one_serving_takes() -> None:
    photo, _ = photographed()
    seen = see(photo)
    wanted = turned_patches(seen.picture, seen.picture_mask, steps=3)
    assert np.array_equal(as_served(png(photo), foreground_mask, turns=3), wanted)


def test_the_place_found_is_the_product_s_in_photo_pixels() -> None:
    photo, mask = photographed()
    found, true = found_place(photo, foreground_mask), place(mask)
    assert abs(found.x - true.x) < 6
    assert abs(found.y - true.y) < 6
    assert 0.85 < found.radius / true.radius < 1.15


def test_variations_differ_and_come_out_the_same_again() -> None:
    photo, mask = photographed()
    first, again = (
        varied(photo, mask, found_place(photo, foreground_mask), count=3, rng=np.random.default_rng(7))
        for _ in range(2)
    )
    assert [patch.shape for patch in first] == [SIDE] * 3
    assert np.array_equal(first, again)
    assert np.abs(first[0].astype(int) - first[1]).mean() > 5


def test_the_ground_changes_only_where_the_product_is_known() -> None:
    photo, mask = photographed()
    white = np.where(mask[..., None], photo, 255).astype(np.uint8)
    found = place(mask)

    def darkest_corner(truth: Mask | None) -> float:
        patches = varied(white, truth, found, count=12, rng=np.random.default_rng(0))
        return min(float(patch[:12, :12].mean()) for patch in patches)

    assert darkest_corner(mask) < 0.75 * darkest_corner(None)


def test_a_photo_without_a_mask_is_varied_too() -> None:
    photo, _ = photographed()
    assert len(varied(photo, None, found_place(photo, foreground_mask), count=2, rng=np.random.default_rng(0))) == 2
