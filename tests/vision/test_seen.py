"""What is derived of a photo once: a small copy, its mask, and the product close up."""

from __future__ import annotations

import numpy as np
import pytest

from pictures import SIZE, board, ring, shot
from visiqc.vision.align import UPLOAD_SIDE
from visiqc.vision.seen import SMALL_SIDE, reduced, see
from visiqc.vision.warp import corners, scaling, transform, warp_photo


def test_the_picture_shows_the_whole_product_with_little_else() -> None:
    photo, mask = shot(ring((768, 1024)), size=(768, 1024))
    seen = see(photo)
    ys, xs = np.nonzero(mask)
    inside = transform(seen.to_picture, np.array([[xs.min(), ys.min()], [xs.max(), ys.max()]], np.float32))
    assert (inside > 0).all()
    assert (inside < np.array(seen.picture.shape[1::-1])).all()
    assert seen.picture_mask.mean() > 2 * seen.mask.mean()


def test_photo_pixels_land_where_the_warp_says() -> None:
    photo, _ = shot(board((768, 1024)), scaling(1.2), size=(768, 1024))
    seen = see(photo)
    size = (seen.picture.shape[0], seen.picture.shape[1])
    warped = warp_photo(photo, seen.to_picture, size)
    assert np.abs(warped.astype(int) - seen.picture).mean() < 6
    assert max(size) <= UPLOAD_SIDE


def test_a_small_photo_is_never_enlarged() -> None:
    photo, _ = shot(ring())
    seen = see(photo)
    assert max(seen.small.shape) <= SMALL_SIDE
    assert np.linalg.det(seen.to_picture[:2, :2]) == pytest.approx(1)
    assert seen.size == SIZE


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (3, 3), (32, 32), (2, 2048), (2048, 4), (40, 2000), (333, 500)])
@pytest.mark.parametrize("blank", [True, False])
def test_any_size_is_seen(size: tuple[int, int], blank: bool) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*size, 3)).astype(np.uint8)
    seen = see(np.full((*size, 3), 128, np.uint8) if blank else noise)
    assert seen.mask.shape == seen.small.shape[:2]
    assert seen.picture_mask.shape == seen.picture.shape[:2]
    assert seen.picture_mask.any()
    assert np.isfinite(transform(seen.to_picture, corners(size))).all()


def test_reduced_keeps_the_aspect_and_leaves_small_photos_alone() -> None:
    photo = np.zeros((300, 600, 3), np.uint8)
    assert reduced(photo, 600) is photo
    assert reduced(photo, 200).shape == (100, 200, 3)
    assert reduced(np.zeros((2, 4000, 3), np.uint8), 100).shape == (1, 100, 3)
